"""When CLS becomes about the sentence: variance above, what noise leaves of it below."""

from dataclasses import replace

import numpy as np
import pytest

from probing import figures
from probing.evidence import Shape
from probing.figures import Line, Point
from probing.record import Run
from tests.figures.made import made
from tests.figures.reading import axis_of, ends, notes, pixels


@pytest.fixture(scope="module")
def run() -> Run:
    return made()


def panel(figure: object, axis: str) -> dict[str, object]:
    return {
        t.name: t for t in figure.data if (t.yaxis or "y") == axis and t.mode == "lines+markers"
    }


def test_the_upper_panel_has_the_variance_of_cls_and_the_mean(run: Run) -> None:
    drawn = panel(run.figure("arrival"), "y")
    assert list(drawn) == ["mean", "CLS"]  # CLS over the mean
    wanted = [s.relative_variance for s in run.evidence.shapes if s.pooling == "cls"]
    assert list(drawn["CLS"].y[1:]) == wanted[1:]
    assert drawn["CLS"].customdata[2] == [
        f"<b>CLS, layer 2</b><br>{wanted[2]:.1e}, n = 400".replace("-", "−"), 2, "cls"
    ]  # fmt: skip


def test_a_constant_cell_lies_on_the_line_that_says_so(run: Run) -> None:
    figure = run.figure("arrival")
    line = panel(figure, "y")["CLS"]
    assert line.y[0] == 1e-9
    assert list(line.marker.symbol) == ["circle-open"] + ["circle"] * 6
    assert "below 1e−9" in line.customdata[0][0]
    assert "5.0e" not in line.customdata[0][0]
    (across,) = (t for t in figure.data if t.name == "constant")
    assert set(across.y) == {1e-9}
    assert "constant" in ends(figure, "y")


def test_without_a_constant_cell_there_is_no_such_line() -> None:
    shapes = [Shape(layer, "cls", 9, 0.1, 0, 0, 0, 1, 1, 0) for layer in (0, 1)]
    lines = [Line("CLS", "cls", (Point(0, 0.5), Point(1, 0.6)))]
    figure = figures.arrival(shapes, lines, lines)
    assert ends(figure, "y") == ["CLS"]


def test_the_variance_is_on_a_log_axis_that_holds_it(run: Run) -> None:
    figure = run.figure("arrival")
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.type == "linear"
    low, high = figure.layout.yaxis.range
    assert low < -9
    assert -1 < high < 1


def test_the_lower_panel_has_the_probe_with_and_without_noise(run: Run) -> None:
    drawn = panel(run.figure("arrival"), "y2")
    assert set(drawn) == {"mean", "mean + noise", "CLS", "CLS + noise"}
    plain = [p.accuracy for p in run.probes if p.pooling == "cls"]
    noisy = {c.layer: c.noisy.value for c in run.evidence.checks if c.pooling == "cls" and c.noisy}
    assert list(drawn["CLS"].y) == plain
    assert dict(zip(drawn["CLS + noise"].x, drawn["CLS + noise"].y, strict=True)) == noisy
    assert drawn["CLS"].line.dash == "solid"
    assert drawn["CLS + noise"].line.dash == "dash"
    assert drawn["CLS + noise"].customdata[0][1:] == [1, "cls"]


def test_the_mean_stands_behind(run: Run) -> None:
    figure = run.figure("arrival")
    drawn = panel(figure, "y2")
    assert drawn["mean"].line.width < drawn["CLS"].line.width
    names = {trace.name for trace in figure.data}
    assert "CLS interval" in names
    assert "mean interval" not in names


def test_both_panels_share_the_layers(run: Run) -> None:
    figure = run.figure("arrival")
    assert {trace.xaxis for trace in figure.data} <= {None, "x"}
    assert figure.layout.xaxis.anchor == "y2"
    assert figure.layout.yaxis2.domain[0] == 0
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]
    assert figure.layout.yaxis.domain[1] == 1


def test_labels_of_both_panels_are_apart(run: Run) -> None:
    figure = run.figure("arrival")
    for axis in ("y", "y2"):
        places = sorted(pixels(figure, axis, n.ay) for n in notes(figure, "end") if n.yref == axis)
        assert len(places) >= 3
        assert min(np.diff(places)) >= 15


def test_titles_stand_above_their_panels(run: Run) -> None:
    figure = run.figure("arrival")
    upper, lower = notes(figure, "title")
    assert upper.text == "relative variance (log)"
    assert lower.text == "accuracy: plain, and with 1% noise (dashed)"
    assert upper.y == axis_of(figure, "y").domain[1]
    assert lower.y == axis_of(figure, "y2").domain[1]


def test_the_mean_alone_leads() -> None:
    run = made(poolings=("mean",))
    drawn = panel(run.figure("arrival"), "y2")
    assert set(drawn) == {"mean", "mean + noise"}
    assert drawn["mean"].line.width > 2


def test_of_numbers_it_is_r2(run: Run) -> None:
    lines = [Line("CLS", "cls", (Point(0, 0.1), Point(1, 0.3)))]
    scale = replace(figures.METRICS["r2"])
    shapes = [s for s in run.evidence.shapes if s.layer < 2]
    figure = figures.arrival(shapes, lines, lines, scale=scale)
    assert notes(figure, "title")[1].text.startswith("R²: plain")


def test_labels_on_the_log_axis_stand_beside_their_lines(run: Run) -> None:
    figure = run.figure("arrival")
    shown = {note.text: note for note in notes(figure, "end") if note.yref == "y"}
    assert shown["constant"].y == shown["constant"].ay == pytest.approx(-9)
    assert shown["mean"].y == pytest.approx(np.log10(0.3))
