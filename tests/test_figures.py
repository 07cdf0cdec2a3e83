"""Figures by the data in them, not by their pixels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from probing import figures
from probing.errors import SettingsError
from probing.projections import Faithfulness, Projection
from probing.record import Run
from probing.sentences import Sentences

EVIL = '<a href="https://example.org">x</a><b>bold</b> & %{x} <img src=x onerror=alert(1)>'


def cloud(n: int, dimensions: int = 2) -> Projection:
    points = np.random.default_rng(0).normal(size=(n, dimensions)).astype(np.float32)
    nothing = Faithfulness(None, None, None, None, None, None, 0, 0)
    return Projection("pca", 2, "mean", points, nothing, 0)


def lines(figure: go.Figure) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}


def every_text(figure: go.Figure) -> list[str]:
    """All strings of a figure, however deep."""

    def walk(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [text for part in value.values() for text in walk(part)]
        if isinstance(value, Sequence | np.ndarray) and not isinstance(value, bytes):
            return [text for part in value for text in walk(part)]
        return []

    return walk(figure.to_dict())


# ---- accuracy by layer


def test_each_pooling_has_a_line_with_its_probes(finished: Run) -> None:
    drawn = lines(finished.figure("accuracy"))
    assert set(drawn) == {"CLS", "untrained pooler", "mean", "mean of words"} or set(drawn) == {
        "CLS", "pooled", "mean", "mean of words"
    }  # fmt: skip
    by_name = dict(zip(("cls", "pooled", "mean", "mean_words"), drawn.values(), strict=True))
    for pooling, trace in by_name.items():
        cells = [p for p in finished.probes if p.pooling == pooling]
        assert list(trace.x) == [p.layer for p in cells]
        assert list(trace.y) == [p.accuracy for p in cells]


def test_a_constant_cell_has_an_open_marker(finished: Run) -> None:
    drawn = lines(finished.figure("accuracy"))
    later = ["circle"] * (finished.record["encoder"]["layers"])
    assert list(drawn["CLS"].marker.symbol) == ["circle-open", *later]
    assert list(drawn["mean"].marker.symbol) == ["circle", *later]
    assert "the same vector for every sentence" in drawn["CLS"].customdata[0]
    assert "the same vector" not in drawn["CLS"].customdata[1]


def test_bands_are_the_intervals(finished: Run) -> None:
    figure = finished.figure("accuracy")
    (band,) = (trace for trace in figure.data if trace.name == "mean interval")
    cells = [p for p in finished.probes if p.pooling == "mean"]
    upper, lower = np.split(np.array(band.y), 2)
    assert list(upper) == [p.ci_high for p in cells]
    assert list(lower[::-1]) == [p.ci_low for p in cells]
    assert list(band.x) == [p.layer for p in cells] + [p.layer for p in cells][::-1]


def test_the_majority_is_a_line_across(finished: Run) -> None:
    figure = finished.figure("accuracy")
    (shape,) = figure.layout.shapes
    assert shape.y0 == shape.y1 == 24 / 60
    assert "majority" in {note.text for note in figure.layout.annotations}


def test_every_score_shows_its_interval_and_its_number(finished: Run) -> None:
    cell = finished.cell(1, "mean")
    shown = lines(finished.figure("accuracy"))["mean"].customdata[1]
    assert shown == (
        f"<b>mean, layer 1</b><br>{cell.accuracy:.1%} "
        f"[{cell.ci_low:.1%}, {cell.ci_high:.1%}], n = 60"
    )


def test_all_of_it_lies_within_the_axes(finished: Run) -> None:
    figure = finished.figure("accuracy")
    low, high = figure.layout.yaxis.range
    for probe in finished.probes:
        assert low <= probe.ci_low <= probe.ci_high <= high
    assert figure.layout.xaxis.range[1] >= max(p.layer for p in finished.probes)


def test_names_at_the_ends_do_not_overlap(finished: Run) -> None:
    same = tuple(replace(probe, accuracy=0.9) for probe in finished.probes)
    figure = figures.accuracy(same, 0.89)
    heights = sorted(note.y for note in figure.layout.annotations)
    low, high = figure.layout.yaxis.range
    assert len(heights) == 5
    assert min(np.diff(heights)) > 0.04 * (high - low)


@pytest.mark.parametrize("draw", ["accuracy", "map"])
def test_dark_differs_from_light_in_colours_only(draw: str, finished: Run) -> None:
    light, dark = finished.figure(draw), finished.figure(draw, dark=True)
    assert light.layout.font.color != dark.layout.font.color
    assert light.layout.paper_bgcolor == dark.layout.paper_bgcolor == "rgba(0,0,0,0)"
    for one, two in zip(light.data, dark.data, strict=True):
        assert list(one.x) == list(two.x)
        assert list(one.y) == list(two.y)


# ---- maps


@pytest.mark.parametrize("dimensions", [2, 3])
def test_each_point_is_its_sentence(dimensions: int) -> None:
    labels = [("a", "b", "c")[i % 3] for i in range(30)]
    texts = [f"sentence {i}" for i in range(30)]
    projection = cloud(30, dimensions)
    seen: dict[int, tuple[str, tuple[float, ...]]] = {}
    for trace in figures.scatter(projection, texts, labels).data:
        axes = (trace.x, trace.y) if dimensions == 2 else (trace.x, trace.y, trace.z)
        for (shown, i), *point in zip(trace.customdata, *axes, strict=True):
            assert shown == f"<b>{labels[i]}</b><br>sentence {i}"
            assert trace.name == f"{labels[i]} (10)"
            seen[int(i)] = (shown, tuple(point))
    assert sorted(seen) == list(range(30))
    for i, (_, point) in seen.items():
        np.testing.assert_allclose(point, projection.points[i])


def test_without_labels_there_is_one_group_and_no_legend() -> None:
    figure = figures.scatter(cloud(5), [f"text {i}" for i in range(5)])
    (trace,) = figure.data
    assert len(trace.x) == 5
    assert figure.layout.showlegend is False
    assert trace.customdata[2] == ("text 2", 2) or list(trace.customdata[2]) == ["text 2", 2]


@pytest.mark.parametrize("classes", [2, 9, 10, 30])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_many_classes_are_grouped(classes: int, dimensions: int) -> None:
    labels = [f"c{i % classes:02}" for i in range(61)]
    figure = figures.scatter(cloud(61, dimensions), ["t"] * 61, labels)
    assert len(figure.data) == min(classes, 9)
    assert sum(len(trace.x) for trace in figure.data) == 61
    colours = [trace.marker.color for trace in figure.data]
    assert len(set(colours)) == len(colours)
    assert all(colours)
    others = [trace for trace in figure.data if "other classes" in trace.name]
    if classes > 9:
        (rest,) = others
        members = {labels[int(i)] for _, i in rest.customdata}
        assert len(members) == classes - 8
        assert rest.name == f"{classes - 8} other classes ({len(rest.x)})"
        assert figure.data[0] is rest  # below the others
    else:
        assert others == []


def test_the_most_frequent_classes_keep_their_colours() -> None:
    labels = ["big"] * 20 + [f"small {i}" for i in range(20)]
    named = [t.name for t in figures.scatter(cloud(40), ["t"] * 40, labels).data]
    assert "big (20)" in named


def test_a_users_markup_is_shown_and_not_obeyed(finished: Run) -> None:
    figure = figures.scatter(cloud(4), [EVIL] * 4, [EVIL, "a", EVIL, "a"])
    for text in every_text(figure):
        for tag in ("<a", "<img", "<b>bold", "</a"):
            assert tag not in text
    assert any("&lt;a href=" in text for text in every_text(figure))
    assert {trace.hovertemplate for trace in figure.data} == {"%{customdata[0]}<extra></extra>"}
    counts = figures.class_counts(Sentences(("a", "b"), (EVIL, "x")))
    assert not any("<a" in text or "<img" in text for text in every_text(counts))


def test_the_check_above_can_fail() -> None:
    assert any("<a" in text for text in every_text(go.Figure(go.Scatter(name=EVIL))))


def test_long_texts_are_cut_and_wrapped() -> None:
    text = "word " * 500 + "unbroken" * 50
    (trace,) = figures.scatter(cloud(2), [text, "short"]).data
    shown = str(trace.customdata[0][0])
    assert len(shown) < 400
    assert max(len(line) for line in shown.split("<br>")) <= 60
    assert shown.endswith("…")
    assert str(trace.customdata[1][0]) == "short"


def test_wrapping_never_cuts_an_entity_in_two() -> None:
    (trace,) = figures.scatter(cloud(2), ["&" * 200, "<" * 200]).data
    for shown in trace.customdata:
        for line in str(shown[0]).split("<br>"):
            assert line.replace("&amp;", "").replace("&lt;", "").replace("…", "") == ""


@pytest.mark.parametrize(("n", "kind"), [(1_000, go.Scatter), (1_001, go.Scattergl)])
def test_many_points_are_drawn_by_webgl(n: int, kind: type) -> None:
    assert isinstance(figures.scatter(cloud(n), ["t"] * n).data[0], kind)


# ---- of a run


def test_a_runs_map_is_chosen(finished: Run) -> None:
    asked = {"method": "pca", "pooling": "cls", "dimensions": 2}
    figure = finished.figure("map", **asked)
    (wanted,) = (p for p in finished.projections if p.name.startswith("pca2_cls"))
    for trace in figure.data:
        for (_, i), x in zip(trace.customdata, trace.x, strict=True):
            assert x == wanted.points[int(i), 0]


def test_what_a_run_cannot_draw(finished: Run) -> None:
    with pytest.raises(SettingsError, match="no figure 'pie'; the figures are accuracy, map"):
        finished.figure("pie")
    with pytest.raises(SettingsError, match=r"no such map; its maps are: .*umap2_mean"):
        finished.figure("map", layer=77)
    with pytest.raises(SettingsError, match="flavour"):
        finished.figure("map", flavour="sweet")
    with pytest.raises(SettingsError, match="its maps are: none"):
        replace(finished, projections=()).figure("map")


# ---- of sentences


def test_classes_are_counted() -> None:
    sentences = Sentences(tuple("abcdef"), ("x", "y", "x", "z", "x", "y"))
    figure = figures.class_counts(sentences)
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    (bars,) = figure.data
    assert {names[y]: x for x, y in zip(bars.x, bars.y, strict=True)} == {"x": 3, "y": 2, "z": 1}


def test_many_classes_are_counted_together() -> None:
    labels = [f"c{i:02}" for i in range(25) for _ in range(i + 1)]
    (bars,) = figures.class_counts(Sentences(tuple(map(str, labels)), tuple(labels))).data
    assert len(bars.x) == 20
    assert sum(bars.x) == len(labels)


def test_lengths_are_in_words() -> None:
    (bars,) = figures.lengths(Sentences(("one", "two words", " and  three words "))).data
    assert list(bars.x) == [1, 2, 3]
