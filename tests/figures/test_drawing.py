"""A run's figures by name: what can be asked for, what is missing, and that nothing is cut."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from probing import figures
from probing.errors import SettingsError
from probing.evidence import Evidence
from probing.figures.style import is_wide
from probing.mechanism.values import Inside, Missing, Sample
from probing.record import Run
from probing.sentences import Sentences
from tests.figures import made_inside
from tests.figures.made import made, made_of_numbers, record
from tests.figures.reading import axis_of, notes, pixels

NAMES = (
    "accuracy, map, arrival, comparisons, conditional, learning, description, selectivity, "
    "geometry, calibration, confusion, classes, path, choices, counts, lengths, knockout, ledger, "
    "gradients, rows"
)
ELSEWHERE = {
    *("map", "counts", "lengths"),
    *("knockout", "ledger", "gradients", "rows"),
}
"""Figures that are no charts by layer, each with tests of its own."""
DRAWN: dict[str, dict[str, Any]] = {
    "accuracy": {},
    "accuracy cls": {"pooling": "cls"},
    "accuracy noisy": {"score": "noisy"},
    "accuracy cosine_z": {"score": "cosine_z"},
    "arrival": {},
    "comparisons": {},
    "conditional": {},
    "learning": {"layer": 1},
    "description": {},
    "description bits": {"measure": "bits"},
    "selectivity": {},
    "calibration": {},
    "confusion": {"layer": 2, "pooling": "mean"},
    "classes": {},
    "path": {"sentence": 7},
    "choices": {},
    **{f"geometry {measure}": {"measure": measure} for measure in figures.MEASURES},
}
PHONE = 358


@pytest.fixture(scope="module", params=[6, 24], ids=["6 layers", "24 layers"])
def run(request: pytest.FixtureRequest) -> Run:
    everything = ("cls", "pooled", "mean", "mean_words")
    return made(request.param, everything, trained=False)


@cache
def drawn(run: Run, title: str, *, dark: bool = False) -> Any:
    return run.figure(title.split()[0], **DRAWN[title], dark=dark)


def test_every_figure_is_tried() -> None:
    assert {title.split()[0] for title in DRAWN} == set(figures.FIGURES) - ELSEWHERE
    assert ", ".join(figures.FIGURES) == NAMES


@pytest.mark.parametrize("title", DRAWN)
def test_dark_differs_from_light_in_colours_only(title: str, run: Run) -> None:
    light, dark = drawn(run, title), drawn(run, title, dark=True)
    assert light.layout.font.color != dark.layout.font.color
    assert light.layout.paper_bgcolor == dark.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert light.layout.height == dark.layout.height
    assert light.layout.margin == dark.layout.margin
    assert len(light.data) == len(dark.data)
    for one, two in zip(light.data, dark.data, strict=True):
        assert one.name == two.name
        for values in ("x", "y", "z"):
            assert np.array_equal(getattr(one, values, None), getattr(two, values, None))
    for one, two in zip(light.layout.annotations, dark.layout.annotations, strict=True):
        assert (plain(one.text), one.x, one.y, one.ay) == (plain(two.text), two.x, two.y, two.ay)
        assert one.font.color != two.font.color


def plain(text: str) -> list[str]:
    return re.sub("</?b>|<span [^>]*>|</span>", "", text).split("<br>")


@pytest.mark.parametrize("title", DRAWN)
def test_nothing_is_cut_on_a_phone(title: str, run: Run) -> None:
    check_that_nothing_is_cut(drawn(run, title))


@pytest.mark.parametrize("title", DRAWN)
def test_nothing_is_cut_in_chinese(title: str, chinese: None, run: Run) -> None:
    check_that_nothing_is_cut(run.figure(title.split()[0], **DRAWN[title]))


def check_that_nothing_is_cut(figure: Any) -> None:
    margin = figure.layout.margin
    assert PHONE - margin.l - margin.r >= 110
    for note in figure.layout.annotations:
        longest = max(length(line, note.font.size) for line in plain(note.text))
        if note.name == "end" and note.xref == "paper":
            assert longest + note.ax <= margin.r
        elif note.name != "end":
            left = margin.l + note.x * (PHONE - margin.l - margin.r) + (note.xshift or 0)
            assert left >= 0
            assert left + longest <= PHONE, note.text


def length(line: str, size: int) -> float:
    """Pixels of a line; the font at hand has no Chinese signs, which are square."""
    narrow = "".join(c for c in line if not is_wide(c))
    return size * (len(line) - len(narrow)) + ImageFont.load_default(size).getlength(narrow)


@pytest.mark.parametrize("title", DRAWN)
def test_no_two_labels_overlap(title: str, run: Run) -> None:
    figure = drawn(run, title)
    if title in ("calibration", "choices"):
        return
    places: dict[str, list[float]] = {}
    for note in notes(figure, "end"):
        places.setdefault(note.yref, []).append(pixels(figure, note.yref, note.ay))
    for axis, found in places.items():
        bottom, top = axis_of(figure, axis).domain
        inside = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
        assert min(np.diff(sorted(found)), default=99) >= 15
        assert min(found) >= figure.layout.margin.t + inside * (1 - top) - 1
        assert max(found) <= figure.layout.margin.t + inside * (1 - bottom) + 1


@pytest.mark.parametrize("title", DRAWN)
def test_titles_and_notes_have_room_above_and_below(title: str, run: Run) -> None:
    figure = drawn(run, title)
    for note in notes(figure, "title"):
        inside = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
        above = figure.layout.margin.t + inside * (1 - note.y)
        assert above - note.yshift - 17 * len(plain(note.text)) >= -4
    for note in notes(figure, "note"):
        assert 17 * len(plain(note.text)) - note.yshift <= figure.layout.margin.b


@pytest.mark.parametrize("title", DRAWN)
def test_every_figure_fits_its_axes(title: str, run: Run) -> None:
    figure = drawn(run, title)
    if title in ("choices", "confusion"):
        return
    for trace in figure.data:
        axis = axis_of(figure, trace.yaxis or "y")
        values = np.array([v for v in trace.y if v is not None], dtype=float)
        values = np.log10(values) if axis.type == "log" else values
        low, high = axis.range
        assert low <= values.min()
        assert values.max() <= high


def hovers(trace: Any) -> list[str]:
    """The hover text of each point, or of each square of a matrix."""
    data = () if trace.customdata is None else trace.customdata
    return [row[0] for rows in data for row in (rows if trace.type == "heatmap" else [rows])]


def test_a_hover_text_fits_a_phone(run: Run) -> None:
    font = ImageFont.load_default(13)
    shown = {
        line
        for title in DRAWN
        for trace in drawn(run, title).data
        for text in hovers(trace)
        for line in plain(text)
    }
    longest = sorted(shown, key=len)[-20:]
    assert len(longest[0]) > 20
    assert max(font.getlength(line) for line in longest) < PHONE - 20


# ---- what cannot be drawn


def test_an_unknown_figure_is_answered_with_those_there_are(run: Run) -> None:
    with pytest.raises(SettingsError, match=f"no figure 'pie'; the figures are {NAMES}."):
        run.figure("pie")


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("accuracy", "it takes score, pooling."),
        ("map", "it takes method, layer, pooling, dimensions."),
        ("arrival", "it takes none."),
        ("learning", "it takes layer."),
        ("geometry", "it takes measure."),
        ("calibration", "it takes layer, pooling."),
    ],
)
def test_an_unknown_option_is_answered_with_those_there_are(
    name: str, takes: str, run: Run
) -> None:
    with pytest.raises(SettingsError, match=f"the figure {name} has no option 'hue'; {takes}"):
        run.figure(name, hue="sweet")


def test_an_option_that_is_none_is_not_given(run: Run) -> None:
    assert run.figure("accuracy", score=None, pooling=None) == run.figure("accuracy")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("accuracy", {"score": "luck"}, "no score 'luck'; the scores are probe, noisy, cosine"),
        ("accuracy", {"pooling": "max"}, "no pooling 'max'; its poolings are cls, pooled, mean"),
        ("learning", {"layer": 99}, "layer 99 has no learning curve; the layers are 0, 1, 2"),
        ("calibration", {"layer": 99}, "no layer 99; the layers are 0 to"),
        ("calibration", {"layer": -1}, "no layer -1; the layers are 0 to"),
        ("calibration", {"pooling": "max"}, "no pooling 'max'"),
        ("calibration", {"layer": 0}, "same vector for every sentence at layer 0"),
        ("map", {}, "no such map; its maps are: none"),
    ],
)
def test_a_choice_that_is_not_there(
    name: str, options: dict[str, Any], message: str, run: Run
) -> None:
    with pytest.raises(SettingsError, match=message):
        run.figure(name, **options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("learning", "made without --depth full .* gives learning curves"),
        ("description", "made without --depth full .* gives description lengths"),
        ("comparisons", "this run has no comparisons. If it was made by an older version, make it"),
        ("arrival", "no shapes of its vectors"),
        ("conditional", "no conditional probes, which need classes and the poolings cls and mean"),
        ("selectivity", "no control task"),
        ("geometry", "no shapes"),
        ("choices", "no cell was chosen"),
    ],
)
def test_what_the_run_does_not_have(name: str, message: str, run: Run) -> None:
    bare = replace(run, record={**run.record, "evidence": {}})
    with pytest.raises(SettingsError, match=message):
        bare.figure(name)
    assert bare.figure("accuracy").data
    with pytest.raises(SettingsError, match="not scored by cosine"):
        bare.figure("accuracy", score="cosine")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("learning", "learning curves are of classes"),
        ("calibration", "calibration is of probabilities of classes"),
        ("selectivity", "no control task, which needs classes"),
        ("conditional", "need classes"),
        ("arrival", "no probe with noise"),
    ],
)
def test_what_numbers_do_not_have(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        made_of_numbers().figure(name)


def test_without_labels_there_are_shapes_only() -> None:
    found = Evidence(shapes=made().evidence.shapes)
    bare = Run(record(6, found), Sentences(("a", "b")), (), ())
    assert bare.figure("geometry").data
    for name in ("accuracy", "arrival", "calibration", "learning"):
        with pytest.raises(SettingsError, match=r"no labels|no classes"):
            bare.figure(name)


# ---- sentences, and what was measured inside


def test_sentences_are_counted() -> None:
    assert made().figure("counts") == figures.class_counts(made().sentences)
    assert made().figure("lengths", dark=True) == figures.lengths(made().sentences, dark=True)
    with pytest.raises(SettingsError, match="no classes to count"):
        made_of_numbers().figure("counts")


@pytest.fixture
def measured() -> Run:
    found = Inside(
        Sample((0, 1), 2), made_inside.ledger(), made_inside.knockout(), made_inside.gradients()
    )
    return replace(made(), inside=found)


def test_what_was_measured_inside_is_drawn(measured: Run) -> None:
    inside = measured.inside
    assert inside is not None
    assert measured.figure("knockout") == figures.knockout(made_inside.knockout())
    assert measured.figure("ledger") == figures.ledger(made_inside.ledger())
    drawn = figures.ledger(made_inside.ledger(), rollout=True, dark=True)
    assert measured.figure("ledger", rollout=True, dark=True) == drawn
    assert measured.figure("gradients") == figures.gradient_shares(made_inside.gradients())


def test_embedding_rows_are_drawn_by_head(measured: Run) -> None:
    rows = made_inside.gradients().rows
    heads = list(dict.fromkeys(row.head for row in rows))
    for head in heads:
        fitted = [row for row in rows if row.head == head and row.fitted]
        wanted = fitted[0] if fitted else next(row for row in rows if row.head == head)
        assert measured.figure("rows", head=head) == figures.row_ledger(wanted)
    with pytest.raises(SettingsError, match=f"no head 'max'; the heads are {', '.join(heads)}"):
        measured.figure("rows", head="max")


@pytest.mark.parametrize("name", ["knockout", "ledger", "gradients", "rows"])
def test_what_was_not_measured_says_how_it_is(name: str, measured: Run) -> None:
    with pytest.raises(SettingsError, match=r"Measure it with python -m probing inside RUN"):
        made().figure(name)
    why = Missing("There are no classes.")
    without = Inside(Sample((0,), 1), why, why, why)
    with pytest.raises(SettingsError, match=r"this run has no \w+: There are no classes\."):
        replace(measured, inside=without).figure(name)


# ---- of a computed run


@pytest.mark.parametrize("name", ["accuracy", "geometry", "calibration"])
def test_a_computed_run_is_drawn(name: str, finished: Run) -> None:
    options = {"pooling": "mean"} if name == "calibration" else {}
    assert finished.figure(name, **options).data


def test_a_computed_runs_accuracy_has_its_baselines(finished: Run) -> None:
    figure = finished.figure("accuracy")
    traces = {trace.name: trace for trace in figure.data}
    for probe in finished.probes:
        name = figures.NAMES[probe.pooling]
        line = traces.get(name) or traces["untrained pooler"]
        assert line.y[list(line.x).index(probe.layer)] == probe.accuracy
    assert set(traces["majority"].y) == {24 / 60}


def test_a_runs_map_is_chosen(finished: Run) -> None:
    asked = {"method": "pca", "pooling": "cls", "dimensions": 2}
    figure = finished.figure("map", **asked)
    (wanted,) = (p for p in finished.projections if p.name.startswith("pca2_cls"))
    for trace in figure.data:
        for (_, i), x in zip(trace.customdata, trace.x, strict=True):
            assert x == wanted.points[int(i), 0]
    with pytest.raises(SettingsError, match=r"no such map; its maps are: .*umap2_mean"):
        finished.figure("map", layer=77)
