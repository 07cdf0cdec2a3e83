"""Controls: what a probe gets where there is nothing to know, and what the task must be held to.

All of them score the same linear probe as ``probing.probes.nested``. Where an interval is wanted
there is a value a sentence, so that every interval rests on the run's one set of resamples.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from probing.evidence import Permutation
from probing.geometry import is_constant
from probing.probes import nested, solver
from probing.probes.folds import Plan
from probing.probes.history import MEMORY
from probing.probes.result import ProbeResult

LENGTH_BINS = 4
"""Bins of sentence length in the type control: quartiles."""
ATTEMPTS = 20
"""Draws of control labels before giving up."""
NOISE = 0.01
"""Standard deviation of the noise, as a share of the vectors' root mean square."""
STRENGTH = 0.1
"""C of the permutation test. Fixed, because a C chosen on the real labels would favour them."""
STEPS = 10
"""Iterations of the permutation test's fits. Predictions hardly move after, and a rule that is the
same for all labellings leaves the test exact."""
ENTRIES = 10_000_000  # most float32 entries of fits held at once in the permutation test

Tick = Callable[[], None]


def control_types(first_pieces: Sequence[int], lengths: np.ndarray) -> np.ndarray:
    """int64 (n,) type of each sentence: its first word piece and the quartile of its length.

    ``first_pieces`` are token ids, ``lengths`` (n,) word pieces. Equal types have equal numbers;
    copies of a text share theirs.
    """
    inner = np.arange(1, LENGTH_BINS) / LENGTH_BINS
    bins = np.searchsorted(np.quantile(lengths, inner, method="lower"), lengths)
    pairs = np.stack([np.asarray(first_pieces, dtype=np.int64), bins], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def control_labels(types: np.ndarray, y: np.ndarray, plan: Plan, seed: int) -> np.ndarray | None:
    """int64 (n,) control task: a random label per type, drawn from the labels' distribution.

    One draw for all cells of a run keeps their selectivities comparable. Every training part of
    ``plan`` gets two classes at least; None where ``ATTEMPTS`` draws do not give that (few types,
    or nearly one class only).
    """
    share = np.bincount(y) / len(y)
    kinds, of = np.unique(types, return_inverse=True)
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, attempt])
        drawn = rng.choice(len(share), size=len(kinds), p=share)[of.reshape(-1)]
        if all(len(np.unique(drawn[fold.train])) > 1 for fold in plan.folds):
            return drawn.astype(np.int64)
    return None


def recurring(types: np.ndarray, plan: Plan) -> float:
    """Share of the scored sentences whose type is in the training part of their fold, 0 … 1.

    Only there can the control task be learnt. Elsewhere its labels are new coin tosses, the
    control accuracy is the majority's at best, and selectivity says no more than the accuracy.
    """
    known = [np.isin(types[fold.test], types[fold.train]) for fold in plan.folds]
    return float(np.concatenate(known).mean())


def type_control(
    features: solver.Features,
    control_y: np.ndarray,
    classes: int,
    plan: Plan,
    probe: ProbeResult,
    tick: Tick = lambda: None,
) -> np.ndarray:
    """Boolean (n,) whether the control label of a held-out sentence is predicted.

    False where ``probe`` scored nothing. The probe is the cell's own: fold by fold the C that
    ``probe`` chose for the task, so that task and control are scored by one and the same family
    of probes, on the same sentences. Selectivity = accuracy on the task − accuracy here: low where
    the probe does as well on labels that only knowing the type can explain.

    Hewitt & Liang 2019, "Designing and Interpreting Probes with Control Tasks"; types are of
    sentences here (see ``control_types``) instead of words. Raises ``ValueError`` for the result
    of a constant cell: it chose no C.
    """
    if len(probe.fold_C) != len(plan.folds):
        raise ValueError(
            f"{probe.name} has {len(probe.fold_C)} values of C for {len(plan.folds)} folds; a "
            "constant cell has no type control."
        )
    held = nested.held_out(features, control_y, classes, plan.folds, fixed=probe.fold_C, tick=tick)
    return (held.log_p.argmax(axis=1) == control_y) & probe.scored


def shuffled(y: np.ndarray, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """int64 (n,) labels to learn by heart: ``y`` permuted.

    ``groups`` (n,) numbers the distinct texts: copies then keep one label between them, since no
    probe could tell them apart.
    """
    of = np.arange(len(y)) if groups is None else groups
    blocks = exchangeable(of, np.zeros(len(y), dtype=np.int64))
    return permuted(y, blocks, np.random.default_rng(seed))


def memorised(features: solver.Features, labels: np.ndarray, classes: int, C: float) -> float:
    """Accuracy on the very sentences fitted on, for ``shuffled`` labels: what it learns by heart.

    1 where there are as many dimensions as sentences and C is large; the majority's share where
    there is one dimension.
    """
    everything, strength = torch.ones(len(labels), 1), torch.tensor([C])
    fits, _ = solver.fit(features, torch.from_numpy(labels), classes, everything, strength)
    return float((_predicted(features, fits)[:, 0] == labels).mean())


def noisy(x: np.ndarray, seed: int) -> np.ndarray:
    """float32 (n, H): ``x`` with Gaussian noise of 1 % of the root mean square of all its entries.

    A probe standardises, and so reads a millionth of the variance as well as all of it. What is
    left under this noise is what stands out of the vectors as they are.
    """
    wide = np.asarray(x, dtype=np.float64)
    scale = NOISE * np.sqrt(np.square(wide).mean())
    return (wide + scale * np.random.default_rng(seed).normal(size=wide.shape)).astype(np.float32)


def joint(cls: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """float32 (n, 2H) [mean; CLS], to be probed for what both know together.

    The probe standardises each dimension, so neither half outweighs the other, and [mean; 0] is
    the probe of the mean alone: zeros get no weight. A constant half enters as zeros; its float
    noise would be standardised too, and it holds the length of the batch's longest sentence.
    """
    halves = [np.zeros_like(half) if is_constant(half) else half for half in (mean, cls)]
    return np.concatenate(halves, axis=1, dtype=np.float32)


def bits_added(alone: ProbeResult, both: ProbeResult) -> np.ndarray:
    """float64 (scored,) log2 p(label | both) − log2 p(label | alone), for each scored sentence.

    The mean is the conditional information of Hewitt et al. 2021 ("Conditional probing: measuring
    usable information beyond a baseline"): the log-loss of ``alone`` less that of ``both``. It
    may be negative: a probe with more dimensions also has more to get wrong. Probabilities below
    1e-38 count as 1e-38. Raises ``ValueError`` where either is a constant cell, or others were
    scored.
    """
    if alone.constant or both.constant or not np.array_equal(alone.scored, both.scored):
        raise ValueError(
            f"{alone.name} and {both.name} are not comparable: one is constant, or they were "
            "scored on different sentences."
        )
    floor = float(np.finfo(np.float32).tiny)
    with_both, with_one = (
        np.log2(np.maximum(result.true_probability[result.scored].astype(np.float64), floor))
        for result in (both, alone)
    )
    return with_both - with_one


def permutation_test(
    features: solver.Features,
    y: np.ndarray,
    classes: int,
    plan: Plan,
    groups: np.ndarray,
    *,
    layer: int,
    pooling: str,
    permutations: int = 199,
    C: float = STRENGTH,
    seed: int,
    tick: Tick = lambda: None,
) -> Permutation:
    """Whether a cell knows anything of the labels: p = (1 + #{permuted ≥ real}) / (1 + B).

    The score is held-out accuracy along ``plan``. Exact by exchangeability: real and permuted
    labels are fitted with the same C, and labels are exchanged only among distinct texts that
    play the same part in every fold (see ``exchangeable``), which leaves folds stratified and
    copies of a text alike. Ties count against the real labels, so p is never too small.

    Cost: (permutations + 1) · folds fits, batched; seconds for 400 × 384 and 10 classes.
    """
    blocks = exchangeable(groups, _parts(plan, len(y)))
    rng = np.random.default_rng(seed)
    labels = np.stack([y, *(permuted(y, blocks, rng) for _ in range(permutations))], axis=1)
    hits = _hits(features, labels, classes, plan, C, tick)
    n = sum(len(fold.test) for fold in plan.folds)
    return Permutation(
        layer=layer,
        pooling=pooling,
        n=n,
        permutations=permutations,
        C=C,
        accuracy=float(hits[0] / n),
        permuted_accuracy=float(hits[1:].mean() / n),
        p=float((1 + (hits[1:] >= hits[0]).sum()) / (1 + permutations)),
    )


def exchangeable(groups: np.ndarray, parts: np.ndarray) -> list[np.ndarray]:
    """Distinct texts that may swap their labels: int64 (texts, copies) rows, a block each.

    The texts of a block have the same number of copies, and as many of them in each of ``parts``
    (n,). A text whose like is not found stands alone and keeps its labels.
    """
    order = np.lexsort((parts, groups))
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    blocks: dict[tuple[int, ...], list[np.ndarray]] = {}
    for rows in np.split(order, ends):
        blocks.setdefault(tuple(parts[rows].tolist()), []).append(rows)
    return [np.stack(texts) for texts in blocks.values()]


def permuted(y: np.ndarray, blocks: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """int64 (n,) ``y`` with the labels of each block's texts exchanged at random."""
    labels = y.astype(np.int64)
    for texts in blocks:
        labels[texts] = y[rng.permutation(texts)]
    return labels


def _parts(plan: Plan, n: int) -> np.ndarray:
    """int64 (n,): equal for rows that train and score the same folds."""
    roles = np.zeros((n, 2 * len(plan.folds)), dtype=bool)
    for i, fold in enumerate(plan.folds):
        roles[fold.train, 2 * i] = True
        roles[fold.test, 2 * i + 1] = True
    return np.unique(roles, axis=0, return_inverse=True)[1].reshape(-1)


def _hits(
    features: solver.Features,
    labels: np.ndarray,
    classes: int,
    plan: Plan,
    C: float,
    tick: Tick,
) -> np.ndarray:
    """int64 (L,): held-out sentences predicted rightly for each column of ``labels`` (n, L)."""
    n, folds = len(labels), len(plan.folds)
    train, test = torch.zeros(n, folds), np.zeros((n, folds), dtype=bool)
    for i, fold in enumerate(plan.folds):
        train[fold.train, i], test[fold.test, i] = 1.0, True
    # logits and their gradient, and what L-BFGS remembers
    entries = 3 * n + (2 * MEMORY + 4) * features.values.shape[1]
    size = max(1, ENTRIES // (entries * folds * (1 if classes == 2 else classes)))
    hits = []
    for start in range(0, labels.shape[1], size):
        # a problem a labelling and fold
        y = np.repeat(labels[:, start : start + size], folds, axis=1)
        copies = y.shape[1] // folds
        strength = torch.full((y.shape[1],), C)
        fits, _ = solver.fit(
            features,
            torch.from_numpy(y),
            classes,
            train.repeat(1, copies),
            strength,
            max_iterations=STEPS,
        )
        right = (_predicted(features, fits) == y) & np.tile(test, copies)
        hits.append(right.sum(axis=0).reshape(copies, folds).sum(axis=1))
        tick()
    return np.concatenate(hits)


def _predicted(features: solver.Features, fits: solver.Fits) -> np.ndarray:
    """int64 (n, P) class that each problem predicts for each row."""
    d, problems, columns = fits.weights.shape
    logits = features.values @ fits.weights.reshape(d, -1)
    logits = logits.reshape(-1, problems, columns) + fits.intercepts
    chosen = (logits[:, :, 0] > 0).long() if columns == 1 else logits.argmax(dim=2)
    return chosen.numpy()
