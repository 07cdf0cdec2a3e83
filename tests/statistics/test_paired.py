"""Paired tests against statsmodels, brute force and simulation."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats import contingency_tables

from probing.statistics import cross_validation_inflation, grouped, max_t, mcnemar

Table = tuple[int, int, int, int]


def sentences_of(both: int, only_a: int, only_b: int, neither: int) -> tuple[np.ndarray, ...]:
    """Truth values (n,) of two methods with these counts, shuffled, and single groups."""
    a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    order = np.random.default_rng(both + only_a).permutation(len(a))
    return a[order], b[order], np.arange(len(a))


# ---- McNemar


def test_mcnemar_is_statsmodels_on_random_tables() -> None:
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 40, (200, 4)) * rng.integers(0, 2, (200, 4)) + [1, 0, 0, 0]
    tables[:5, 1:3] = [[900, 1_000], [1_000, 0], [5_000, 5_000], [300, 200], [0, 1]]
    small = 0
    for both, only_a, only_b, neither in tables.tolist():
        expected = contingency_tables.mcnemar([[both, only_a], [only_b, neither]], exact=True)
        found = mcnemar(*sentences_of(both, only_a, only_b, neither))
        assert found[:2] == (only_a, only_b)
        assert found[2] == pytest.approx(expected.pvalue, rel=1e-9)
        small += found[2] < 0.05
    assert 20 < small < 180


def test_nothing_discordant_is_no_evidence() -> None:
    assert mcnemar(*sentences_of(30, 0, 0, 12)) == (0, 0, 1.0)
    assert mcnemar(*sentences_of(30, 4, 4, 12)) == (4, 4, 1.0)


def test_swapping_the_methods_swaps_the_counts_only() -> None:
    a, b, groups = sentences_of(10, 12, 3, 5)
    assert mcnemar(a, b, groups) == (12, 3, pytest.approx(0.03515625))
    assert mcnemar(b, a, groups) == (3, 12, mcnemar(a, b, groups)[2])


def test_copies_are_one_witness_and_the_majority_of_them_speaks() -> None:
    # text 5: a twice, b once; text 9: one each; text 2: b alone three times; text 7: a alone
    groups = np.array([9, 5, 2, 5, 2, 7, 9, 5, 2])
    a = np.array([1, 1, 0, 1, 0, 1, 0, 0, 0], dtype=bool)
    b = np.array([0, 0, 1, 0, 1, 0, 1, 1, 1], dtype=bool)
    assert mcnemar(a, b, groups) == (2, 1, 1.0)


def test_copying_every_sentence_leaves_mcnemar_as_it_is() -> None:
    a, b, groups = sentences_of(50, 20, 9, 30)
    once = mcnemar(a, b, groups)
    assert mcnemar(np.tile(a, 3), np.tile(b, 3), np.tile(groups, 3)) == once
    taken_for_independent = mcnemar(np.tile(a, 3), np.tile(b, 3), np.arange(3 * len(a)))
    assert taken_for_independent[2] < once[2] / 50


def test_mcnemar_takes_amounts_too() -> None:
    a, b = np.array([-0.5, -2.0, -1.0, -3.0]), np.array([-1.0, -1.0, -1.0, -4.0])
    assert mcnemar(a, b, np.arange(4))[:2] == (2, 1)


# ---- max-T


def enumerated(differences: np.ndarray, groups: np.ndarray) -> list[Fraction]:
    """Exact max-T p of whole-numbered differences, over all sign vectors, without rounding.

    T² = (Σ D)² / Σ D² as a fraction: ties are ties.
    """
    names = sorted(set(groups.tolist()))
    sums = [[int(v) for v in differences[groups == name].sum(axis=0)] for name in names]
    columns = list(zip(*sums, strict=True))
    squares = [sum(v * v for v in column) for column in columns]

    def statistic(signs: tuple[int, ...]) -> list[Fraction]:
        totals = [sum(s * v for s, v in zip(signs, column, strict=True)) for column in columns]
        return [
            Fraction(t * t, q) if q else Fraction(0) for t, q in zip(totals, squares, strict=True)
        ]

    observed = statistic((1,) * len(names))
    greatest = [max(statistic(signs)) for signs in product((1, -1), repeat=len(names))]
    return [Fraction(sum(g >= o for g in greatest), len(greatest)) for o in observed]


@pytest.mark.parametrize("kind", ["single", "copies", "amounts"])
def test_max_t_converges_to_all_sign_vectors(kind: str) -> None:
    rng = np.random.default_rng(3)
    groups = np.arange(9) * 5 - 7
    differences = rng.integers(-1, 2, (9, 5))
    differences[:, 1] = [1, 1, 1, 1, 0, 1, 1, 0, 1]
    differences[:, 3] = -differences[:, 0]
    differences[:, 4] = 0
    if kind == "copies":
        order = rng.permutation(18)
        groups, differences = np.tile(groups, 2)[order], np.tile(differences, (2, 1))
        differences[9:, 2] = 0
        differences = differences[order]
    if kind == "amounts":  # of columns in units of their own
        differences = differences * rng.integers(1, 9, (9, 1)) * [1, 1000, 7, 3, 1]
    exact = np.array([float(p) for p in enumerated(differences, groups)])
    assert exact.min() < 0.1 < exact[0] < exact[4] == 1
    flips = 20_000
    sampled = max_t(differences, groups, seed=1, flips=flips)
    error = np.sqrt(exact * (1 - exact) / flips)
    assert (np.abs(sampled - exact) <= 4.5 * error + 2 / flips).all()
    assert sampled[0] == sampled[3]


def test_ties_between_columns_of_different_size_count() -> None:
    # T = 3/√3 in one column and 5/√5, 6/√6 … in others: every column at its highest value
    differences = np.tril(np.ones((8, 8)))[:, ::-1][:, :6]
    exact = [float(p) for p in enumerated(differences.astype(int), np.arange(8))]
    sampled = max_t(differences, np.arange(8), seed=0, flips=20_000)
    assert sampled == pytest.approx(exact, abs=0.015)
    # a column and its multiple by a third are the same evidence, though 1/3 has no exact sum
    pair = np.stack([differences[:, 0], differences[:, 0] / 3], axis=1)
    first, second = max_t(pair, np.arange(8), seed=0)
    assert first == second
    assert first == pytest.approx(max_t(pair[:, :1], np.arange(8), seed=0)[0], abs=1e-12)


def test_one_column_of_max_t_is_mcnemar() -> None:
    for only_a, only_b in ((9, 3), (20, 8), (15, 14), (0, 6)):
        a, b, groups = sentences_of(30, only_a, only_b, 10)
        sampled = max_t(a.astype(float)[:, None] - b[:, None], groups, seed=0, flips=20_000)[0]
        exact = stats.binomtest(only_a, only_a + only_b).pvalue
        assert sampled == pytest.approx(exact, abs=4.5 * np.sqrt(exact / 20_000) + 1e-4)


def test_a_p_is_never_0_and_nothing_is_1() -> None:
    rng = np.random.default_rng(0)
    differences = np.stack([np.ones(400), np.zeros(400), rng.choice([-1, 1], 400)], axis=1)
    p = max_t(differences, np.arange(400), seed=0)
    assert p[0] == pytest.approx(1 / 2_001)
    assert p[1] == 1
    assert p[2] > 0.05
    assert max_t(np.zeros((5, 2)), np.arange(5), seed=0).tolist() == [1, 1]


def test_max_t_is_the_same_for_copies_order_unit_and_direction() -> None:
    rng = np.random.default_rng(0)
    differences, groups = rng.integers(-1, 2, (80, 4)).astype(float), np.arange(80)
    differences[:30, 0] = 1
    p = max_t(differences, groups, seed=5)
    twice = max_t(np.tile(differences, (2, 1)), np.tile(groups, 2), seed=5)
    order = rng.permutation(80)
    assert np.array_equal(p, twice)
    assert np.array_equal(p, max_t(differences[order], groups[order], seed=5))
    assert np.array_equal(p, max_t(differences * [0.1, -7, 1e-5, 3e4], groups, seed=5))
    assert np.array_equal(p[::-1], max_t(differences[:, ::-1], groups, seed=5))
    assert not np.array_equal(p, max_t(differences, groups, seed=6))


def test_copies_taken_for_independent_make_p_too_small() -> None:
    rng = np.random.default_rng(2)
    differences = rng.choice([-1.0, 0, 0, 1], (60, 6))
    differences[:, 0] = np.arange(60) < 6
    tripled = np.tile(differences, (3, 1))
    grouped = max_t(tripled, np.tile(np.arange(60), 3), seed=0)
    single = max_t(tripled, np.arange(180), seed=0)
    assert 0.05 < grouped[0] < 0.5
    assert single[0] < grouped[0] / 10


def test_blocks_of_flips_leave_no_trace_and_can_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.array([[1, 1, 1], [1, 1, -1], [1, 0, 0], [1, 1, 1], [1, -1, 0], [1, 1, 1]])
    exact = [float(p) for p in enumerated(differences, np.arange(6))]
    monkeypatch.setattr(grouped, "BLOCK", 100)
    ticks: list[int] = []
    sampled = max_t(differences, np.arange(6), seed=0, flips=5_001, tick=lambda: ticks.append(1))
    assert sampled == pytest.approx(exact, abs=0.03)
    assert len(ticks) == -(-5_001 // 16)


def null_differences(rng: np.random.Generator, n: int, columns: int) -> np.ndarray:
    """−1, 0, 1 (n, columns): each method against one rival as good as it, correlated by a factor
    of each sentence, as neighbouring layers are."""
    shared = rng.normal(size=(n, 1))
    latent = 0.6 * shared + 0.8 * rng.normal(size=(n, columns))
    return (latent > 0.9).astype(float) - (latent < -0.9)


def test_the_chance_of_any_false_finding_is_held_where_single_tests_exceed_it() -> None:
    rng = np.random.default_rng(8)
    runs, n, columns = 600, 120, 15
    family, single, first = 0, 0, []
    for run in range(runs):
        differences = null_differences(rng, n, columns)
        p = max_t(differences, np.arange(n), seed=run, flips=400)
        family += p.min() <= 0.05
        up, down = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
        alone = 2 * stats.binom.cdf(np.minimum(up, down), up + down, 0.5)
        single += alone.min() <= 0.05
        first.append(max_t(rng.normal(size=(40, 1)), np.arange(40), seed=run, flips=400)[0])
    assert 0.03 <= family / runs <= 0.07
    assert single / runs > 0.2
    # one column without ties: p is uniform
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(np.array(first) <= level) == pytest.approx(level, abs=0.07)


def test_a_planted_difference_is_found_among_many_null_columns() -> None:
    rng = np.random.default_rng(4)
    found, false = 0, 0
    for run in range(100):
        differences = null_differences(rng, 300, 15)
        up = rng.random(300) < 0.2
        differences[:, 4] = up.astype(float) - (rng.random(300) < 0.05) * ~up
        p = max_t(differences, np.arange(300), seed=run, flips=400)
        found += p[4] <= 0.05
        false += np.delete(p, 4).min() <= 0.05
    assert found >= 97
    assert false <= 11


# ---- what cross-validation adds


@pytest.mark.parametrize(("classes", "known"), [(2, 0.0), (2, 1.0), (2, -0.7), (3, 0.0), (5, 0.0)])
def test_the_inflation_of_cross_validation_is_what_mutual_training_does(
    classes: int, known: float
) -> None:
    """Leave-one-out scores by random similarities to the others, with ``known`` of the label.

    Each sentence is given the class of greatest summed similarity; pairs count in both directions.
    """
    rng, n, runs = np.random.default_rng(classes), 60, 4_000
    accuracies = np.empty(runs)
    for run in range(runs):
        y = rng.permutation(np.arange(n) % classes)
        kernel = rng.normal(size=(n, n))
        kernel = np.triu(kernel, 1)
        kernel += kernel.T
        own = np.eye(classes)[y]
        accuracies[run] = ((kernel @ own + known * n**0.5 * own).argmax(axis=1) == y).mean()
    share = accuracies.mean()
    measured = accuracies.var() / (share * (1 - share) / n)
    (expected,) = cross_validation_inflation(np.array([share]))
    assert measured == pytest.approx(expected, rel=0.1)
    assert measured > 1.2  # the control: independent sentences would give 1


def test_nothing_is_inflated_where_all_are_right_or_all_wrong() -> None:
    found = cross_validation_inflation(np.array([0.0, 1e-9, 0.5, 1 - 1e-9, 1.0]))
    assert found == pytest.approx([1, 1, 1 + 2 / np.pi, 1, 1], abs=1e-6)


def test_inflation_counts_what_is_observed_for_less() -> None:
    rng = np.random.default_rng(1)
    differences = rng.choice([-1.0, 0, 0, 1, 1], size=(200, 3))
    groups = np.arange(200)
    plain = max_t(differences, groups, seed=0)
    careful = max_t(differences, groups, seed=0, inflation=2.0)
    assert (careful > plain).any()
    assert (careful >= plain).all()
    shrunk = np.abs(differences.sum(axis=0)) / np.sqrt(2 * np.square(differences).sum(axis=0))
    signs = np.random.default_rng(9).choice([-1, 1], size=(20_000, 200))
    unit = differences / np.sqrt(np.square(differences).sum(axis=0))
    greatest = np.abs(signs @ unit).max(axis=1)
    assert careful == pytest.approx([(greatest >= s).mean() for s in shrunk], abs=0.03)
