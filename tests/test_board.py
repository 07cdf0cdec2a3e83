"""Scores and their intervals, by scikit-learn and a plain bootstrap."""

from dataclasses import replace
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest

from probing.board import (
    Board,
    estimates,
    leading_metric,
    mean_estimates,
    share_estimates,
    with_intervals,
)
from probing.comparison import compare
from probing.evidence import Metric
from probing.probes.result import ProbeResult
from tests.scored import (
    METRICS,
    board_of,
    by_name,
    cell,
    made,
    number_cell,
    reference,
    results,
)

# ---- scores


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_scikit_learns_on_the_scored_sentences(metric: Metric, seed: int) -> None:
    truth, given = made(metric, 300, seed)
    scored = np.random.default_rng(seed + 50).random(300) < 0.6
    blank = np.nan if metric == "r2" else -1
    held = [np.where(scored, p, blank) for p in given]
    board = Board.of(metric, scored, truth, np.arange(300) // 2, seed)
    found = estimates(board, held)
    assert [e.n for e in found] == [scored.sum()] * 4
    expected = [reference(metric, truth[scored], p[scored]) for p in given]
    assert [e.value for e in found] == pytest.approx(expected, abs=1e-12)
    assert all(e.low < e.value < e.high for e in found)
    assert len(set(np.round(expected, 6))) >= 3


def test_balanced_accuracy_leads_above_sixty_percent() -> None:
    assert leading_metric(np.repeat([0, 1], [60, 40])) == "accuracy"
    assert leading_metric(np.repeat([0, 1], [61, 39])) == "balanced_accuracy"
    assert leading_metric(np.repeat([2, 0], [61, 39])) == "balanced_accuracy"
    assert leading_metric(np.repeat([0, 1, 2], [50, 30, 40])) == "accuracy"


# ---- intervals


@cache
def bootstrapped(
    metric: Metric,
) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Truth, predictions, texts, and (resamples, 4) scores by a plain bootstrap over texts."""
    truth, given = made(metric, 160, seed=5)
    texts = np.random.default_rng(6).permutation(np.repeat(np.arange(120), [2] * 40 + [1] * 80))
    rng, members = np.random.default_rng(7), [np.flatnonzero(texts == t) for t in range(120)]
    drawn = []
    for _ in range(2_500):
        rows = np.concatenate([members[t] for t in rng.integers(0, 120, 120)])
        drawn.append([_score(metric, truth[rows], p[rows]) for p in given])
    return truth, tuple(given), texts, np.array(drawn)


def _score(metric: Metric, truth: np.ndarray, predicted: np.ndarray) -> float:
    """``reference``, a hundred times faster."""
    if metric == "r2":
        return 1 - ((truth - predicted) ** 2).mean() / truth.var()
    if metric == "accuracy":
        return (truth == predicted).mean()
    return np.mean([(predicted[truth == k] == k).mean() for k in np.unique(truth)])


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_are_those_of_a_plain_paired_bootstrap(metric: Metric) -> None:
    truth, given, texts, drawn = bootstrapped(metric)
    board = board_of(metric, truth, texts)
    deviation = drawn.std(axis=0)
    found = estimates(board, given)
    ends = np.array([(e.low, e.high) for e in found])
    error = np.abs(ends - np.percentile(drawn, [2.5, 97.5], axis=0).T) / deviation[:, None]
    assert error.max() < 0.4
    cells, rivals = results(metric, given)
    contrasts = by_name(compare(board, cells, rivals, None, seed=0))
    order = ["cls_0", "cls_1", "mean_1", "tfidf"]
    assert len(contrasts) == 5
    unpaired = []
    for (a, b), contrast in contrasts.items():
        one, other = order.index(a), order.index(b)
        paired = drawn[:, one] - drawn[:, other]
        d = contrast.difference
        assert d.value == pytest.approx(found[one].value - found[other].value, abs=1e-12)
        ends = np.array([d.low, d.high]) - np.percentile(paired, [2.5, 97.5])
        assert np.abs(ends).max() < 0.4 * paired.std()
        unpaired.append(paired.std() / np.hypot(deviation[one], deviation[other]))
    assert np.abs(np.array(unpaired) - 1).max() > 0.15  # of each alone it would be another


def test_the_interval_of_a_cell_that_is_always_right_has_a_width() -> None:
    truth = np.repeat([0, 1], [110, 40])
    for metric in METRICS[:2]:
        (found,) = estimates(board_of(metric, truth), [truth])
        assert found.value == found.high == 1.0
        assert 0.9 < found.low < 0.99


def test_results_get_the_intervals_of_the_runs_resamples() -> None:
    truth, given = made("balanced_accuracy", 150)
    accuracy, balanced = board_of("accuracy", truth), board_of("balanced_accuracy", truth)
    cells = [cell("cls_0", given[2]), cell("cls_1", np.zeros(150), constant=True)]
    found = with_intervals(balanced, cells)
    for before, after in zip(cells, found, strict=True):
        (plain,) = estimates(accuracy, [before.predicted])
        assert (after.ci_low, after.ci_high) == (plain.low, plain.high)
        assert after.predicted is before.predicted
    (even,) = estimates(balanced, [given[2]])
    assert (found[0].balanced_low, found[0].balanced_high) == (even.low, even.high)
    assert found[0].balanced_low != found[0].ci_low
    assert found[1].balanced_low is found[1].balanced_high is None
    assert with_intervals(accuracy, cells)[0].ci_low == found[0].ci_low
    assert with_intervals(accuracy, list[ProbeResult]()) == ()
    truth, given = made("r2", 150)
    (number,) = with_intervals(board_of("r2", truth), [number_cell("cls_0", given[0])])
    (r2,) = estimates(board_of("r2", truth), [given[0]])
    assert (number.ci_low, number.ci_high) == (r2.low, r2.high)


def test_shares_and_means_of_any_values() -> None:
    rng = np.random.default_rng(0)
    board = board_of("balanced_accuracy", rng.integers(0, 2, 300), np.arange(300))
    right = (rng.random((300, 2)) < [0.3, 0.8]).astype(float)
    for found, column in zip(share_estimates(board, right), right.T, strict=True):
        assert (found.value, found.n) == (pytest.approx(column.mean()), 300)
        assert (found.high - found.low) / column.std() == pytest.approx(3.92 / 300**0.5, rel=0.1)
    bits = rng.normal(-3, 2, (300, 1))
    (mean,) = mean_estimates(board, bits)
    assert mean.value == pytest.approx(bits.mean())
    assert (mean.high - mean.low) / bits.std() == pytest.approx(3.92 / 300**0.5, rel=0.1)
    assert mean.low < mean.value < mean.high


# ---- folds


@pytest.mark.parametrize("metric", METRICS)
def test_cross_validation_widens_by_the_root_of_its_inflation(metric: Metric) -> None:
    truth, given = made(metric, 400)
    plain = board_of(metric, truth)
    folded = replace(plain, folds=5)
    widths = []
    for board in (plain, folded):
        values = np.stack([board.values(p) for p in given], axis=1)
        alone = board.intervals(values)
        pairs = board.difference_intervals(values, [0, 1], [1, 3])
        means = board.mean_intervals(values)
        widths.append(np.ptp(np.concatenate([alone, pairs, means]), axis=1))
    bell = NormalDist()
    if metric == "r2":
        expected = [2.0] * 10
    else:
        scores = [reference(metric, truth, p) for p in given]
        own = [1 + bell.pdf(bell.inv_cdf(p)) ** 2 / (p * (1 - p)) for p in scores]
        expected = [*own, max(own[:2]), max(own[1], own[3]), *[1 + 2 / np.pi] * 4]
        assert len(set(np.round(expected, 3))) > 4
    assert np.square(widths[1] / widths[0]) == pytest.approx(np.array(expected), rel=1e-3)


def test_what_learns_nothing_is_not_widened() -> None:
    truth, given = made("accuracy", 200)
    board = replace(board_of("accuracy", truth), folds=5)
    cells = [cell("cls_0", given[2]), cell("cls_1", given[2], constant=True)]
    fitted, constant = with_intervals(board, cells)
    assert constant.ci_low > fitted.ci_low
    assert constant.ci_high < fitted.ci_high


def test_widened_intervals_stay_within_what_a_score_can_be() -> None:
    truth = np.repeat([0, 1], [60, 60])
    board = replace(board_of("accuracy", truth), folds=5)
    nearly = np.where(np.arange(120) < 1, 1 - truth, truth)
    found = estimates(board, [nearly, truth, 1 - truth])
    assert [e.high < 1.0 for e in found] == [True, False, True]
    assert found[2].low == 0.0
    assert all(0 <= e.low < e.high <= 1 for e in found)
    values = np.stack([board.values(truth), board.values(1 - truth)], axis=1)
    assert board.difference_intervals(values, [0], [1]).max() <= 1.0
