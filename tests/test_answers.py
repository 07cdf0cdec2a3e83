"""What a cell knows of each sentence's label."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import log_loss

from probing.answers import information
from tests.answered import cell_of, constant_cell


def test_information_by_hand() -> None:
    y = np.array([0, 0, 0, 1, 1])
    p = np.array([[0.75, 0.25], [1, 0], [0.375, 0.625], [0.5, 0.5], [np.nan, np.nan]])
    got = information(cell_of(y, p), y)
    # the last is not scored, so a has 3/4 of the labels and b 1/4
    np.testing.assert_allclose(got, [0, np.log2(4 / 3), -1, 1, np.nan])


@pytest.mark.parametrize("seed", range(5))
def test_mean_information_is_the_cells_usable_information(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, 2, rng.integers(3, size=97)]
    p = rng.dirichlet([1, 1, 1], 100)
    p[::7] = np.nan
    cell, scored = cell_of(y, p), ~np.isnan(p[:, 0])
    got = np.nanmean(information(cell, y))
    prior = entropy(np.bincount(y[scored]), base=2)
    loss = log_loss(y[scored], p[scored], labels=[0, 1, 2]) / np.log(2)
    assert got == pytest.approx(prior - loss, abs=1e-6)
    assert got == pytest.approx(cell.usable_information_bits, abs=1e-6)


def test_a_probability_below_float32_stays_finite() -> None:
    y = np.array([0, 0, 1, 1])
    p = np.array([[1, 1e-150], [1e-150, 1], [0.5, 0.5], [0.5, 0.5]])
    cell = cell_of(y, p)
    assert cell.true_probability[1] == 0
    np.testing.assert_allclose(information(cell, y), [1, -148, 0, 0])


def test_a_constant_cell_has_no_information() -> None:
    y = np.array([0, 0, 1])
    assert np.isnan(information(constant_cell(y), y)).all()
