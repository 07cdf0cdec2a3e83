"""A verdict names a false difference in one run of twenty, a true one as often as it should."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from probing import baselines, comparison
from probing.board import Board
from probing.evidence import Contrast
from probing.probes import nested
from probing.probes.folds import cross_validation
from probing.statistics import sentences_needed
from tests.benchmarks.null import Outcome, judge
from tests.benchmarks.power import Planted
from tests.benchmarks.power import simulate as simulate_vectors
from tests.scored import cell

RUNS = 40
SENTENCES = 120
LAYERS = 4
WIDTH = 8

pytestmark = pytest.mark.slow


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Runs on vectors of pure noise with labels of pure noise."""
    return tuple(simulated(seed) for seed in range(RUNS))


def simulated(seed: int, signal: float = 0.0) -> Outcome:
    """One run; with ``signal``, the first cell carries the label."""
    rng = np.random.default_rng(seed)
    y, groups = rng.permutation(np.arange(SENTENCES) % 2), np.arange(SENTENCES)
    plan = cross_validation(y, groups, 5, seed)
    vectors = rng.normal(size=(2 * LAYERS + 1, SENTENCES, WIDTH))
    vectors[0, :, 0] += signal * y
    cells = tuple(
        nested.probe(x, y, 2, plan, layer=n % LAYERS, pooling=p, strengths=(1.0,))
        for n, (p, x) in enumerate(
            zip(["cls"] * LAYERS + ["mean"] * LAYERS, vectors[:-1].astype(np.float32), strict=True)
        )
    )
    rivals = (
        baselines.majority_baseline(y, plan),
        baselines.embeddings(vectors[-1], y, 2, plan),
    )
    return judge(cells, rivals, y, groups, plan, 2, seed)


def test_false_contrasts_are_as_rare_as_promised() -> None:
    """At 5 %, more than five of 40 would come up in one of 70 tries."""
    named = sum(bool(o.significant) for o in outcomes())
    assert named <= binom.ppf(0.99, RUNS, 0.05)
    assert min(o.least_p for o in outcomes()) < 0.2  # contrasts were tested, and some came near


def test_without_the_correction_they_would_not_be() -> None:
    uncorrected = sum(o.uncorrected for o in outcomes())
    assert uncorrected > 2 * binom.ppf(0.99, RUNS, 0.05)
    assert all(o.uncorrected for o in outcomes() if o.significant)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Nothing is known, so every probe's accuracy is 1/2 in truth.

    ``tests.benchmarks.coverage`` looks closer, and where something is known.
    """
    cells, best = np.mean([o.covered for o in outcomes()], axis=0)
    assert 0.91 < cells < 0.99
    assert best > binom.ppf(0.005, RUNS, 0.9) / RUNS


def test_the_highest_of_all_cells_is_flattered() -> None:
    assert np.mean([o.optimism for o in outcomes()]) > 0.03


def test_what_is_there_is_named() -> None:
    """The control: of a strong signal in one cell, it is that cell which is ahead."""
    found = [simulated(seed, signal=3.0) for seed in range(3)]
    for outcome in found:
        assert outcome.significant
        assert all("cls_0 +" in said or "best +" in said for said in outcome.significant)
        assert {said.split()[-1] for said in outcome.significant} >= {"mean_0", "majority"}


# ---- a planted difference

PLANTED = Planted(difference=0.08, discordant=0.2)
TRIES = 200


def planted(n: int, seed: int, others: int = 4) -> Contrast:
    """CLS is right and the mean wrong in 14 % of sentences, and the reverse in 6 %."""
    rng, truth = np.random.default_rng([n, seed]), np.zeros(n, dtype=int)
    table = rng.choice(4, n, p=[0.14, 0.06, 0.7, 0.1])  # only CLS, only the mean, both, neither
    wrong = {"cls_9": np.isin(table, [1, 3]), "mean_9": np.isin(table, [0, 3])}
    wrong |= {f"cls_{k}": rng.random(n) < 0.2 for k in range(others)}
    board = Board.of("accuracy", truth == 0, truth, np.arange(n), seed)
    board = replace(board, resamples=replace(board.resamples, count=2))
    cells = [cell(name, off.astype(int)) for name, off in wrong.items()]
    found = comparison.compare(board, cells, [], None, seed)
    assert len(found) == 1 + others
    return next(c for c in found if c.b == "mean_9")


def rate(n: int) -> tuple[float, float]:
    """Share of tries in which McNemar, and max-T, find the difference."""
    found = [planted(n, seed) for seed in range(TRIES)]
    p = np.array([(c.p_mcnemar, c.p_max_t) for c in found], dtype=float)
    alone, corrected = (p <= 0.05).mean(axis=0)
    return float(alone), float(corrected)


def error(share: float) -> float:
    """Of a share among the tries, with three in a thousand beyond."""
    return 3 * float(np.sqrt(share * (1 - share) / TRIES)) + 1 / TRIES


def test_power_rises_with_n_as_the_formula_says() -> None:
    sizes = (100, 250, 500)
    found = [rate(n)[0] for n in sizes]
    for n, share in zip(sizes, found, strict=True):
        exact = PLANTED.exact_power(n)
        assert abs(share - exact) <= error(exact)
        assert 0 < PLANTED.power(n) - exact < 0.08  # exact p comes in steps: a little less
    assert found == sorted(found)
    assert found[0] < 0.5 < 0.9 < found[2]


def test_as_many_as_are_said_to_be_needed_tell() -> None:
    """With the number that a verdict gives, max-T finds the difference in four of five runs."""
    needed = sentences_needed(PLANTED.difference, PLANTED.discordant, 0.8, 0.05 / 5)
    assert needed is not None
    alone, corrected = rate(needed)
    assert corrected > 0.8 - error(0.8)
    assert corrected < alone
    assert rate(needed // 2)[1] < 0.7


def test_exact_power_is_that_of_statsmodels_on_every_table() -> None:
    n, true = 12, Planted(0.3, 0.6)
    p = [(true.discordant + true.difference) / 2, (true.discordant - true.difference) / 2]
    total = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            table = [[n - a - b, a], [b, 0]]
            if a + b and mcnemar(table, exact=True).pvalue <= 0.05:
                total += binom.pmf(a, n, p[0]) * binom.pmf(b, n - a, p[1] / (1 - p[0]))
    assert true.exact_power(n) == pytest.approx(total, abs=1e-9)


def test_a_signal_written_into_vectors_is_found_in_enough_sentences() -> None:
    true, n = Planted.of_vectors(), 800
    few, many = ([simulate_vectors(size, seed)[0] for seed in range(8)] for size in (100, n))
    gap = np.mean([c.difference.value for c in many])
    assert gap == pytest.approx(true.difference, abs=0.02)
    discordant = np.mean([c.only_a + c.only_b for c in many]) / n
    assert discordant == pytest.approx(true.discordant, abs=0.03)
    found = [[c for c in tried if (c.p_mcnemar or 0) <= 0.05] for tried in (few, many)]
    assert len(found[0]) < 4 < 6 <= len(found[1])  # in truth .19 and .96 of all runs
