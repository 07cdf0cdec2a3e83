"""Several runs on one chart by layer: what is drawn where."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from probing import figures
from probing.figures.between import LABEL, ending
from probing.projections import Faithfulness, Projection
from probing.record import Run
from tests.figures.made import made, made_of_numbers, probes


def drawn(runs: list[Run], pooling: str = "cls", **options: Any) -> Any:
    names = [f"run {k}" for k in range(len(runs))]
    metric = "r2" if runs[0].kind == "numbers" else "accuracy"
    curves = figures.curves_of(runs, names, pooling, metric)  # type: ignore[arg-type]
    return figures.overlay(curves, scale=figures.METRICS[metric], **options)  # type: ignore[index]


def lines(figure: Any) -> list[Any]:
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def ends(figure: Any) -> dict[str, str]:
    return {a.text: a.font.color for a in figure.layout.annotations if a.name == "end"}


@pytest.mark.parametrize("dark", [False, True])
def test_a_line_a_band_and_a_label_per_run_in_its_colour(dark: bool) -> None:
    runs = [made(6), made(6), made(6)]
    figure = drawn(runs, dark=dark)
    colours = figures.run_colours(dark)[:3]
    assert [trace.line.color for trace in lines(figure)] == list(colours)
    assert ends(figure) == dict(zip(("run 0", "run 1", "run 2"), colours, strict=True))
    bands = [t for t in figure.data if t.fill == "toself"]
    assert len(bands) == 3
    expected = [p.accuracy for p in runs[0].probes if p.pooling == "cls"]
    assert list(lines(figure)[0].y) == pytest.approx(expected)
    assert list(lines(figure)[0].x) == list(range(7))
    assert max(bands[0].y) == pytest.approx(expected[-1] + 0.02)


def test_other_numbers_of_layers_meet_at_relative_depth() -> None:
    figure = drawn([made(6), made(12)])
    six, twelve = lines(figure)
    assert list(six.x) == pytest.approx([k / 6 for k in range(7)])
    assert list(twelve.x) == pytest.approx([k / 12 for k in range(13)])
    assert "relative depth" in figure.layout.xaxis.title.text
    assert "layer 3<" in six.customdata[3][0], "hover names the layer itself"
    assert figure.layout.xaxis.range[0] < 0 < 1 < figure.layout.xaxis.range[1]


def test_a_run_without_the_pooling_keeps_its_colour_free() -> None:
    runs = [made(6), made(6, ("cls",)), made(6)]
    figure = drawn(runs, "mean")
    first, _, third = figures.run_colours(False)[:3]
    assert [trace.line.color for trace in lines(figure)] == [first, third]
    assert set(ends(figure)) == {"run 0", "run 2"}


def test_constant_cells_are_open_and_numbers_have_r2() -> None:
    symbols = lines(drawn([made(6), made(6)]))[0].marker.symbol
    assert symbols[0] == "circle-open"
    assert set(symbols[1:]) == {"circle"}
    figure = drawn([made_of_numbers(), made_of_numbers()])
    assert any("R²" in a.text for a in figure.layout.annotations)


def test_one_metric_for_all() -> None:
    one = made(6)
    evidence = {**one.record["evidence"], "metric": "balanced_accuracy"}
    other = replace(one, record={**one.record, "evidence": evidence})
    curves = figures.curves_of([one, other], ["a", "b"], "cls", "balanced_accuracy")
    values = [[p.value for p in curve.line.points] for curve in curves]
    last = next(p for p in one.probes if (p.layer, p.pooling) == (6, "cls"))
    assert values[0][-1] == values[1][-1] == last.balanced_accuracy


def test_the_majority_is_drawn_where_it_is_the_same() -> None:
    one = made(6)
    floor = figures.floor_of([one, made(6)], "accuracy")
    assert floor is not None
    assert floor.value == pytest.approx(0.2)
    higher = replace(one, record={**one.record, "baselines": {"majority": {"accuracy": 0.3}}})
    assert figures.floor_of([one, higher], "accuracy") is None
    assert figures.floor_of([made_of_numbers()], "r2") is None


def test_names_are_inert_and_keep_both_ends() -> None:
    figure = figures.overlay(
        figures.curves_of([made(6)] * 2, ["<a href='x'>", "b" * 99], "cls", "accuracy")
    )
    assert not any("<a" in text for text in ends(figure))
    assert not any("<a" in str(row) for t in lines(figure) for row in t.customdata)
    long = "all-MiniLM-L6-v2 · seed 1"
    assert ending(long).endswith("seed 1")
    assert ending(long).startswith("all-Min")
    assert len(ending(long)) == LABEL
    assert ending("short") == "short"


def test_classes_keep_their_colour_from_map_to_map() -> None:
    def a_map(labels: list[str]) -> Any:
        points = np.random.default_rng(0).random((len(labels), 2)).astype(np.float32)
        projection = Projection("pca", 1, "cls", points, Faithfulness(*(None,) * 6, 0, 0), 0)
        return figures.scatter(projection, [f"t{i}" for i in range(len(labels))], labels)

    first, other = a_map(["x"] * 5 + ["y"] * 3), a_map(["x"] * 3 + ["y"] * 5)
    colour = {t.name[0]: t.marker.color for t in first.data}
    assert {t.name[0]: t.marker.color for t in other.data} != colour
    same = figures.same_colours(first, other)
    assert {t.name[0]: t.marker.color for t in same.data} == colour
    assert [len(t.x) for t in same.data] == [len(t.x) for t in other.data]
    stranger = a_map(["z"] * 3)
    assert figures.same_colours(first, stranger) is stranger


def test_all_poolings_of_a_run_can_be_drawn() -> None:
    run = made(3)
    for pooling in {p.pooling for p in probes(3)}:
        assert len(lines(drawn([run, run], pooling))) == 2
