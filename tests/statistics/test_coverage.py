"""How often a 95 % interval holds the truth, in simulated data sets with a known one."""

import numpy as np
import pytest

from probing.statistics import (
    Resamples,
    balanced_intervals,
    difference_intervals,
    interval,
    share_intervals,
)

# the coverages below are means over at least 10,000 data sets and several sets of resamples
DATASETS = 2_500
MARGIN = 0.01  # 2.3 standard errors of a coverage of 95 % measured on so many


def shares(correct: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    groups = np.arange(len(correct)) if groups is None else groups
    return share_intervals(correct, Resamples(groups, 0).means(correct), groups)


def covered(intervals: np.ndarray, truth: float) -> float:
    """Share of the intervals (m, 2) that hold the truth."""
    inside = (intervals[:, 0] <= truth + 1e-12) & (truth - 1e-12 <= intervals[:, 1])
    return float(inside.mean())


@pytest.mark.parametrize(
    ("n", "share", "measured"),
    [
        (100, 0.5, 0.957),
        (100, 0.8, 0.961),
        (100, 0.95, 0.967),
        (500, 0.5, 0.955),
        (500, 0.8, 0.956),
        (500, 0.95, 0.966),
    ],
)
def test_95_percent_of_share_intervals_hold_it(n: int, share: float, measured: float) -> None:
    correct = (np.random.default_rng(n).random((n, DATASETS)) < share).astype(float)
    found = covered(shares(correct), share)
    assert found == pytest.approx(measured, abs=MARGIN)
    assert 0.93 - MARGIN <= found <= 0.97 + MARGIN


def test_percentiles_alone_would_not_hold_a_share_near_1() -> None:
    correct = (np.random.default_rng(0).random((50, DATASETS)) < 0.98).astype(float)
    percentiles = interval(Resamples(np.arange(50), 0).means(correct))
    assert covered(percentiles, 0.98) < 0.7
    assert covered(shares(correct), 0.98) > 0.9


def test_groups_keep_the_coverage_that_copies_taken_for_texts_lose() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(150), rng.integers(1, 6, 150))
    correct = (rng.random((150, DATASETS)) < 0.75).astype(float)[groups]
    assert covered(shares(correct, groups), 0.75) == pytest.approx(0.95, abs=0.02)
    assert covered(shares(correct), 0.75) < 0.8


@pytest.mark.parametrize(
    ("n", "up", "down", "measured"),
    [
        (100, 0.05, 0.05, 0.971),
        (100, 0.1, 0.05, 0.959),
        (100, 0.1, 0.0, 0.937),
        (100, 0.2, 0.1, 0.956),
        (500, 0.04, 0.0, 0.953),
        (500, 0.1, 0.05, 0.957),
    ],
)
def test_95_percent_of_difference_intervals_hold_it(
    n: int, up: float, down: float, measured: float
) -> None:
    u = np.random.default_rng(n).random((n, DATASETS))
    values = (u < up).astype(float) - (u > 1 - down)
    samples = Resamples(np.arange(n), 0).means(values)
    found = covered(difference_intervals(values, samples, np.arange(n)), up - down)
    assert found == pytest.approx(measured, abs=MARGIN)


LOPSIDED = [
    # class sizes, share right in each, coverage of this interval, of the percentiles alone
    ((90, 10), (0.5, 0.9), 0.962, 0.837),
    ((480, 20), (0.97, 0.8), 0.953, 0.922),
    ((450, 50), (0.95, 0.7), 0.955, 0.944),
    ((1_000, 200), (0.95, 0.7), 0.948, 0.948),
    ((40,) * 10, (0.9,) * 10, 0.946, 0.947),
    ((300, *(10,) * 7), (0.95,) * 8, 0.939, 0.882),
]


@pytest.mark.parametrize(("sizes", "right", "measured", "percentiles"), LOPSIDED)
def test_95_percent_of_balanced_intervals_hold_it(
    sizes: tuple[int, ...], right: tuple[float, ...], measured: float, percentiles: float
) -> None:
    y = np.repeat(np.arange(len(sizes)), sizes)
    correct = np.random.default_rng(1).random((len(y), DATASETS)) < np.array(right)[y][:, None]
    samples = Resamples(np.arange(len(y)), 0).class_means(correct, y)
    found = balanced_intervals(correct, y, samples, np.arange(len(y)))
    truth = float(np.mean(right))
    assert covered(found, truth) == pytest.approx(measured, abs=0.016)
    assert covered(interval(samples), truth) == pytest.approx(percentiles, abs=0.016)
