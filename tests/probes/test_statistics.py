"""Intervals against an independent implementation."""

import pytest
from scipy import stats

from probing.statistics import wilson

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
