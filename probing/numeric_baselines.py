"""What methods that need no trained encoder get where labels are numbers.

All are scored on the folds of the probes, and but for the mean by ridge regression too.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from probing.baselines import count_words
from probing.geometry import is_constant
from probing.probes import ridge
from probing.probes.folds import Plan
from probing.probes.regression import NumericBaseline
from probing.probes.search import Tick

TOLERANCE = 1e-6  # of the conjugate gradients, relative


def mean(target: np.ndarray, plan: Plan) -> NumericBaseline:
    """The training sentences' mean number for every sentence."""
    return ridge.mean_predictor(NumericBaseline, target, plan, name="mean")


def length(
    token_counts: np.ndarray | None,
    texts: Sequence[str],
    target: np.ndarray,
    plan: Plan,
    tick: Tick = lambda: None,
) -> NumericBaseline:
    """From the numbers of word pieces (n,) and of characters alone; None: of characters."""
    columns = [np.array([len(text) for text in texts])]
    if token_counts is not None:
        columns.append(token_counts)
    x = np.stack(columns, axis=1).astype(np.float64)
    return _from_features(x, target, plan, "length", tick)


def embeddings(
    words: np.ndarray, target: np.ndarray, plan: Plan, tick: Tick = lambda: None
) -> NumericBaseline:
    """From the (n, H) mean of the layer-0 vectors: words without their order or context."""
    return _from_features(words, target, plan, "embeddings", tick)


def tfidf(
    texts: Sequence[str], target: np.ndarray, plan: Plan, tick: Tick = lambda: None
) -> NumericBaseline:
    """From TF-IDF of words and pairs of words, weighted and fitted on training sentences only.

    Sentences' vectors have length 1, for which the usual choice of C is wide enough: α = 0.1 was
    chosen for 1,000 questions, inside the 0.01 … 10,000 that are tried.
    """
    counts = count_words(texts, tick)
    if counts is None:
        return ridge.mean_predictor(NumericBaseline, target, plan, name="tfidf")
    held = ridge.cross_fitted(partial(_tfidf_ridge, counts), target, plan.folds, tick=tick)
    return ridge.score(NumericBaseline, target, held.predicted, plan, C=held.C, name="tfidf")


def _from_features(
    x: np.ndarray, target: np.ndarray, plan: Plan, name: str, tick: Tick
) -> NumericBaseline:
    if is_constant(x):
        return ridge.mean_predictor(NumericBaseline, target, plan, name=name)
    held = ridge.held_out(x, target, plan.folds, tick=tick)
    return ridge.score(NumericBaseline, target, held.predicted, plan, C=held.C, name=name)


def _tfidf_ridge(
    counts: Any,
    target: np.ndarray,
    train: np.ndarray,
    rows: np.ndarray,
    strengths: Sequence[float],
) -> np.ndarray:
    """Ridge regressions on the TF-IDF of ``train``'s own terms; see ``ridge.Predict``."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import Ridge

    seen = np.flatnonzero(counts[train].getnnz(axis=0))
    if not len(seen):
        return np.full((len(rows), len(strengths)), target[train].mean())
    weigh = TfidfTransformer().fit(counts[train][:, seen])
    fitted, asked = (weigh.transform(counts[part][:, seen]) for part in (train, rows))
    columns = [
        Ridge(alpha=1 / c, solver="sparse_cg", tol=TOLERANCE)
        .fit(fitted, target[train])
        .predict(asked)
        for c in strengths
    ]
    return np.stack(columns, axis=1)
