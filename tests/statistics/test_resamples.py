"""Resamples against brute force, scikit-learn and scipy's bootstrap."""

import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, r2_score

from probing.statistics import Resamples, grouped, interval, share_intervals


def drawn(groups: int, seed: int, count: int) -> np.ndarray:
    """int (count, groups): how often each group is in each resample.

    Read off the means of the unit vectors of single sentences: as many groups and the same seed
    give the same resamples.
    """
    means = Resamples(np.arange(groups), seed, count).means(np.eye(groups))
    return np.rint(means * groups).astype(int)


def rows_of(groups: np.ndarray, seed: int, count: int) -> list[np.ndarray]:
    """Row numbers of the sentences in each resample, written out with their repetitions."""
    names = sorted(set(groups.tolist()))
    members = [np.flatnonzero(groups == name) for name in names]
    return [
        np.concatenate([np.tile(rows, times) for rows, times in zip(members, line, strict=True)])
        for line in drawn(len(names), seed, count)
    ]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def copies(rng: np.random.Generator) -> np.ndarray:
    """40 groups of 1 to 4 sentences with wild numbers, in no order."""
    names = rng.choice(10**12, 40, replace=False) - 10**11
    return rng.permutation(np.repeat(names, rng.integers(1, 5, 40)))


# ---- what is drawn


def test_a_resample_holds_as_many_groups_as_there_are_drawn_with_equal_chances() -> None:
    counts = drawn(30, 0, 20_000)
    assert (counts.sum(axis=1) == 30).all()
    assert np.abs(counts.mean(axis=0) - 1).max() < 5 / np.sqrt(20_000)
    covariance = np.cov(counts.T)  # of a multinomial: 1 − 1/30 on the diagonal, −1/30 off it
    assert np.diag(covariance) == pytest.approx(np.full(30, 29 / 30), abs=0.06)
    off = covariance[~np.eye(30, dtype=bool)]
    assert off == pytest.approx(np.full(870, -1 / 30), abs=0.04)
    assert off.mean() == pytest.approx(-1 / 30, abs=0.002)


def test_one_seed_one_set_of_resamples(rng: np.random.Generator) -> None:
    values = rng.normal(size=(50, 3))
    samples = Resamples(np.arange(50), 4)
    first = samples.means(values)
    samples.class_means(values, np.arange(50) % 2)
    assert np.array_equal(first, samples.means(values))
    assert np.array_equal(first, Resamples(np.arange(50), 4).means(values))
    other = Resamples(np.arange(50), 5).means(values)
    assert (first != other).all(axis=1).mean() > 0.99
    assert first.shape == (2_000, 3)


def test_resamples_do_not_repeat() -> None:
    counts = drawn(30, 0, 3_000)
    assert len(np.unique(counts, axis=0)) == 3_000


@pytest.mark.parametrize("numbers", [1, 130, 10_000])
def test_blocks_leave_no_trace(
    numbers: int, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    groups, values = np.arange(60) // 2, rng.normal(size=(60, 2))
    whole = Resamples(groups, 1, 101).means(values)
    monkeypatch.setattr(grouped, "BLOCK", numbers)
    parts = Resamples(groups, 1, 101).means(values)
    assert parts.shape == (101, 2)
    assert parts == pytest.approx(whole, abs=1e-12)


def test_every_block_can_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "BLOCK", 200)
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 7:
            raise KeyboardInterrupt

    values = np.ones((20, 1))
    assert len(Resamples(np.arange(20), 0, 60, tick).means(values)) == 60
    assert len(ticks) == 6
    with pytest.raises(KeyboardInterrupt):
        Resamples(np.arange(20), 0, 60, tick).means(values)


def test_a_large_run_stays_small_in_memory() -> None:
    values = np.ones((27_000, 120))
    samples = Resamples(np.arange(27_000), 0, 300)
    tracemalloc.start()
    samples.means(values)
    samples.class_means(values, np.arange(27_000) % 77)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6


# ---- the three statistics


def test_means_are_those_of_the_sentences_written_out(
    copies: np.ndarray, rng: np.random.Generator
) -> None:
    values = rng.normal(size=(len(copies), 4))
    expected = [values[rows].mean(axis=0) for rows in rows_of(copies, 3, 200)]
    assert Resamples(copies, 3, 200).means(values) == pytest.approx(np.array(expected), abs=1e-12)


def test_whole_numbers_and_truth_values_count_as_numbers(copies: np.ndarray) -> None:
    correct = (np.arange(len(copies)) % 3 == 0)[:, None]
    samples = Resamples(copies, 3, 50)
    for kind in (np.bool_, np.int8, np.float32):
        assert np.array_equal(
            samples.means(correct.astype(kind)), samples.means(correct.astype(np.float64))
        )


@pytest.mark.parametrize("classes", [2, 5, 25])
def test_class_means_of_correctness_are_balanced_accuracy(
    classes: int, copies: np.ndarray, rng: np.random.Generator
) -> None:
    # copies with different labels and classes that some resamples lack are among them
    y = rng.integers(0, classes, len(copies)) ** 2
    predicted = np.where(rng.random((len(copies), 3)) < 0.7, y[:, None], (y[:, None] + 1) % 7)
    lacking, expected = 0, []
    for rows in rows_of(copies, 11, 80):
        lacking += len(np.unique(y[rows])) < len(np.unique(y))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
            expected.append([balanced_accuracy_score(y[rows], p[rows]) for p in predicted.T])
    assert (lacking > 40) == (classes == 25)
    samples = Resamples(copies, 11, 80).class_means(predicted == y[:, None], y)
    assert samples == pytest.approx(np.array(expected), abs=1e-12)


def test_class_means_of_even_classes_come_from_any_values(copies: np.ndarray) -> None:
    y = np.arange(len(copies)) % 2
    values = np.stack([np.where(y == 0, 10.0, 20.0), np.where(y == 0, -3.0, 0.5)], axis=1)
    samples = Resamples(copies, 0, 300).class_means(values, y)
    assert samples == pytest.approx(np.tile([15.0, -1.25], (300, 1)))


def test_r2_is_scikit_learns(copies: np.ndarray, rng: np.random.Generator) -> None:
    truth = rng.normal(size=len(copies)) + 1e6  # a mean far from 0, where Σt² − (Σt)²/n cancels
    predicted = np.stack([truth + rng.normal(size=len(copies)) * s for s in (0.1, 1, 3)], axis=1)
    expected = [[r2_score(truth[r], p[r]) for p in predicted.T] for r in rows_of(copies, 2, 200)]
    errors = np.square(predicted - truth[:, None])
    samples = Resamples(copies, 2, 200).r2(truth, errors)
    assert samples == pytest.approx(np.array(expected), rel=1e-7)
    assert samples[:, 2].min() < 0 < samples[:, 0].min()


def test_r2_where_a_resample_has_one_number_only() -> None:
    truth, groups = np.array([1.5, 2.5, 4.0]), np.arange(3)
    predicted = np.array([[1.5, 2.0], [2.5, 2.0], [4.0, 2.0]])
    rows = rows_of(groups, 0, 100)
    assert sum(len(set(r.tolist())) == 1 for r in rows) > 3
    expected = [[r2_score(truth[r], p[r]) for p in predicted.T] for r in rows]
    samples = Resamples(groups, 0, 100).r2(truth, np.square(predicted - truth[:, None]))
    assert samples == pytest.approx(np.array(expected), abs=1e-12)


# ---- against scipy


def test_the_interval_is_the_middle_95_percent() -> None:
    samples = np.stack([np.arange(2_001.0), -10 * np.arange(2_001.0)], axis=1)
    shuffled = np.random.default_rng(0).permutation(samples)
    assert interval(shuffled).tolist() == [[50, 1_950], [-19_500, -500]]


def test_means_vary_as_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=300)
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    )
    samples = Resamples(np.arange(300), 3).means(values[:, None])
    assert samples.std(ddof=1) == pytest.approx(reference.standard_error, rel=0.06)
    low, high = interval(samples)[0]
    close = pytest.approx(tuple(reference.confidence_interval), abs=0.2 * reference.standard_error)
    assert (low, high) == close


def test_paired_differences_vary_as_scipys_paired_bootstrap() -> None:
    rng = np.random.default_rng(1)
    a = (rng.random(400) < 0.8).astype(float)
    b = np.where(rng.random(400) < 0.9, a, 1 - a)
    reference = stats.bootstrap(
        (a, b),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(2),
    )
    samples = Resamples(np.arange(400), 3).means(np.stack([a, b], axis=1))
    difference = samples[:, 0] - samples[:, 1]
    assert difference.std(ddof=1) == pytest.approx(reference.standard_error, rel=0.06)
    # were the columns resampled apart, it would be much wider
    apart = np.hypot(*samples.std(axis=0))
    assert apart > 1.5 * reference.standard_error


# ---- copies of a text

STATISTICS: dict[str, Callable[[Resamples, np.ndarray, np.ndarray], np.ndarray]] = {
    "means": lambda samples, values, _: samples.means(values),
    "class_means": lambda samples, values, y: samples.class_means(values, y),
    "r2": lambda samples, values, y: samples.r2(y, values),
}


@pytest.mark.parametrize("statistic", STATISTICS)
def test_copying_every_sentence_changes_nothing(
    statistic: str, copies: np.ndarray, rng: np.random.Generator
) -> None:
    values, y = rng.random((len(copies), 3)), np.arange(len(copies)) % 4
    measure = STATISTICS[statistic]
    once = measure(Resamples(copies, 1, 300), values, y)
    twice = measure(Resamples(np.tile(copies, 3), 1, 300), np.tile(values, (3, 1)), np.tile(y, 3))
    assert twice == pytest.approx(once, abs=1e-12)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_order_of_the_sentences_does_not_matter(
    statistic: str, copies: np.ndarray, rng: np.random.Generator
) -> None:
    values, y = rng.random((len(copies), 3)), np.arange(len(copies)) % 4
    measure, order = STATISTICS[statistic], rng.permutation(len(copies))
    before = measure(Resamples(copies, 1, 300), values, y)
    after = measure(Resamples(copies[order], 1, 300), values[order], y[order])
    assert after == pytest.approx(before, abs=1e-12)


def test_copies_taken_for_independent_make_the_interval_too_narrow() -> None:
    correct = np.tile((np.arange(200) % 4 > 0).astype(float), 4)[:, None]
    groups, single = np.tile(np.arange(200), 4), np.arange(800)
    low, high = share_intervals(correct, Resamples(groups, 0).means(correct), groups)[0]
    narrow_low, narrow_high = share_intervals(correct, Resamples(single, 0).means(correct), single)[
        0
    ]
    assert (high - low) / (narrow_high - narrow_low) == pytest.approx(2, abs=0.15)
