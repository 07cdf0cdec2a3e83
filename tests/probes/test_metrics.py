"""Metrics against scikit-learn's, and by hand where it has none."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from probing.probes import metrics


@pytest.mark.parametrize("seed", range(10))
def test_balanced_accuracy_and_f1_are_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = 2 + seed % 4
    y = np.r_[np.arange(classes), rng.integers(classes, size=60)]
    predicted = np.where(rng.random(len(y)) < 0.6, y, rng.integers(classes, size=len(y)))
    assert metrics.balanced_accuracy(y, predicted) == pytest.approx(
        balanced_accuracy_score(y, predicted)
    )
    assert metrics.macro_f1(y, predicted) == pytest.approx(f1_score(y, predicted, average="macro"))


def test_classes_never_predicted_or_never_true() -> None:
    y, predicted = np.array([0, 0, 1, 2]), np.array([0, 3, 0, 2])
    expected = f1_score(y, predicted, average="macro", zero_division=0)
    assert metrics.macro_f1(y, predicted) == pytest.approx(expected)
    assert metrics.balanced_accuracy(y, predicted) == pytest.approx((0.5 + 0 + 1) / 3)


def test_entropy_by_hand() -> None:
    assert metrics.entropy_bits(np.array([0, 0, 1, 2])) == pytest.approx(1.5)
    assert metrics.entropy_bits(np.array([5, 5])) == 0
    assert str(metrics.entropy_bits(np.array([5, 5]))) == "0.0"  # not −0.0


def test_calibration_error_by_hand() -> None:
    """Bins of 1/15, closed above: .60 and .65 share (.6, .667], 1.0 is in the last."""
    confidence = np.array([0.60, 0.65, 0.64, 1.0, 1.0, 0.05])
    correct = np.array([True, False, True, True, False, False])
    # .60 = 9/15 closes the bin (8/15, 9/15]; .64 and .65 are in (9/15, 10/15]
    expected = (abs(1 - 0.60) + abs(1 - (0.65 + 0.64)) + abs(1 - 2.0) + 0.05) / 6
    assert metrics.calibration_error(confidence, correct) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_calibration_error_bin_by_bin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, correct = rng.uniform(0.2, 1, 200), rng.random(200) < 0.7
    total = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            total += inside.mean() * gap
    assert metrics.calibration_error(confidence, correct) == pytest.approx(total)


def test_calibrated_and_overconfident() -> None:
    correct = np.r_[np.ones(70), np.zeros(30)].astype(bool)
    assert metrics.calibration_error(np.full(100, 0.7), correct) == pytest.approx(0)
    assert metrics.calibration_error(np.full(100, 0.99), correct) == pytest.approx(0.29)


def test_pointwise_information_by_hand() -> None:
    got = metrics.pointwise_information_bits(np.array([0, 0, 0, 1]), np.array([0.75, 1, 0, 0.5]))
    np.testing.assert_allclose(got, [0, np.log2(4 / 3), -np.inf, 1])
