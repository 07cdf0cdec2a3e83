"""The online code: its learning curve, and its length beside what it has to beat."""

from dataclasses import replace

import numpy as np
import pytest

from probing import figures
from probing.errors import SettingsError
from probing.evidence import Code
from probing.record import Run
from tests.figures.made import code, made
from tests.figures.reading import ends, lines, notes, trace


@pytest.fixture(scope="module")
def run() -> Run:
    return made()


def at(run: Run, pooling: str) -> list[Code]:
    return [c for c in run.evidence.codes if c.pooling == pooling]


# ---- learning


def test_a_curve_for_each_pooling(run: Run) -> None:
    figure = run.figure("learning", layer=3)
    for pooling, name in (("cls", "CLS"), ("pooled", "pooled"), ("mean", "mean")):
        (wanted,) = (c for c in at(run, pooling) if c.layer == 3)
        line = lines(figure)[name]
        assert tuple(line.x) == wanted.seen
        assert tuple(line.y) == wanted.accuracy
        assert [tuple(s[1:]) for s in line.customdata] == [(3, pooling)] * 4


def test_the_last_layer_is_the_usual_one(run: Run) -> None:
    assert "layer 6" in notes(run.figure("learning"), "title")[0].text


def test_a_point_says_what_it_rests_on(run: Run) -> None:
    (wanted,) = (c for c in at(run, "mean") if c.layer == 3)
    shown = lines(run.figure("learning", layer=3))["mean"].customdata
    assert shown[1][0] == (
        f"<b>mean after 50 labels</b><br>{wanted.accuracy[1]:.1%} of the next 50 right"
        "<br>mean of 5 orders, n = 400"
    )
    assert "of the next 200 right" in shown[3][0]


def test_labels_seen_are_on_a_log_axis_and_n_is_said(run: Run) -> None:
    figure = run.figure("learning", layer=2)
    assert figure.layout.xaxis.type == "log"
    low, high = figure.layout.xaxis.range
    assert 10**low < 25
    assert 10**high > 200
    assert list(figure.layout.xaxis.ticktext) == ["25", "50", "100", "200"]
    assert notes(figure, "title")[0].text == "accuracy on the next block, layer 2, n = 400"


def test_many_blocks_do_not_crowd_the_axis() -> None:
    seen = tuple(int(20 * 1.4**i) for i in range(20))
    long = replace(code(1, "cls", 6), seen=seen, accuracy=(0.5,) * 20, block_bits=(1.0,) * 20)
    ticks = figures.learning([long]).layout.xaxis.tickvals
    assert len(ticks) <= 5
    assert ticks[-1] == seen[-1]
    assert min(np.divide(ticks[1:], ticks[:-1])) > 1.9
    assert set(ticks) <= set(seen)


def test_the_majority_is_quiet_and_one_in_k_stands_in_for_it(run: Run) -> None:
    figure = run.figure("learning")
    assert set(trace(figure, "majority").y) == {0.2}
    alone = figures.learning([replace(code(1, "cls", 6), classes=8)])
    assert set(trace(alone, "1 in 8").y) == {0.125}
    assert "1 in 8" in ends(alone)


def test_where_balanced_accuracy_leads_the_majority_is_still_of_accuracy() -> None:
    run = made(metric="balanced_accuracy")
    run.record["baselines"]["majority"]["accuracy"] = 0.7
    assert set(trace(run.figure("learning"), "majority").y) == {0.7}


# ---- description


def test_compression_by_layer(run: Run) -> None:
    figure = run.figure("description")
    line = lines(figure)["CLS"]
    codes = at(run, "cls")
    assert list(line.x) == [c.layer for c in codes]
    assert list(line.y) == pytest.approx([c.compression for c in codes])
    assert line.customdata[2][1:] == [3, "cls"]
    assert "compression" in notes(figure, "title")[0].text
    assert "n = 400" in notes(figure, "title")[0].text


def test_bits_a_label_by_layer(run: Run) -> None:
    figure = run.figure("description", measure="bits")
    assert list(lines(figure)["mean"].y) == pytest.approx([c.bits / 400 for c in at(run, "mean")])
    assert set(trace(figure, "class shares only").y) == {run.evidence.codes[0].prior_bits / 400}
    permuted = lines(figure)["mean, labels permuted"]
    assert list(permuted.y) == pytest.approx([c.permuted_bits / 400 for c in at(run, "mean")])


@pytest.mark.parametrize("measure", ["compression", "bits"])
def test_the_interval_is_one_standard_deviation_and_says_so(measure: str) -> None:
    made_code = replace(
        code(0, "cls", 6), bits=400.0, bits_sd=100.0, uniform_bits=1000.0, n=200, shuffles=7
    )
    figure = figures.description([made_code, replace(made_code, layer=1)], measure)
    wanted = (2.0, 1000 / 300) if measure == "compression" else (1.5, 2.5)
    band = trace(figure, "CLS interval")
    assert (min(band.y), max(band.y)) == pytest.approx(wanted)
    assert "± 1 s.d. of 7 orders" in lines(figure)["CLS"].customdata[0][0]


def test_what_it_has_to_beat(run: Run) -> None:
    figure = run.figure("description")
    known = run.evidence.codes[0]
    prior = trace(figure, "class shares only")
    assert set(prior.y) == {known.uniform_bits / known.prior_bits}
    permuted = lines(figure)["CLS, labels permuted"]
    assert permuted.line.dash == "dot"
    wanted = [c.uniform_bits / c.permuted_bits for c in at(run, "cls")]
    assert list(permuted.y) == pytest.approx(wanted)
    shown = ends(figure)
    assert shown.count("labels permuted") == 1
    assert set(shown) == {"CLS", "pooled", "mean", "class shares only", "labels permuted"}


def test_another_measure_is_refused(run: Run) -> None:
    with pytest.raises(SettingsError, match="no measure 'nats'; the measures are compression, bit"):
        run.figure("description", measure="nats")
