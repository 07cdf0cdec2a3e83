"""What a sample can tell: by formulas, by the binomial test, by simulation."""

import numpy as np
import pytest
from scipy import stats

from probing.statistics import detectable_difference, sentences_needed


@pytest.mark.parametrize(("n", "points"), [(100, 8.8), (1_000, 2.8), (10_000, 0.9)])
def test_the_known_figures_at_10_percent_discordance(n: int, points: float) -> None:
    assert 100 * detectable_difference(n, 0.1) == pytest.approx(points, abs=0.06)


def power_of_mcnemar(
    n: int, difference: float, discordant: float, alpha: float = 0.05, exact: bool = False
) -> float:
    """Share of 40,000 simulated samples in which McNemar's test is significant."""
    up, down = (discordant + difference) / 2, max(0.0, (discordant - difference) / 2)
    counts = np.random.default_rng(n).multinomial(n, [up, down, 1 - up - down], size=40_000)
    b, c = counts[:, 0], counts[:, 1]
    if exact:
        p = 2 * stats.binom.cdf(np.minimum(b, c), b + c, 0.5)
    else:
        p = stats.chi2.sf(np.square(b - c) / np.maximum(b + c, 1), 1)
    return float((p <= alpha).mean())


@pytest.mark.parametrize(
    ("n", "discordant", "power", "alpha"),
    [
        (100, 0.3, 0.8, 0.05),
        (200, 0.1, 0.8, 0.05),
        (500, 0.05, 0.8, 0.05),
        (1_000, 0.1, 0.8, 0.05),
        (10_000, 0.1, 0.8, 0.05),
        (1_000, 0.1, 0.5, 0.05),
        (1_000, 0.1, 0.95, 0.05),
        (1_000, 0.2, 0.3, 0.05),
        (1_000, 0.1, 0.8, 0.01),
    ],
)
def test_the_detectable_difference_is_found_with_the_promised_power(
    n: int, discordant: float, power: float, alpha: float
) -> None:
    difference = detectable_difference(n, discordant, power, alpha)
    assert 0 < difference <= discordant
    measured = power_of_mcnemar(n, difference, discordant, alpha)
    few = n * discordant < 50  # the formula is for many, and promises too little
    assert measured == pytest.approx(power + 0.02 * few, abs=0.02)
    # and the test can fail: a fifth less is found clearly less often, a fifth more, more often
    assert power_of_mcnemar(n, 0.8 * difference, discordant, alpha) < measured - 0.05
    more = min(1.2 * difference, discordant)
    assert power_of_mcnemar(n, more, discordant, alpha) > measured + 0.03


def test_the_exact_test_has_nearly_that_power() -> None:
    for n, discordant, measured in ((200, 0.1, 0.77), (1_000, 0.1, 0.78), (10_000, 0.1, 0.80)):
        difference = detectable_difference(n, discordant)
        power = power_of_mcnemar(n, difference, discordant, exact=True)
        assert power == pytest.approx(measured, abs=0.02)


def test_sentences_needed_is_the_inverse() -> None:
    for discordant in (0.01, 0.1, 0.3, 1.0):
        for difference in (0.003, 0.01, 0.05, 0.2, 0.9):
            n = sentences_needed(difference, discordant)
            assert n is not None
            assert detectable_difference(n, discordant) <= difference + 1e-9
            if n > 4:
                assert detectable_difference(n - 1, discordant) > difference
            assert sentences_needed(-difference, discordant) == n
    for n in (50, 777, 20_000):
        assert sentences_needed(detectable_difference(n, 0.1), 0.1) == n


def test_no_difference_needs_no_number() -> None:
    assert sentences_needed(0.0, 0.1) is None
    assert sentences_needed(1e-9, 0.1) > 10**17  # type: ignore[operator]


@pytest.mark.parametrize("n", [20, 50, 400])
def test_a_difference_beyond_the_discordant_share_raises_it(n: int) -> None:
    found = detectable_difference(n, 0.002)
    assert found > 0.002
    assert detectable_difference(n, 0.0) == found
    assert detectable_difference(n, found) == pytest.approx(found, abs=1e-12)
    # all speak for one method: six are needed for p < .05
    assert power_of_mcnemar(n, found, found, exact=True) == pytest.approx(0.77, abs=0.03)
    assert sentences_needed(0.1, 0.02) == sentences_needed(0.1, 0.1) == 77


def test_more_sentences_show_less_and_more_discordance_hides_more() -> None:
    sizes = [detectable_difference(n, 0.1) for n in range(1, 3_000)]
    assert all(0 < d <= 1 for d in sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[:3] == [1, 1, 1]
    assert sizes[3] < 1
    shares = [detectable_difference(200, psi) for psi in np.linspace(0, 1, 500)]
    assert shares == sorted(shares)
    assert max(np.diff(shares)) < 0.01
