"""Two runs compared, sentence by sentence where both scored the same ones.

What is paired is a text with its label (case and white space of the text aside, one of its copies).
Encoders, folds, seeds and the rest of the data may differ: of every sentence each run says what a
probe predicts that was not fitted on it. All contrasts of two runs are tested as one family, by the
rules of ``comparison``. Words for it are in ``between_said``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from probing import statistics
from probing.answers import called, results_of, truth
from probing.between_sentences import first_scored, paired, varied
from probing.board import Board, estimates
from probing.comparison import FEWEST, contrasts_of
from probing.contrasts import ALPHA, survives
from probing.differing import tell_apart
from probing.evidence import Contrast, Detectable, Estimate, Metric
from probing.hiding import is_hidden
from probing.probes.folds import fold_text
from probing.record import Run

Reason = Literal["", "hidden", "unlabelled", "kinds", "classes", "none", "few"]
"""Why nothing is tested; empty where it is. With ``few`` there are differences without a p."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """How run a and run b compare on the sentences that both scored."""

    names: tuple[str, str]
    """What a and b are called."""
    reason: Reason
    metric: Metric
    """What their cells are compared by."""
    texts: int
    """Distinct texts that both scored, whatever their labels."""
    n: int
    """Distinct texts that both scored under the same label: what a test counts."""
    only_classes: tuple[tuple[str, ...], tuple[str, ...]]
    """Classes that only a, and that only b has."""
    contrasts: tuple[Contrast, ...] = ()
    """Of a cell of a (``a``) with a cell of b (``b``), one family: the same pooling at the same
    relative depth, and each cell that a fold of a chose with each that a fold of b chose."""
    best: Contrast | None = None
    """The one of ``contrasts`` between the cells that most folds of each run chose on inner
    folds; None where a run has none."""
    scores: tuple[Estimate, Estimate] | None = None
    """Scores of these two on the shared sentences."""
    detectable: Detectable | None = None
    """What so many sentences can tell; None for numbers and where nothing is shared."""
    depths: tuple[int, int] = (0, 0)
    """Layers of a's encoder and of b's, without the embedding output."""
    alpha: float = ALPHA
    """p up to which a difference is named: 0.05 over the number of runs compared with a."""
    positions: tuple[tuple[int, int], ...] = ()
    """Where each shared sentence stands in a's sentences, and in b's."""

    @property
    def text(self) -> str:
        """What may be said of it, in words."""
        from probing.between_said import sentences

        return " ".join(sentences(self))

    def survives(self, contrast: Contrast) -> bool:
        """Whether a difference holds after correction for all contrasts."""
        return survives(contrast, self.alpha)


def compare(
    a: Run, b: Run, *, names: tuple[str, str] | None = None, among: int = 1, seed: int = 0
) -> Comparison:
    """Compare two finished runs: which knows more of the label, and at which layer.

    ``names`` are what the runs are called, by default what tells them apart. ``among`` is the
    number of runs that a is compared with: each test is then that much stricter (Bonferroni).

    Sentences are paired by text and label. Nothing is tested where fewer than 100 different ones
    are shared, where classes differ, where one run has numbers and the other classes, or where
    sentences are hidden: ``Comparison.reason``, and in words ``Comparison.text``.

    p are those of sign-flip max-T over all contrasts (Westfall & Young 1993), intervals paired
    bootstrap over distinct texts, both allowing for cross-validation
    (``statistics.cross_validation_inflation``).
    """
    named = names or tuple(tell_apart([a, b]))
    metric = metric_of([a, b])
    kept, others = set(a.sentences.classes), set(b.sentences.classes)
    classes = (tuple(sorted(kept - others)), tuple(sorted(others - kept)))
    blank = Comparison(
        (named[0], named[1]),
        _reason(a, b, classes),
        metric or "accuracy",
        0,
        0,
        classes if a.kind == b.kind == "classes" else ((), ()),
        depths=(depth_of(a), depth_of(b)),
        alpha=ALPHA / max(1, among),
    )
    if blank.reason in ("hidden", "unlabelled"):
        return blank
    texts = len({t for t, _ in first_scored(a)} & {t for t, _ in first_scored(b)})
    if blank.reason:
        return replace(blank, texts=texts)
    pairs = paired(a, b)
    n = len({fold_text(a.sentences.texts[i]) for i, _ in pairs})
    reason: Reason = "none" if not pairs else "few" if n < FEWEST else ""
    found = replace(blank, reason=reason, texts=texts, n=n, positions=pairs)
    return _weighed(found, a, b, seed) if varied(a, pairs) else replace(found, reason="none")


def _reason(a: Run, b: Run, classes: tuple[tuple[str, ...], tuple[str, ...]]) -> Reason:
    if "none" in (a.kind, b.kind):
        return "unlabelled"
    if a.kind != b.kind:
        return "kinds"
    if is_hidden(a) or is_hidden(b):
        return "hidden"
    return "classes" if a.kind == "classes" and any(classes) else ""


# ---- how they compare


def _weighed(found: Comparison, a: Run, b: Run, seed: int) -> Comparison:
    at = np.array(found.positions, dtype=np.int64)
    board = _board(found.metric, a, b, at, seed)
    methods = {}
    for name, run, where in (("a", a, at[:, 0]), ("b", b, at[:, 1])):
        for cell in results_of(run):
            methods[f"{name} {cell.name}"] = board.values(cell.predicted[where])
    best = _best_pair(a, b)
    pairs = [
        (one, other)
        for one, other in dict.fromkeys(_pairs(a, b))
        if (one, other) == best or not np.array_equal(methods[one], methods[other])
    ]
    contrasts = tuple(
        replace(c, a=c.a[2:], b=c.b[2:]) for c in contrasts_of(board, methods, pairs, seed)
    )
    if best is None:
        return replace(found, contrasts=contrasts, detectable=_detectable(board, contrasts, []))
    chosen = [called(run, name[2:]) for run, name in zip((a, b), best, strict=True)]
    scores = estimates(board, [c.predicted[at[:, k]] for k, c in enumerate(chosen)])
    return replace(
        found,
        contrasts=contrasts,
        best=next(c for c in contrasts if (c.a, c.b) == (best[0][2:], best[1][2:])),
        scores=(scores[0], scores[1]),
        detectable=_detectable(board, contrasts, [s.value for s in scores]),
    )


def _board(metric: Metric, a: Run, b: Run, at: np.ndarray, seed: int) -> Board:
    texts = [fold_text(a.sentences.texts[i]) for i in at[:, 0].tolist()]
    groups = np.unique(texts, return_inverse=True)[1].astype(np.int64)
    folds = max(_folds(a), _folds(b))
    return Board.of(metric, np.ones(len(at), dtype=bool), truth(a)[at[:, 0]], groups, seed, folds)


def _folds(run: Run) -> int:
    """Outer folds; where a run does not tell, more than one, which is the careful guess."""
    return max((len(cell.fold_C) for cell in results_of(run)), default=0) or 2


def _pairs(a: Run, b: Run) -> Iterator[tuple[str, str]]:
    """Names of the methods of each contrast; constant cells know nothing and take no part."""
    there = {(c.layer, c.pooling): c for c in results_of(b) if not c.constant}
    depth_a, depth_b = depth_of(a), depth_of(b)
    for cell in results_of(a):
        layer, rest = divmod(cell.layer * depth_b, max(1, depth_a))
        other = there.get((layer, cell.pooling))
        if not (cell.constant or rest or other is None):
            yield f"a {cell.name}", f"b {other.name}"
    if a.evidence.best is not None and b.evidence.best is not None:
        for one in a.evidence.best.choices:
            for choice in b.evidence.best.choices:
                yield f"a {one}", f"b {choice}"


def _best_pair(a: Run, b: Run) -> tuple[str, str] | None:
    """The cell of each run that most of its folds chose.

    Which sentence was in which fold is not stored, so it is scored on all of them; as all cells
    that any fold chose are in the family, the test allows for that.
    """
    one, other = a.evidence.best, b.evidence.best
    if one is None or other is None:
        return None
    return f"a {one.pooling}_{one.layer}", f"b {other.pooling}_{other.layer}"


def _detectable(
    board: Board, contrasts: Sequence[Contrast], scores: Sequence[float]
) -> Detectable | None:
    if board.metric == "r2" or not contrasts:
        return None
    n, share = board.texts, [(c.only_a + c.only_b) / board.texts for c in contrasts]
    discordant = max(float(np.median(share)), 1 / n)
    inflation = float(board.inflation(np.array(scores or [0.5])).max())
    smallest = statistics.detectable_difference(n / inflation, discordant)
    return Detectable(n, discordant, smallest, inflation)


# ---- what a run is


def depth_of(run: Run) -> int:
    """The number of its encoder's layers."""
    return int(run.record["encoder"]["layers"])


def metric_of(runs: Sequence[Run]) -> Metric | None:
    """What all runs can be compared by; None where some have numbers and some have classes."""
    kinds = {run.kind for run in runs} - {"none"}
    if len(kinds) != 1:
        return None
    if kinds == {"numbers"}:
        return "r2"
    leading = {run.evidence.metric for run in runs if run.kind == "classes"}
    return leading.pop() if len(leading) == 1 else "balanced_accuracy"
