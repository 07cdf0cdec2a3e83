"""Scores of predictions against labels."""

import numpy as np

BINS = 15


def entropy_bits(y: np.ndarray) -> float:
    """Entropy of the labels' own distribution, in bits."""
    _, counts = np.unique(y, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0


def balanced_accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean recall over the classes present in ``y``."""
    return float(np.mean([(predicted[y == k] == k).mean() for k in np.unique(y)]))


def macro_f1(y: np.ndarray, predicted: np.ndarray) -> float:
    """Mean F1 over the classes present in ``y`` or predicted; a class never hit counts 0."""
    classes = np.union1d(y, predicted)
    hits = np.array([((y == k) & (predicted == k)).sum() for k in classes])
    sizes = np.array([(y == k).sum() + (predicted == k).sum() for k in classes])
    return float(np.mean(2 * hits / sizes))


def calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Expected calibration error: |accuracy − mean confidence| per bin, weighted by bin size.

    ``confidence`` (n,) the probability of the predicted class; ``BINS`` equal-width bins, each
    closed above (Naeini et al. 2015).
    """
    gaps = np.bincount(_bin(confidence), correct - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def reliability(
    confidence: np.ndarray, correct: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count, mean confidence and accuracy of each bin of ``calibration_error``, (``BINS``,) each.

    Mean confidence and accuracy are NaN in an empty bin.
    """
    bins = _bin(confidence)
    counts = np.bincount(bins, minlength=BINS)
    some = np.where(counts, counts, np.nan)
    sums = (np.bincount(bins, values, minlength=BINS) for values in (confidence, correct))
    mean, accuracy = (total / some for total in sums)
    return counts, mean, accuracy


def _bin(confidence: np.ndarray) -> np.ndarray:
    """Number of the bin of each confidence."""
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def pointwise_information_bits(y: np.ndarray, true_probability: np.ndarray) -> np.ndarray:
    """(n,) log2 p(y|x) − log2 p(y): what the probe knows of each sentence (Ethayarajh 2022).

    p(y) is the label's share among the scored sentences, so the mean is the usable information.
    """
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    with np.errstate(divide="ignore"):
        return np.log2(true_probability) - np.log2(counts[inverse] / len(y))
