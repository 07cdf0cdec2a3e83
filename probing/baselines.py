"""What methods that need no trained encoder get on a run's sentences.

All are scored on the folds of the probes, so that they are compared sentence by sentence.
"""

import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from probing.geometry import is_constant
from probing.probes import nested, search, solver
from probing.probes.folds import Fold, Plan
from probing.probes.result import Baseline
from probing.probes.scoring import majority, score
from probing.probes.search import Tick

TERMS = 20_000  # most words and pairs of words that TF-IDF looks at
NORM = 10.0  # length of a sentence's TF-IDF vector
CLEARLY = 0.02  # share by which one worse value of C ends the walk along them
GRADIENT = 1e-6  # largest entry allowed in the gradient of the mean loss, and
PENALTY = 1e-3  # largest entry allowed as a share of the penalty's weight 1 / (C·|T|)
NEWTON_STEPS = 100
STEP_PRODUCTS = 5_000_000  # entries × classes that Newton steps may read between two ticks
TEXTS_A_TICK = 500
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\uff66-\uff9f"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
"""Scripts that put no space between words, as a range of a regular expression."""


def majority_baseline(y: np.ndarray, plan: Plan) -> Baseline:
    """The most frequent class for every sentence. ``y`` int64 (n,) class numbers."""
    return majority(Baseline, y, plan, name="majority")


def length(
    token_counts: np.ndarray,
    texts: Sequence[str],
    y: np.ndarray,
    classes: int,
    plan: Plan,
    tick: Tick = lambda: None,
) -> Baseline:
    """The probe on two features: word pieces, (n,) ``token_counts``, and characters."""
    x = np.stack([token_counts, [len(text) for text in texts]], axis=1).astype(np.float64)
    if not np.ptp(x, axis=0).any():
        return majority(Baseline, y, plan, name="length")
    return _probed("length", x, y, classes, plan, tick)


def embeddings(
    x: np.ndarray, y: np.ndarray, classes: int, plan: Plan, tick: Tick = lambda: None
) -> Baseline:
    """The probe on (n, H) means of the layer-0 vectors: words without their order or context.

    Positions are in them too; but for the LayerNorm, their mean depends on the length alone.
    """
    if is_constant(x):
        return majority(Baseline, y, plan, name="embeddings")
    return _probed("embeddings", x, y, classes, plan, tick)


def tfidf(
    texts: Sequence[str], y: np.ndarray, classes: int, plan: Plan, tick: Tick = lambda: None
) -> Baseline:
    """The probe on TF-IDF of words and pairs of words, weighted and fitted on training rows only.

    The same objective and the same choice of C as the other probes', by scikit-learn since the
    matrix is wide and sparse. The features differ in two things. They are not standardised: a word
    of one sentence in a thousand would be blown up thirtyfold. And a sentence's vector has length
    ``NORM`` instead of 1, which is the same as trying a C a hundred times larger: text of many
    classes wants C around 1,000 for vectors of length 1, beyond the grid that suits standardised
    features.

    Cost: seconds for 5,000 sentences in two classes; minutes for 13,000 in 77. ``tick`` is called
    every few Newton steps.
    """
    counts = count_words(texts, tick)
    if counts is None:
        return majority(Baseline, y, plan, name="tfidf")
    log_p = np.full((len(y), classes), np.nan)
    chosen = [_choose(counts, y, classes, fold, tick) for fold in plan.folds]
    for fold, (strength, _) in zip(plan.folds, chosen, strict=True):
        probe = _Probe(counts, y, classes, fold.train, fold.test)
        log_p[fold.test] = probe.log_probabilities(strength, tick)
    held = nested.HeldOut(log_p, tuple(c for c, _ in chosen), tuple(loss for _, loss in chosen))
    return score(Baseline, y, held.log_p, held.C, name="tfidf")


def count_words(texts: Sequence[str], tick: Tick = lambda: None) -> Any:
    """Sparse float64 (n, ≤ ``TERMS``) counts of words and pairs of words, or None.

    The most frequent of all n texts, in the order of the alphabet; labels play no part. None where
    the counts tell no two texts apart: no text has a word, say. A word is a run of letters, digits
    and underscores, case folded; in scripts without spaces each letter is one. Letters keep their
    marks (the vowel signs of Hindi or Thai), which ``\\w`` would cut at.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(
        ngram_range=(1, 2), token_pattern=word_pattern(), max_features=TERMS, dtype=np.float64
    )
    try:
        counts = vectorizer.fit_transform(_ticking(texts, tick)).tocsr()
    except ValueError:  # an empty vocabulary
        return None
    return counts if (counts.max(axis=0) != counts.min(axis=0)).nnz else None


@lru_cache
def word_pattern() -> str:
    """The regular expression of a word; see ``count_words``."""
    marks = "".join(chr(c) for c in range(0x20000) if unicodedata.category(chr(c))[0] == "M")
    # each begins with a letter or digit: the mark that makes a heart an emoji is no word
    return rf"(?=\w)(?:[{UNSPACED}][{marks}]*|(?:(?![{UNSPACED}])[\w{marks}])+)"


def _ticking(texts: Sequence[str], tick: Tick) -> Iterator[str]:
    for i, text in enumerate(texts):
        if i % TEXTS_A_TICK == 0:
            tick()
        yield text


def _probed(
    name: str, x: np.ndarray, y: np.ndarray, classes: int, plan: Plan, tick: Tick
) -> Baseline:
    held = nested.held_out(solver.Features.of(x), y, classes, plan.folds, tick=tick)
    return score(Baseline, y, held.log_p, held.C, name=name)


def _choose(
    counts: Any, y: np.ndarray, classes: int, fold: Fold, tick: Tick
) -> tuple[float, float]:
    """The C of least log-loss over the inner folds, and that log-loss; see ``nested``."""
    probes, known = [], []
    for train, held in fold.inner:
        # rows of a class that the training rows lack say nothing about C
        rows = held[np.isin(y[held], y[train])]
        probes.append(_Probe(counts, y, classes, train, rows))
        known.append(rows)
    truth = np.concatenate([y[rows] for rows in known]) if known else np.array([], dtype=int)
    if not len(truth):
        return search.STRENGTHS[0], float("inf")
    losses: list[float] = []
    for c in search.STRENGTHS:
        log_p = np.concatenate([probe.log_probabilities(c, tick) for probe in probes])
        losses.append(-float(log_p[np.arange(len(truth)), truth].mean()))
        if search.passed(np.array([losses]), CLEARLY).all():
            break
    (strength,), (loss,) = search.least(np.array([losses]), search.STRENGTHS)
    return strength, loss


class _Probe:
    """A probe on some training rows, asked about others; each fit starts from the last."""

    def __init__(
        self, counts: Any, y: np.ndarray, classes: int, train: np.ndarray, rows: np.ndarray
    ) -> None:
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        seen = counts[train].getnnz(axis=0) > 0
        if not seen.any():
            seen[0] = True  # a column of zeros: the intercept is all there is
        fitted, asked = counts[train][:, seen], counts[rows][:, seen]
        weigh = TfidfTransformer().fit(fitted)
        if len(rows):  # scikit-learn refuses none
            asked = NORM * weigh.transform(asked)
        self.x, self.asked = _fewer(NORM * weigh.transform(fitted), asked)
        self.y, self.classes = y[train], classes
        # Newton's method keeps nothing from step to step, so that it can be called for a few at a
        # time, with a tick between
        self.steps = int(np.clip(STEP_PRODUCTS // (self.x.nnz * classes + 1), 1, NEWTON_STEPS))
        self.model = LogisticRegression(solver="newton-cg", warm_start=True, max_iter=self.steps)

    def log_probabilities(self, strength: float, tick: Tick) -> np.ndarray:
        """float64 (rows, classes), in nats; about −1e30 for classes that training lacks."""
        from scipy.special import log_softmax

        present = np.unique(self.y)
        logits = np.full((self.asked.shape[0], self.classes), solver.ABSENT)
        if len(present) == 1 or not len(logits):
            logits[:, present] = 0.0
        else:
            self._fit(strength, tick)
            found = self.model.decision_function(self.asked)
            logits[:, present] = found if found.ndim == 2 else np.stack([0 * found, found], axis=1)
        return log_softmax(logits, axis=1)

    def _fit(self, strength: float, tick: Tick) -> None:
        within = min(GRADIENT, PENALTY / (strength * len(self.y)))
        self.model.set_params(C=strength, tol=within)
        for _ in range(0, NEWTON_STEPS, self.steps):
            with warnings.catch_warnings():
                # a few steps are not expected to converge; where the line search finds nothing
                # better it is as converged as float64 allows
                warnings.simplefilter("ignore")
                self.model.fit(self.x, self.y)
            tick()
            if self.model.n_iter_.max() < self.steps:
                return


def _fewer(x: Any, asked: Any) -> tuple[Any, Any]:
    """The same problem in fewer columns: those that a single row of ``x`` has become one a row.

    ``x`` and ``asked`` are sparse (rows, columns). Most pairs of words stand in one text only. The
    penalty makes the weights of a text's own columns proportional to its values there, whatever
    the classes, so that one column along that direction has the same minimiser.
    """
    from scipy.sparse import diags_array, hstack

    own = x.getnnz(axis=0) == 1
    length = np.sqrt(np.asarray(x[:, own].power(2).sum(axis=1)).ravel())
    some = np.flatnonzero(length)
    directions = (diags_array(1 / length[some]) @ x[some][:, own]).T
    return tuple(
        hstack([part[:, ~own], part[:, own] @ directions], format="csr") for part in (x, asked)
    )
