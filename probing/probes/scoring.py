"""From held-out log-probabilities to ``Scores``."""

from typing import Any, TypeVar

import numpy as np

from probing.probes import metrics
from probing.probes.folds import Plan
from probing.probes.result import Scores
from probing.statistics import wilson

Kind = TypeVar("Kind", bound=Scores)


def score(kind: type[Kind], y: np.ndarray, log_p: np.ndarray, C: float | None, **own: Any) -> Kind:
    """Score log-probabilities (n, classes), NaN in the rows that were not held out.

    ``y`` int64 (n,) class numbers; ``own`` are the fields that ``kind`` adds to ``Scores``. The
    interval is Wilson's until a run's resamples replace it.
    """
    scored = np.flatnonzero(~np.isnan(log_p).any(axis=1))
    truth, values = y[scored], log_p[scored]
    predicted, n = values.argmax(axis=1).astype(np.int32), len(truth)
    true_log_p = values[np.arange(n), truth]
    loss = -float(true_log_p.mean() / np.log(2))
    # a class that a fold never saw has probability 0 and log-loss infinity: nothing to show
    finite = np.isfinite(loss) and loss < 1e6
    correct = int((predicted == truth).sum())
    low, high = wilson(correct, n)
    confidence = np.exp(values.max(axis=1))
    return kind(
        accuracy=correct / n,
        ci_low=low,
        ci_high=high,
        balanced_accuracy=metrics.balanced_accuracy(truth, predicted),
        macro_f1=metrics.macro_f1(truth, predicted),
        log_loss_bits=loss if finite else None,
        C=C,
        n=n,
        constant=False,
        usable_information_bits=metrics.entropy_bits(truth) - loss if finite else None,
        calibration_error=metrics.calibration_error(confidence, predicted == truth),
        predicted=_spread(predicted, scored, len(y), -1, np.int32),
        true_probability=_spread(np.exp(true_log_p), scored, len(y), np.nan, np.float32),
        confidence=_spread(confidence, scored, len(y), np.nan, np.float32),
        **own,
    )


def majority(kind: type[Kind], y: np.ndarray, plan: Plan, **own: Any) -> Kind:
    """The most frequent class for every sentence: all that one vector for all of them allows."""
    predicted = np.full(len(y), -1, dtype=np.int32)
    for fold in plan.folds:
        predicted[fold.test] = majority_class(y, plan)
    scored = predicted >= 0
    correct, n = int((predicted == y)[scored].sum()), int(scored.sum())
    low, high = wilson(correct, n)
    return kind(
        accuracy=correct / n,
        ci_low=low,
        ci_high=high,
        balanced_accuracy=None,
        macro_f1=None,
        log_loss_bits=None,
        C=None,
        n=n,
        constant=True,
        usable_information_bits=None,
        calibration_error=None,
        predicted=predicted,
        true_probability=np.full(len(y), np.nan, dtype=np.float32),
        confidence=np.full(len(y), np.nan, dtype=np.float32),
        **own,
    )


def majority_class(y: np.ndarray, plan: Plan) -> int:
    """The most frequent class: of all sentences in cross-validation, of train in a given split."""
    seen = np.arange(len(y)) if len(plan.folds) > 1 else plan.folds[0].train
    return int(np.bincount(y[seen]).argmax())


def _spread(values: np.ndarray, at: np.ndarray, n: int, empty: float, kind: Any) -> np.ndarray:
    whole = np.full(n, empty, dtype=kind)
    whole[at] = values
    return whole
