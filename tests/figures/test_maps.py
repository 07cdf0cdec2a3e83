"""Maps: each point is its sentence, and a person's text is never obeyed."""

import numpy as np
import plotly.graph_objects as go
import pytest

from probing import figures
from probing.projections import Faithfulness, Projection
from probing.sentences import Sentences
from tests.figures.reading import every_text

EVIL = '<a href="https://example.org">x</a><b>bold</b> & %{x} <img src=x onerror=alert(1)>'


def cloud(n: int, dimensions: int = 2) -> Projection:
    points = np.random.default_rng(0).normal(size=(n, dimensions)).astype(np.float32)
    nothing = Faithfulness(None, None, None, None, None, None, 0, 0)
    return Projection("pca", 2, "mean", points, nothing, 0)


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


def test_a_users_markup_is_shown_and_not_obeyed() -> None:
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
    plain = figures.scatter(cloud(n), ["t"] * n, webgl=False).data[0]
    assert isinstance(plain, go.Scatter)


# ---- numbers


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("n", [30, 1_200])
def test_numbers_are_a_scale_of_colour(dimensions: int, n: int) -> None:
    values = [i / 7 for i in range(n)]
    texts = [f"sentence {i}" for i in range(n)]
    figure = figures.scatter(cloud(n, dimensions), texts, [f"{v:.2f}" for v in values],
                             numbers=values)  # fmt: skip
    (trace,) = figure.data
    assert list(trace.marker.color) == values
    assert trace.marker.showscale is True
    assert [i for _, i in trace.customdata] == list(range(n))
    assert trace.customdata[3][0] == "<b>0.43</b><br>sentence 3"
    assert figure.layout.showlegend is False


def test_no_end_of_the_scale_vanishes_in_the_background() -> None:
    for dark, paper in ((False, "#ffffff"), (True, "#0e1117")):
        figure = figures.scatter(cloud(3), ["t"] * 3, ["1", "2", "3"], numbers=[1, 2, 3], dark=dark)
        for _, colour in figure.data[0].marker.colorscale:
            assert contrast(colour, paper) > 1.9


def contrast(one: str, two: str) -> float:
    """Of two colours, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)
