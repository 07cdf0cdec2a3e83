"""Single cells: how sure they are, and which were chosen."""

from collections.abc import Mapping

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from probing import figures
from probing.errors import SettingsError
from probing.evidence import Best
from tests.figures.made import Y, estimate, made, probe
from tests.figures.reading import notes, trace
from tests.figures.test_maps import EVIL


def test_each_bin_is_its_confidence_and_its_accuracy() -> None:
    rng = np.random.default_rng(0)
    cell = probe(2, "mean", 0.7, n=2_000)
    sure = rng.uniform(0.2, 1, 2_000).astype(np.float32)
    y = np.arange(2_000) % 5
    predicted = np.where(rng.uniform(size=2_000) < sure, y, (y + 1) % 5).astype(np.int32)
    object.__setattr__(cell, "confidence", sure)
    object.__setattr__(cell, "predicted", predicted)
    share, mean = calibration_curve(predicted == y, sure, n_bins=15)
    bins = trace(figures.calibration(cell, y), "bins")
    assert list(bins.x) == pytest.approx(mean)
    assert list(bins.y) == pytest.approx(share)
    counts = np.histogram(sure, np.linspace(0, 1, 16))[0]
    counts = counts[counts > 0]
    low, high = proportion_confint(share * counts, counts, method="wilson")
    assert bins.y + bins.error_y.array == pytest.approx(high)
    assert bins.y - bins.error_y.arrayminus == pytest.approx(low)
    assert [f"n = {c:,}" in s[0] for c, s in zip(counts, bins.customdata, strict=True)] == [
        True
    ] * len(counts)
    assert {tuple(s[1:]) for s in bins.customdata} == {(2, "mean")}


def test_a_marker_grows_with_its_bin() -> None:
    cell = probe(1, "cls", 0.5, n=100)
    sure = np.repeat(np.float32([0.5, 0.9]), [20, 80])
    object.__setattr__(cell, "confidence", sure)
    bins = trace(figures.calibration(cell, np.arange(100) % 5), "bins")
    small, large = bins.marker.size
    assert (large / small) ** 2 == pytest.approx(4)


def test_the_first_and_the_last_bin_have_their_ends() -> None:
    cell = probe(1, "cls", 1.0, n=3)
    object.__setattr__(cell, "confidence", np.float32([0.0, 0.333, 1.0]))
    bins = trace(figures.calibration(cell, np.arange(3) % 5), "bins")
    assert [s[0].split("</b>")[0] for s in bins.customdata] == [
        "<b>0% to 7% sure", "<b>27% to 33% sure", "<b>93% to 100% sure"
    ]  # fmt: skip


def test_sentences_that_were_not_scored_do_not_count() -> None:
    cell = probe(1, "cls", 0.5, n=10)
    predicted, sure = cell.predicted.copy(), cell.confidence.copy()
    predicted[6:], sure[6:] = -1, np.nan
    object.__setattr__(cell, "predicted", predicted)
    object.__setattr__(cell, "confidence", sure)
    bins = trace(figures.calibration(cell, np.arange(10) % 5), "bins")
    said = [int(s[0].split("n = ")[1].split("<br>")[0]) for s in bins.customdata]
    assert sum(said) == 6


def test_the_title_has_the_error_and_the_n() -> None:
    figure = figures.calibration(probe(3, "cls", 0.8), Y)
    assert notes(figure, "title")[0].text == (
        "accuracy: CLS, layer 3<br>calibration error 3.1%, n = 400"
    )
    diagonal = trace(figure, "as sure as right")
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]


def test_a_constant_cell_has_no_confidence() -> None:
    with pytest.raises(SettingsError, match="CLS is the same vector for every sentence at layer 0"):
        figures.calibration(probe(0, "cls", 0.2, constant=True), Y)


# ---- choices


def best(choices: Mapping[str, int]) -> Best:
    return Best(6, "cls", estimate(0.9), None, choices, 0.95)


def test_a_bar_for_each_chosen_cell() -> None:
    figure = figures.choices(best({"mean_words_2": 1, "cls_12": 3, "pooled_6": 1}))
    (bars,) = figure.data
    named = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert {named[y]: x for x, y in zip(bars.x, bars.y, strict=True)} == {
        "CLS, layer 12": 3, "mean of words, layer 2": 1, "pooled, layer 6": 1
    }  # fmt: skip
    assert list(bars.text) == ["3 of 5", "1 of 5", "1 of 5"]
    assert named[0] == "CLS, layer 12"
    assert figure.layout.yaxis.autorange == "reversed"
    assert list(bars.customdata[0][1:]) == [12, "cls"]
    assert len(set(bars.marker.color)) == 3


def test_the_names_fit_beside_the_bars() -> None:
    short = figures.choices(best({"cls_1": 5})).layout.margin.l
    long = figures.choices(best({"mean_words_12": 5})).layout.margin.l
    assert short < long < 190


def test_an_unknown_cell_is_shown_and_not_obeyed() -> None:
    figure = figures.choices(best({EVIL: 2}))
    assert "<a" not in figure.layout.yaxis.ticktext[0]
    assert "<a" not in figure.data[0].customdata[0][0]


def test_a_runs_calibration_is_of_the_chosen_cell() -> None:
    run = made()
    title = notes(run.figure("calibration", layer=4, pooling="mean"), "title")[0].text
    assert title.startswith("accuracy: mean, layer 4")
    assert notes(run.figure("calibration"), "title")[0].text.startswith("accuracy: CLS, layer 6")
    bins = trace(run.figure("calibration", layer=4, pooling="mean"), "bins")
    counts = [int(s[0].split("n = ")[1].split("<br>")[0]) for s in bins.customdata]
    right = float(np.dot(bins.y, counts) / 400)
    assert right == pytest.approx(run.cell(4, "mean").accuracy, abs=0.002)
