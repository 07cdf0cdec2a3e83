"""The knockout ladder: [CLS] kept from reading any other token, in one layer or in many.

What is read out with a probe fitted on intact vectors: one fitted anew would find what is left
(science: .965 instead of .100), and hide that the encoder's own [CLS] is another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from probing.encoders.encoder import Encoder
from probing.encoders.tokens import tokens_of
from probing.evidence import Estimate
from probing.extraction import batches
from probing.geometry import is_constant, relative_variance
from probing.language import say
from probing.progress import Report, silent
from probing.statistics import cross_validation_inflation, wilson

from .anatomy import Anatomy, anatomy_of
from .readers import FoldReaders
from .replay import Replay, record, record_alone, with_cls
from .values import Knockout, Missing, Rung

Key = tuple[str, int]
"""A rung's kind and layer; ``INTACT`` for nothing blocked."""
INTACT: Key = ("intact", 0)


def knockout(
    texts: Sequence[str],
    y: np.ndarray | None,
    encoder: Encoder,
    readers: FoldReaders | None,
    rows: np.ndarray,
    report: Report = silent,
) -> Knockout | Missing:
    """The ladder over n texts of classes ``y`` (n,), which are the run's sentences ``rows`` (n,).

    ``readers`` are those of the last layer's [CLS]; None (or no ``y``): only how far [CLS] moves.
    Sentences that no fold scores count for that alone. Costs L − 1/L passes over the texts.
    ``report`` hears of (sentences done, n).
    """
    anatomy = anatomy_of(encoder)
    if isinstance(anatomy, Missing):
        return anatomy
    if not anatomy.replayable:
        name = encoder.family.title
        return Missing(
            say("{name}'s layers are no modules of their own, so none can be run again.", name=name)
        )
    if not texts:
        return Missing(say("There are no sentences."))
    vectors = _vectors(texts, encoder, anatomy, report)
    if isinstance(vectors, Missing):
        return vectors
    intact = vectors.pop(INTACT)
    if is_constant(intact):
        return Missing(say("The last layer's [CLS] is the same for all of these sentences."))
    score = _Score.of(readers, y, rows)
    spread = float(intact.var(axis=0).sum())
    rungs = []
    for kind in ("single", "from", "up to"):
        for layer in range(1, encoder.info.layers + 1):
            x = vectors[kind, layer]
            moved = float(np.square(x - intact).sum(axis=1).mean()) / spread
            rungs.append(Rung(kind, layer, score(x) if score else None, moved))
    return Knockout(
        intact=score(intact) if score else None,
        majority=score.majority if score else None,
        rungs=tuple(rungs),
        blocked_variance=relative_variance(vectors["from", 1]),
        sentences=len(texts),
    )


@dataclass(frozen=True, eq=False)
class _Score:
    """How vectors of the sentences are scored by the fixed probe."""

    readers: FoldReaders
    y: np.ndarray
    """(m,) classes of the sentences that a fold scores."""
    rows: np.ndarray
    """(m,) their places in the run."""
    kept: np.ndarray
    """(m,) their places among the vectors."""

    @staticmethod
    def of(readers: FoldReaders | None, y: np.ndarray | None, rows: np.ndarray) -> "_Score | None":
        """None where nothing can be scored."""
        if readers is None or y is None:
            return None
        kept = np.flatnonzero(readers.fold_of[rows] >= 0)
        return _Score(readers, y[kept], rows[kept], kept) if len(kept) else None

    def __call__(self, x: np.ndarray) -> Estimate:
        """Share of right answers, with Wilson's interval for as many independent answers as are
        worth these."""
        right = self.readers.correct(x[self.kept], self.y, self.rows)
        share, n = float(right.mean()), len(right) / self._inflation(float(right.mean()))
        low, high = wilson(share * n, n)
        return Estimate(share, low, high, len(right))

    def _inflation(self, share: float) -> float:
        """How many times cross-validation inflates the variance of a share of right answers.

        The sentences train the probes that read each other, altered or not. Of those that the folds
        score only some are read here, and a pair counts where both are: the inflation's surplus
        shrinks with their part. Training rows of a given split are read by nobody: 1.
        """
        scored = self.readers.fold_of >= 0
        if len(np.unique(self.readers.fold_of[scored])) == 1:
            return 1.0
        surplus = float(cross_validation_inflation(np.array([share]))[0]) - 1
        return 1 + surplus * len(self.rows) / int(scored.sum())

    @property
    def majority(self) -> float:
        """Share of the most frequent class."""
        return float(np.unique(self.y, return_counts=True)[1].max() / len(self.y))


def _vectors(
    texts: Sequence[str], encoder: Encoder, anatomy: Anatomy, report: Report
) -> dict[Key, np.ndarray] | Missing:
    """float64 (n, H) last hidden states of [CLS], by rung."""
    tokens = tokens_of(texts, encoder)
    found: dict[Key, np.ndarray] = {}
    done = 0
    with torch.inference_mode():
        alone = record_alone(tokens.batch(np.array([0]), encoder), encoder, anatomy)
    for rows in batches(tokens.lengths, np.arange(len(texts)), encoder):
        batch = tokens.batch(rows, encoder)
        with torch.inference_mode():
            replay = record(batch, encoder, anatomy)
            if not replay.chained:
                return Missing(
                    say(
                        "Something between the layers of this {title} model changes their states, "
                        "so they cannot be run again one by one.",
                        title=encoder.family.title,
                    )
                )
            climbed = _climb(replay, alone, encoder.cls_positions(batch))
            for key, vectors in climbed.items():
                last = _normed(vectors, anatomy.final).cpu().double().numpy()
                found.setdefault(key, np.empty((len(texts), last.shape[1])))[rows] = last
        done += len(rows)
        report(done, len(texts))
    return found


def _normed(vectors: Tensor, final: nn.Module | None) -> Tensor:
    normed: Tensor = vectors if final is None else final(vectors)
    return normed


def _climb(replay: Replay, alone: Replay, cls: Tensor) -> dict[Key, Tensor]:
    """(B, H) [CLS] after the last layer, by rung; L layers again for what no rung can share."""
    row, last = torch.arange(len(cls), device=cls.device), len(replay.calls)
    blocked = _blocked(replay, alone, cls)
    found = {("from", layer): blocked[layer, last] for layer in range(1, last + 1)}
    found[INTACT] = replay.states[last][row, cls]
    found["single", last] = blocked[last, last]
    found["up to", last] = blocked[1, last]
    below = replay.states[1]  # the sentence with [CLS] blocked in all layers so far
    for layer in range(1, last):
        if layer > 1:
            below = replay.calls[layer - 1](below)
        below = with_cls(below, cls, blocked[1, layer])
        found["up to", layer] = replay.resume(layer, below)[row, cls]
        if layer == 1:  # the same
            found["single", layer] = found["up to", layer]
        else:
            single = with_cls(replay.states[layer], cls, blocked[layer, layer])
            found["single", layer] = replay.resume(layer, single)[row, cls]
    return found


def _blocked(replay: Replay, alone: Replay, cls: Tensor) -> dict[tuple[int, int], Tensor]:
    """(B, H) [CLS] after layer b when it read itself only in the layers a … b, by (a, b).

    By itself it is one token, so all a share a call.
    """
    row = torch.arange(len(cls), device=cls.device)
    found: dict[tuple[int, int], Tensor] = {}
    chains = replay.states[0].new_empty(0, replay.states[0].shape[-1])
    for layer, call in enumerate(alone.calls, start=1):
        chains = torch.cat([chains, replay.states[layer - 1][row, cls]])
        chains = call(chains[:, None])[:, 0]
        for start, vectors in enumerate(chains.split(len(cls)), start=1):
            found[start, layer] = vectors
    return found
