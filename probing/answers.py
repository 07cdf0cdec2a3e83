"""What the probes of a run were asked and what they answered, cell by cell."""

from collections.abc import Sequence

import numpy as np

from probing.labels import quantities
from probing.probes import metrics
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.record import Run

LEAST_PROBABILITY = 2.0**-149  # of float32: a smaller one was stored as 0, and its log is infinite

Cell = ProbeResult | RegressionResult


def results_of(run: Run) -> Sequence[Cell]:
    """The results of a run's probes, for classes or for numbers."""
    return run.regressions or run.probes


def called(run: Run, name: str) -> Cell:
    """The result of the cell ``name``, e.g. ``cls_6``."""
    return next(cell for cell in results_of(run) if cell.name == name)


def class_numbers(run: Run) -> np.ndarray:
    """int64 (n,) class number of each sentence, in the order of ``sentences.classes``."""
    number = {name: i for i, name in enumerate(run.sentences.classes)}
    return np.array([number[label] for label in run.sentences.labels or ()], dtype=np.int64)


def numbers(run: Run) -> np.ndarray:
    """float64 (n,) number of each sentence, where the run's labels are numbers."""
    return np.array(quantities(run.sentences, "numbers"), dtype=np.float64)


def truth(run: Run) -> np.ndarray:
    """(n,) number or class number of each sentence: what a prediction is held against."""
    return numbers(run) if run.kind == "numbers" else class_numbers(run)


def information(probe: ProbeResult, y: np.ndarray) -> np.ndarray:
    """(n,) bits that a cell knows of each sentence's label: log2 p(y|x) − log2 p(y).

    Negative where the probe is worse than knowing only how frequent the classes are. NaN where a
    sentence was not scored, and everywhere in a constant cell. The mean is the cell's usable
    information. A probability too small for float32 counts as the smallest there is, 2^-149.
    Source: Ethayarajh et al. 2022.
    """
    bits = np.full(len(y), np.nan)
    known = probe.scored & ~np.isnan(probe.true_probability)
    p = np.maximum(probe.true_probability[known].astype(np.float64), LEAST_PROBABILITY)
    bits[known] = metrics.pointwise_information_bits(y[known], p)
    return bits
