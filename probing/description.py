"""How many bits it takes to tell the labels to someone who has the vectors: the online code.

Voita & Titov 2020, "Information-Theoretic Probing with Minimum Description Length". The labels
are sent block by block; each block is coded by a probe fitted on all the blocks before it, so a
probe that learns from few sentences, or a relation that is simple, makes a short code.

Every code here can be decoded: no probability is zero, they sum to one over the K classes, and
what the receiver cannot know beforehand (the strength C) is sent too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from probing.controls import exchangeable, permuted
from probing.evidence import Code
from probing.probes import metrics, search, solver

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Ends of the blocks, as shares of the distinct texts."""
FEWEST = 16
"""Fewest texts in the first block; 2 a class where that is more."""
HOPELESS = 1.2
"""A strength is given up once its code is this many times as long as the shortest so far,"""
SETTLED = 100
"""and this many labels are coded: with fewer, luck would decide."""

Tick = Callable[[], None]
Blocks = list[np.ndarray]
"""Rows of each block, in the order of sending."""


def online_code(
    features: solver.Features,
    y: np.ndarray,
    classes: int,
    groups: np.ndarray,
    *,
    layer: int,
    pooling: str,
    shuffles: int = 5,
    strengths: Sequence[float] = search.STRENGTHS,
    most: int = 2000,
    seed: int,
    tick: Tick = lambda: None,
) -> Code:
    """Length of the labels' online code, the mean over ``shuffles`` orders of the distinct texts.

    ``y`` int64 (n,) class numbers below ``classes`` (K); ``groups`` (n,) numbers the distinct
    texts: copies go to the same block, or one would be told by its twin. The first block costs
    log2 K a label. Every later block is coded with each of ``strengths`` (strong to weak); the C
    of the shortest whole code is used, and log2(#strengths) bits name it (a two-part code).
    Where all the texts are in the first block there is no probe, no C and n · log2 K bits.

    With more than ``most`` sentences a stratified sample of ``most`` is coded. A constant cell
    has no code: do not ask. Cost: (shuffles + 1) · blocks · #strengths fits, batched; seconds for
    400 × 384 and 10 classes.
    """
    rows = sample(y, most, np.random.default_rng(seed))
    part, truth, texts = _rows(features, rows), y[rows].astype(np.int64), groups[rows]
    orders = [np.random.default_rng([seed, i]) for i in range(shuffles + 1)]
    lines = [blocks(texts, classes, order) for order in orders]
    alike = exchangeable(texts, np.zeros_like(texts))
    # the last order is that of the control: permuted labels
    labels = [truth] * shuffles + [permuted(truth, alike, orders[-1])]
    lengths, accuracy, block_bits = code(
        part, np.stack(labels, axis=1), classes, lines, strengths, tick
    )
    bits, uniform = lengths[:-1], len(rows) * float(np.log2(classes))
    seen = [np.cumsum([len(block) for block in line])[:-1] for line in lines[:-1]]
    return Code(
        layer=layer,
        pooling=pooling,
        n=len(rows),
        classes=classes,
        shuffles=shuffles,
        bits=float(bits.mean()),
        bits_sd=float(bits.std(ddof=1)) if shuffles > 1 else 0.0,
        uniform_bits=uniform,
        prior_bits=len(rows) * metrics.entropy_bits(truth),
        compression=uniform / float(bits.mean()),
        permuted_bits=float(lengths[-1]),
        seen=tuple(round(count) for count in np.mean(seen, axis=0).tolist()),
        accuracy=tuple(accuracy[:-1].mean(axis=0).tolist()),
        block_bits=tuple(block_bits[:-1].mean(axis=0).tolist()),
    )


def sample(y: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """int64 sorted rows: all, or ``most`` drawn so that each class keeps its share within a row."""
    n = len(y)
    if n <= most:
        return np.arange(n)
    ordered = np.lexsort((rng.random(n), y))
    steps = (np.arange(most) + rng.random()) * n / most
    return np.sort(ordered[steps.astype(np.int64)])


def blocks(groups: np.ndarray, classes: int, rng: np.random.Generator) -> Blocks:
    """One random order of the distinct texts, cut into blocks.

    The ends are ``PORTIONS`` of the texts; those under ``FEWEST`` texts, or two a class, are
    merged into the first block.
    """
    texts, of = np.unique(groups, return_inverse=True)
    n = len(texts)
    place = rng.permutation(n)[of.reshape(-1)]  # of each row's text in the order
    ends = sorted({round(share * n) for share in PORTIONS})
    ends = [end for end in ends if end >= max(FEWEST, 2 * classes)] or [n]
    block = np.searchsorted(ends, place, side="right")
    return [np.flatnonzero(block == i) for i in range(len(ends))]


def code(
    features: solver.Features,
    labels: np.ndarray,
    classes: int,
    lines: Sequence[Blocks],
    strengths: Sequence[float],
    tick: Tick = lambda: None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code each column of ``labels`` int64 (n, lines) in the order of its line, all together.

    All lines have the same number B of blocks. Returns float64 (lines,) bits of the whole code,
    and (lines, B − 1) accuracy and bits a label on each block but the first, with the C of the
    line's shortest code.
    """
    sizes = np.array([[len(block) for block in line] for line in lines])
    first = sizes[:, 0] * np.log2(classes)
    shape = (len(lines), sizes.shape[1] - 1, len(strengths))
    bits, hits = np.full(shape, np.inf), np.zeros(shape)
    if not shape[1]:
        return first, np.empty(shape[:2]), np.empty(shape[:2])
    for i in range(shape[1]):
        length = first[:, None] + bits[:, :i].sum(axis=1)
        shortest = length.min(axis=1, keepdims=True)
        alive = (length <= HOPELESS * shortest) | (sizes[:, : i + 1].sum(axis=1) < SETTLED)[:, None]
        probes = _Probes(features, labels, classes, [np.concatenate(b[: i + 1]) for b in lines])
        after = [line[i + 1] for line in lines]
        for k, c in enumerate(strengths):
            kept = np.flatnonzero(alive[:, k])
            found = probes.probabilities(c, kept, after)
            for j, p in zip(kept.tolist(), found, strict=True):
                truth = labels[after[j], j]
                coded = cautious(p, int(sizes[j, : i + 1].sum()))[np.arange(len(truth)), truth]
                bits[j, i, k] = -np.log2(coded).sum()
                hits[j, i, k] = (p.argmax(axis=1) == truth).sum()
            tick()
    totals = bits.sum(axis=1)
    line, best = np.arange(len(lines)), totals.argmin(axis=1)
    whole = first + totals[line, best] + np.log2(len(strengths))
    return whole, hits[line, :, best] / sizes[:, 1:], bits[line, :, best] / sizes[:, 1:]


class _Probes:
    """What each line has learnt before one block."""

    def __init__(
        self, features: solver.Features, labels: np.ndarray, classes: int, before: Blocks
    ) -> None:
        """``before`` are the rows that each line has seen."""
        rows = np.unique(np.concatenate(before))
        self.whole, self.part, self.classes = features, _rows(features, rows), classes
        self.y = torch.from_numpy(labels[rows])
        self.train = torch.from_numpy(
            np.stack([np.isin(rows, seen) for seen in before], axis=1).astype(np.float32)
        )
        self.shares = np.stack(
            [
                np.bincount(labels[seen, j], minlength=classes) / len(seen)
                for j, seen in enumerate(before)
            ]
        )
        shape = (len(before), 1 if classes == 2 else classes, features.values.shape[1] + 1)
        self.parameters = torch.zeros(shape)

    def probabilities(self, c: float, lines: np.ndarray, blocks: Blocks) -> list[np.ndarray]:
        """float64 (block, K) for each of ``lines``: its probe of strength ``c`` on its block.

        Where only one class was seen there is no probe, and class frequencies stand for it. Call
        from strong to weak: each fit starts from where the last one ended.
        """
        fitted = lines[(self.shares[lines] > 0).sum(axis=1) > 1]
        found = {j: np.tile(self.shares[j], (len(blocks[j]), 1)) for j in lines.tolist()}
        if len(fitted):
            fits, self.parameters[fitted] = solver.fit(
                self.part,
                self.y[:, fitted],
                self.classes,
                self.train[:, fitted],
                torch.full((len(fitted),), c),
                self.parameters[fitted],
            )
            for p, j in enumerate(fitted.tolist()):
                log_p = fits.log_probabilities(self.whole, torch.from_numpy(blocks[j]), p)
                found[j] = log_p.exp().numpy()
        return [found[j] for j in lines.tolist()]


def cautious(p: np.ndarray, t: int) -> np.ndarray:
    """float64 (rows, K) probabilities that may code labels, from a probe's after t labels.

    The t labels seen and one more, spread evenly over the K classes::

        (t · p + 1/K) / (t + 1)

    This is Perks's (1947) rule for class frequencies, applied to a probe. A class not seen yet has
    1/(K(t+1)), and no label costs more than log2 K(t+1) bits. The price is log2(1 + 1/t) bits a
    label at most: 1.44 bits each time that the labels seen have doubled.
    """
    return (t * p + 1 / p.shape[1]) / (t + 1)


def _rows(features: solver.Features, rows: np.ndarray) -> solver.Features:
    """Some rows. The eigenvectors of all of them still precondition well."""
    return replace(features, values=features.values[torch.from_numpy(rows)])
