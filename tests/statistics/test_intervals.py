"""Intervals against independent implementations, and which one stands in where."""

import numpy as np
import pytest
from scipy import stats

from probing.statistics import (
    Resamples,
    balanced_intervals,
    difference_intervals,
    interval,
    share_intervals,
    wilson,
)
from probing.statistics.intervals import FEW

CASES = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 3), (5, 9), (50, 100), (997, 1000), (12345, 13083)]


@pytest.mark.parametrize(("correct", "n"), CASES)
def test_wilson_is_scipys(correct: int, n: int) -> None:
    interval = stats.binomtest(correct, n).proportion_ci(confidence_level=0.95, method="wilson")
    assert wilson(correct, n) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_every_small_count() -> None:
    for n in range(1, 25):
        for correct in range(n + 1):
            interval = stats.binomtest(correct, n).proportion_ci(0.95, method="wilson")
            assert wilson(correct, n) == pytest.approx(tuple(interval), abs=1e-12)


def test_the_interval_stays_within_the_unit_interval_and_holds_the_share() -> None:
    for n in (1, 2, 7, 10_000):
        for correct in (0, n // 2, n):
            low, high = wilson(correct, n)
            assert 0 <= low <= correct / n <= high <= 1
            assert high > low


def test_more_sentences_make_it_narrower() -> None:
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1_000, 10_000))]
    assert widths == sorted(widths, reverse=True)


# ---- shares


def column(*counts: int) -> np.ndarray:
    """(n, 1) as many 1, then 0, then −1, shuffled."""
    values = np.repeat([1.0, 0.0, -1.0][: len(counts)], counts)
    return np.random.default_rng(0).permutation(values)[:, None]


def shares(correct: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Share intervals with resamples of seed 0; every sentence a text where no groups are given."""
    groups = np.arange(len(correct)) if groups is None else groups
    return share_intervals(correct, Resamples(groups, 0).means(correct), groups)


def reference(correct: int, n: int) -> tuple[float, float]:
    return tuple(stats.binomtest(correct, n).proportion_ci(0.95, method="wilson"))


@pytest.mark.parametrize("n", [5, 39, 100, 3_000])
@pytest.mark.parametrize("rare", [0, 1, FEW - 1])
def test_wilson_stands_in_where_one_side_is_rare(n: int, rare: int) -> None:
    rare = min(rare, n)
    correct = np.hstack([column(n - rare, rare), column(rare, n - rare)])
    found = shares(correct)
    assert found[0] == pytest.approx(reference(n - rare, n), abs=1e-12)
    assert found[1] == pytest.approx(reference(rare, n), abs=1e-12)
    assert (found[:, 1] > found[:, 0]).all()


def test_the_resamples_hold_where_both_sides_are_common() -> None:
    correct = np.hstack([column(100 - FEW, FEW), column(FEW, 100 - FEW), column(99, 1)])
    samples = Resamples(np.arange(100), 0).means(correct)
    found, percentiles = share_intervals(correct, samples, np.arange(100)), interval(samples)
    assert np.array_equal(found[:2], percentiles[:2])
    assert not np.allclose(found[2], percentiles[2])


def test_rare_means_few_texts_not_few_sentences() -> None:
    correct, groups = np.hstack([column(90, 10), column(10, 90)]), np.arange(100)
    tripled = shares(np.tile(correct, (3, 1)), np.tile(groups, 3))
    assert tripled[0] == pytest.approx(reference(90, 100), abs=1e-12)
    assert tripled[1] == pytest.approx(reference(10, 100), abs=1e-12)
    assert shares(np.tile(correct, (3, 1)))[0] != pytest.approx(tripled[0], abs=0.01)


def test_one_text_with_many_copies_says_little_more_than_one() -> None:
    groups = np.concatenate([np.arange(30), np.full(70, 30)])
    low, high = shares(np.ones((100, 1)), groups)[0]
    assert high == 1
    # weights 1 (30 times) and 70: 100² / (30 + 70²) = 2.03 texts that weigh the same
    assert low == pytest.approx(wilson(10_000 / 4_930, 10_000 / 4_930)[0])
    assert low < 0.4


# ---- differences of shares


def differences_of(values: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    groups = np.arange(len(values)) if groups is None else groups
    return difference_intervals(values, Resamples(groups, 0).means(values), groups)


def test_few_differences_get_the_walds_interval_with_a_text_more_on_either_side() -> None:
    for up, down in ((0, 0), (3, 0), (0, 3), (12, FEW - 13)):
        values = column(up, 200 - up - down, down)
        more = np.append(values, [1, -1])
        half = stats.norm.ppf(0.975) * more.std() / np.sqrt(202)
        expected = (more.mean() - half, more.mean() + half)
        assert differences_of(values)[0] == pytest.approx(expected, abs=1e-12)
        copied = differences_of(np.tile(values, (2, 1)), np.tile(np.arange(200), 2))[0]
        assert copied == pytest.approx(expected, abs=1e-12)


def test_many_differences_keep_their_percentiles() -> None:
    values = np.hstack([column(FEW // 2, 200 - FEW, FEW // 2), column(1, 198, 1)])
    samples = Resamples(np.arange(200), 0).means(values)
    found, percentiles = difference_intervals(values, samples, np.arange(200)), interval(samples)
    assert np.array_equal(found[0], percentiles[0])
    assert not np.allclose(found[1], percentiles[1])


def test_methods_that_never_differ_may_still_differ_a_little() -> None:
    low, high = differences_of(np.zeros((100, 1)))[0]
    assert low == -high
    assert 0.02 < high < 0.04
    assert differences_of(np.ones((2, 1)))[0, 1] == 1


# ---- balanced accuracy


def balanced(correct: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    samples = Resamples(groups, 0).class_means(correct, y)
    return balanced_intervals(correct, y, samples, groups)


def test_a_small_class_that_is_all_right_is_not_certain() -> None:
    y, groups = np.repeat([0, 1], [95, 5]), np.arange(100)
    correct = np.ones((100, 2))
    correct[:30, 1] = 0
    (all_low, all_high), (low, high) = balanced(correct, y, groups)
    # weights 1/95 and 1/5: 4 / (1/95 + 1/5) = 19 sentences of one class
    assert (all_low, all_high) == pytest.approx(reference(19, 19), abs=1e-12)
    assert low < (65 / 95 + 1) / 2 < high
    percentiles = interval(Resamples(groups, 0).class_means(correct, y))
    assert percentiles[0].tolist() == [1, 1]
    assert high - low > 1.1 * (percentiles[1, 1] - percentiles[1, 0])


def test_even_classes_alike_have_nearly_the_interval_of_the_share() -> None:
    y, correct = np.repeat([0, 1], 50), np.tile(column(43, 7), (2, 1))
    assert balanced(correct, y, np.arange(100))[0] == pytest.approx(reference(86, 100), abs=1e-12)


def test_large_classes_keep_the_percentiles_of_balanced_accuracy() -> None:
    y, groups = np.repeat([3, 8], 60), np.arange(120)
    correct = np.vstack([column(60 - FEW, FEW), column(FEW, 60 - FEW)])
    samples = Resamples(groups, 0).class_means(correct, y)
    assert np.array_equal(balanced_intervals(correct, y, samples, groups), interval(samples))
    rarer = correct.copy()
    rarer[np.flatnonzero((y == 8) & (correct[:, 0] == 1))[0]] = 0
    samples = Resamples(groups, 0).class_means(rarer, y)
    assert not np.allclose(balanced_intervals(rarer, y, samples, groups), interval(samples))


def test_copies_change_no_balanced_interval() -> None:
    rng = np.random.default_rng(0)
    y, groups = rng.integers(0, 3, 200), np.arange(200)
    correct = (rng.random((200, 4)) < [0.5, 0.7, 0.95, 1.0]).astype(float)
    once = balanced(correct, y, groups)
    thrice = balanced(np.tile(correct, (3, 1)), np.tile(y, 3), np.tile(groups, 3))
    assert thrice == pytest.approx(once, abs=1e-12)
