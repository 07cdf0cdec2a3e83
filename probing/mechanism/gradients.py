"""What the classification error trains: how its gradient spreads over tokens, layers and rows.

One forward pass a batch serves all heads; each head sends its own gradient back through it. Only
activations get gradients: none of the encoder's weights is asked for one, none is changed. What
needs float64 is computed on the CPU: Apple's graphics processors have none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from probing import pooling
from probing.encoders.encoder import Encoder
from probing.encoders.tokens import Tokens, tokens_of
from probing.extraction import batches
from probing.language import say
from probing.progress import Report

from .graph import NoGradientError, forward
from .readers import Reader
from .values import Gradients, GradientShare, HeadName, Missing, Row, RowLedger

HEADS: tuple[HeadName, ...] = ("pooled", "cls", "mean")
SPREAD = 0.02
"""Standard deviation of a random head's weights, as transformers initialises them."""
LARGEST = 10
"""Rows of the word embedding table that are named."""


def gradients(
    texts: Sequence[str],
    y: np.ndarray,
    classes: int,
    encoder: Encoder,
    fitted: Mapping[HeadName, Reader],
    report: Report,
    *,
    seed: int = 0,
) -> Gradients | Missing:
    """The gradients of the mean cross-entropy over n texts with class numbers ``y`` (n,).

    Linear heads on the pooled vector (where the encoder has a pooler), on [CLS] and on the mean of
    the last layer: each with random weights, the same for all, and as ``fitted`` has it. Dropout is
    off. ``report`` counts texts. Costs a forward pass and as many backward passes as heads.
    Missing where no gradient reaches the hidden states of all layers.
    """
    tokens = tokens_of(texts, encoder)
    seen = np.unique(tokens.flat["input_ids"])
    report(0, len(texts))
    try:
        with torch.inference_mode(False), torch.enable_grad():
            heads = _heads(classes, encoder, fitted, seed)
            sums = [_Sums.zero(head, encoder, len(seen)) for head in heads]
            done = 0
            for rows in batches(tokens.lengths, np.arange(len(texts)), encoder):
                _add(sums, tokens.batch(rows, encoder), y[rows], seen, encoder)
                done += len(rows)
                report(done, len(texts))
    except NoGradientError as error:
        return Missing(
            say(
                "No gradients can be taken through this {family} encoder: {error!s}.",
                family=encoder.info.family_title,
                error=error,
            )
        )
    if not all(each.sentences for each in sums):
        return Missing(say("A head is so sure of every sentence that its error has no gradient."))
    return _summary(sums, tokens, seen, encoder)


@dataclass(frozen=True, eq=False)
class _Head:
    """A linear classification head: logits = x · weights + intercepts."""

    name: HeadName
    fitted: bool
    weights: Tensor
    """float64 (H, classes), on the CPU like all of a head."""
    intercepts: Tensor
    """float64 (classes,)"""

    def slopes(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """∂(cross-entropy)/∂x = s · g of each sentence alone, for vectors x (B, H) on the CPU.

        float64 s (B,), the probability of all wrong classes, and g (B, H): s is kept apart, since
        a fitted head can be so sure that float32 would lose it. g = (softmax − one-hot) / s · Wᵀ.
        """
        wrong = torch.softmax(x.double() @ self.weights + self.intercepts, dim=1)
        wrong = wrong.scatter(1, y[:, None], 0.0)
        size = wrong.sum(dim=1)
        wrong = wrong / torch.where(size > 0, size, 1.0)[:, None]
        return size, wrong.scatter(1, y[:, None], -1.0) @ self.weights.T


def _heads(
    classes: int, encoder: Encoder, fitted: Mapping[HeadName, Reader], seed: int
) -> list[_Head]:
    generator = torch.Generator().manual_seed(seed)
    shape = (encoder.info.hidden, classes)
    random = SPREAD * torch.randn(shape, generator=generator, dtype=torch.float64)
    zero = torch.zeros(classes, dtype=torch.float64)
    names = [name for name in HEADS if name != "pooled" or encoder.info.pooler.present]
    heads = [(name, False, random, zero) for name in names]
    for name in names:
        if name in fitted:
            weights = torch.tensor(fitted[name].weights)
            intercepts = torch.tensor(fitted[name].intercepts)
            if weights.shape[1] == 1:  # two classes: the first has logit 0
                weights = torch.hstack([torch.zeros_like(weights), weights])
                intercepts = torch.hstack([torch.zeros_like(intercepts), intercepts])
            heads.append((name, True, weights, intercepts))
    return [_Head(*head) for head in heads]


@dataclass(eq=False)
class _Sums:
    """What is added up for one head, batch after batch."""

    head: _Head
    shares: Tensor
    """float64 (L + 1,) sum of [CLS]'s shares over sentences; on the CPU."""
    rows: Tensor
    """float32 (seen rows, E) n · ∂L/∂E, with E the width of the word embedding table."""
    position: Tensor | None = None
    """float32 (E,) n · ∂L/∂P of [CLS]'s position; None without a table of positions."""
    sentences: int = 0
    """Those that have a gradient at all."""
    elsewhere: float = 0.0
    """Largest n · ‖∂L/∂h_{L,t}‖ at t ≠ [CLS]."""

    @staticmethod
    def zero(head: _Head, encoder: Encoder, seen: int) -> "_Sums":
        width = encoder.model.get_input_embeddings().weight.shape[1]
        layers = encoder.info.layers + 1
        return _Sums(
            head,
            torch.zeros(layers, dtype=torch.float64),
            torch.zeros(seen, width, device=encoder.device),
        )

    def add_shares(self, found: Sequence[Tensor], cls: Tensor, size: Tensor) -> None:
        """``found``: (B, T, H) a layer, 0 at padding; ``cls`` bool (B, T); ``size`` (B,) the unit
        of each sentence's gradients. Those two are on the CPU."""
        norms = torch.stack([_norms(layer) for layer in found])
        if not bool(norms.isfinite().all()):
            raise NoGradientError(say("they are not finite numbers"))
        totals = norms.sum(dim=2)
        there = (totals > 0).all(dim=0) & (size > 0)
        own = (norms * cls).sum(dim=2)
        self.shares += (own[:, there] / totals[:, there]).sum(dim=1)
        self.sentences += int(there.sum())
        others = norms[-1] * ~cls * size[:, None]
        self.elsewhere = max(self.elsewhere, float(others.max()))


def _norms(x: Tensor) -> Tensor:
    """float64 (B, T), on the CPU, norms of (B, T, H) on any device.

    Taken of what is left when the largest entry is taken out: the squares of a sure head's
    gradients overflow float32, or vanish in it.
    """
    peak = x.abs().amax(dim=2)
    unit = x / torch.where(peak > 0, peak, 1.0)[:, :, None]
    return peak.cpu().double() * torch.linalg.vector_norm(unit, dim=2).cpu().double()


def _add(
    sums: Sequence[_Sums],
    batch: dict[str, Tensor],
    y: np.ndarray,
    seen: np.ndarray,
    encoder: Encoder,
) -> None:
    """One batch through the encoder, and back from each head."""
    graph = forward(batch, encoder)
    at, mask = encoder.cls_positions(batch), batch["attention_mask"]
    real = mask.bool()
    cls = torch.zeros_like(real).scatter(1, at[:, None], True)
    last = graph.states[-1]
    read = {"cls": pooling.cls(last, at), "mean": pooling.mean(last, mask)}
    if encoder.info.pooler.present:
        read["pooled"] = encoder.pool(read["cls"])
    target = torch.from_numpy(y.astype(np.int64))
    ids = torch.from_numpy(seen).to(encoder.device)
    rows = torch.searchsorted(ids, batch["input_ids"][real].to(ids.dtype))
    for each in sums:
        x = read[each.head.name]
        size, slopes = each.head.slopes(x.detach().cpu(), target)
        found = graph.back(x, slopes.to(x.dtype).to(x.device))
        each.add_shares(found.states, cls.cpu(), size)
        sizes = size[:, None, None].to(x.dtype).to(x.device)
        each.rows.index_add_(0, rows, (found.words * sizes)[real])
        if found.positions is not None:
            mine = (found.positions * sizes)[cls].sum(dim=0)
            each.position = mine if each.position is None else each.position + mine


def _summary(
    sums: Sequence[_Sums], tokens: Tokens, seen: np.ndarray, encoder: Encoder
) -> Gradients:
    n, layers = len(tokens.counts), encoder.info.layers + 1
    counts = np.unique(tokens.flat["input_ids"], return_counts=True)[1]
    ledgers = [_ledger(each, seen, counts, encoder) for each in sums]
    reading_cls = [each.elsewhere / n for each in sums if each.head.name != "mean"]
    identities = [_identity(each, seen, encoder) for each in sums]
    measured = [value for value in identities if value is not None]
    return Gradients(
        uniform=(float((1 / tokens.lengths).mean()),) * layers,
        shares=tuple(
            GradientShare(
                each.head.name,
                each.head.fitted,
                tuple((each.shares / each.sentences).tolist()),
            )
            for each in sums
        ),
        rows=tuple(ledger for ledger in ledgers if ledger is not None),
        elsewhere=max(reading_cls),
        identity=max(measured) if measured else None,
        sentences=n,
    )


def _ledger(
    each: _Sums, seen: np.ndarray, counts: np.ndarray, encoder: Encoder
) -> RowLedger | None:
    """None where no row is [CLS]'s own: the encoder has whatever token is first in its place."""
    energy = each.rows.cpu().double().square().sum(dim=1).numpy()
    if encoder.info.cls_id is None or not energy.sum() > 0:
        return None
    names = encoder.tokenizer.convert_ids_to_tokens(seen.tolist())
    shares = energy / energy.sum()

    def row(i: int) -> Row:
        return Row(str(names[i]), float(shares[i]), int(counts[i]))

    cls = int(np.searchsorted(seen, encoder.info.cls_id))
    largest = np.argsort(-shares, kind="stable")[:LARGEST]
    return RowLedger(
        head=each.head.name,
        fitted=each.head.fitted,
        cls=row(cls),
        rank=1 + int((shares > shares[cls]).sum()),
        seen=len(seen),
        largest=tuple(row(int(i)) for i in largest),
    )


def _identity(each: _Sums, seen: np.ndarray, encoder: Encoder) -> float | None:
    """How far ∂L/∂E[CLS] and ∂L/∂P of its position are apart, relative to the largest entry.

    Float noise, unless a text holds the token a second time; None where the tables differ in width.
    """
    if each.position is None or encoder.info.cls_id is None:
        return None
    row = each.rows[int(np.searchsorted(seen, encoder.info.cls_id))]
    largest = float(row.abs().max())
    if row.shape != each.position.shape or largest == 0:
        return None
    return float((row - each.position).abs().max()) / largest
