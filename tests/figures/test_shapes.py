"""Shapes of the vectors by layer, and selectivity."""

from dataclasses import replace

import pytest

from probing import figures
from probing.errors import SettingsError
from probing.evidence import Shape
from probing.record import Run
from tests.figures.made import made
from tests.figures.reading import ends, lines, notes, trace


@pytest.fixture(scope="module")
def run() -> Run:
    return made()


@pytest.mark.parametrize("measure", figures.MEASURES)
def test_a_measure_by_layer(measure: str, run: Run) -> None:
    figure = run.figure("geometry", measure=measure)
    for shape in run.evidence.shapes:
        value = getattr(shape, measure)
        if measure == "cka_mean" and shape.pooling == "mean":
            assert "mean" not in lines(figure)
            continue
        line = lines(figure)[figures.NAMES[shape.pooling]]
        drawn = line.y[list(line.x).index(shape.layer)]
        if measure == "relative_variance" and value < 1e-9:
            assert drawn == 1e-9
        else:
            assert drawn == value
    (title,) = notes(figure, "title")
    assert title.text.endswith(", n = 400")


def test_every_measure_has_a_name_of_its_own_for_people() -> None:
    titles = [scale.title for scale in figures.MEASURES.values()]
    assert len(set(titles)) == len(titles) == 7
    assert set(figures.MEASURES) == set(Shape.__dataclass_fields__) - {"layer", "pooling", "n"}
    assert "dimensions" in figures.MEASURES["rankme"].title


def test_what_a_constant_cell_does_not_have_is_a_gap(run: Run) -> None:
    line = lines(run.figure("geometry", measure="anisotropy"))["CLS"]
    assert line.y[0] is None
    assert line.customdata[0][0] == ""
    assert line.y[1] is not None


def test_a_constant_cell_is_open_and_on_its_line(run: Run) -> None:
    figure = run.figure("geometry")
    assert figure.layout.yaxis.type == "log"
    assert lines(figure)["CLS"].marker.symbol[0] == "circle-open"
    assert set(trace(figure, "constant").y) == {1e-9}
    assert "constant" in ends(figure)


def test_a_variance_of_nothing_at_all_can_be_drawn() -> None:
    shapes = [Shape(layer, "cls", 9, layer / 10, *[None] * 6) for layer in (0, 1)]
    assert list(lines(figures.geometry(shapes))["CLS"].y) == [1e-9, 0.1]


def test_units_follow_the_figure(run: Run) -> None:
    shown = lines(run.figure("geometry", measure="participation_ratio"))["CLS"].customdata
    assert shown[2][0] == "<b>CLS, layer 2</b><br>22.0 dimensions, n = 400"


def test_another_measure_is_refused(run: Run) -> None:
    with pytest.raises(SettingsError, match="no measure 'girth'; the measures are relative_varia"):
        run.figure("geometry", measure="girth")
    mean = made(poolings=("mean",))
    with pytest.raises(SettingsError, match="no cell of this run has cka_mean"):
        mean.figure("geometry", measure="cka_mean")


# ---- selectivity


def test_both_tasks_by_layer(run: Run) -> None:
    figure = run.figure("selectivity")
    drawn = lines(figure)
    assert set(drawn) == {
        name + task for name in ("CLS", "pooled", "mean") for task in ("", ", control task")
    }
    assert sorted(ends(figure)) == ["CLS", "control task", "mean", "pooled"]
    assert list(drawn["CLS"].y) == [p.accuracy for p in run.probes if p.pooling == "cls"]
    checks = [c for c in run.evidence.checks if c.pooling == "cls"]
    control = drawn["CLS, control task"]
    assert list(control.x) == [c.layer for c in checks]
    assert list(control.y) == [c.control.value for c in checks if c.control]
    assert control.line.dash == "dash"
    assert drawn["CLS"].line.dash == "solid"
    assert control.customdata[0][1:] == [1, "cls"]
    assert control.marker.color == drawn["CLS"].marker.color


def test_the_difference_is_in_the_hover_text(run: Run) -> None:
    check = next(c for c in run.evidence.checks if (c.layer, c.pooling) == (4, "cls"))
    assert check.selectivity is not None
    s = check.selectivity
    shown = lines(run.figure("selectivity"))["CLS"].customdata
    assert shown[4][0].endswith(f"<br>selectivity {s.value:.1%} [{s.low:.1%}, {s.high:.1%}]")
    assert "selectivity" not in shown[0][0]


def test_a_control_that_could_not_be_made_is_no_line(run: Run) -> None:
    checks = [
        replace(c, control=None, selectivity=None) if c.pooling == "mean" else c
        for c in run.evidence.checks
    ]
    drawn = lines(figures.selectivity(checks, run.probes))
    assert "mean" in drawn
    assert "CLS, control task" in drawn
    assert "mean, control task" not in drawn
    none = figures.selectivity([], run.probes)
    assert sorted(ends(none)) == ["CLS", "mean", "pooled"]
