"""Relative variance: its formula by brute force, and what it says at the edges."""

import numpy as np
import pytest

from probing.geometry import CONSTANT, is_constant, relative_variance


def brute_force(x: np.ndarray) -> float:
    """Half the mean squared distance over all pairs, self-pairs included, over the mean energy."""
    wide = [[float(v) for v in row] for row in x]
    n = len(wide)
    apart = sum((a - b) ** 2 for one in wide for two in wide for a, b in zip(one, two, strict=True))
    energy = sum(v * v for row in wide for v in row) / n
    return apart / (2 * n * n) / energy


@pytest.mark.parametrize("seed", range(5))
def test_relative_variance_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(9, 4)) * rng.uniform(0.1, 5, 4) + rng.normal(size=4)).astype(np.float32)
    assert relative_variance(x) == pytest.approx(brute_force(x), rel=1e-9)


def test_scale_does_not_matter_and_a_shared_offset_does() -> None:
    x = np.random.default_rng(0).normal(size=(50, 8))
    assert relative_variance(1e4 * x) == pytest.approx(relative_variance(x), rel=1e-12)
    assert relative_variance(x + 100) < 1e-3 < 0.9 < relative_variance(x - x.mean(axis=0))


def test_the_threshold_lies_between_float_noise_and_information() -> None:
    """Rows that differ by float32 rounding are constant; by a part in ten thousand they are not."""
    rng = np.random.default_rng(0)
    row = rng.normal(size=384).astype(np.float32)
    noise = np.nextafter(row, np.float32(np.inf))
    rounded = np.where(rng.random((100, 384)) < 0.5, row, noise)
    assert is_constant(rounded)
    assert 0 < relative_variance(rounded) < CONSTANT
    assert not is_constant(row + 1e-4 * rng.normal(size=(100, 384)).astype(np.float32))


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.ones((5, 3)), np.ones((1, 3)), np.ones((0, 3))])
def test_nothing_varies(x: np.ndarray) -> None:
    assert relative_variance(x) == 0
    assert is_constant(x)


def test_large_float32_values_do_not_overflow() -> None:
    x = np.array([[3e38, 0], [-3e38, 0]], dtype=np.float32)
    assert relative_variance(x) == pytest.approx(1)
