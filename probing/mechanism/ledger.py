"""The exact ledger: what [CLS] receives in each layer, before the first LayerNorm.

``pre_0 = h_0 + b_O + Σ_t Σ_heads α_0t W_O v_t``: attention is a sum over tokens, so what each token
brings is a vector, and its norm is what it weighs (Kobayashi et al. 2020). Heads are summed before
the norm. Checked against the sum that the model itself makes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from probing.encoders.encoder import Encoder
from probing.encoders.tokens import tokens_of
from probing.extraction import batches
from probing.language import say
from probing.progress import Report, silent

from .anatomy import Anatomy, LayerParts, anatomy_of
from .attention import Attended, attend
from .tokens import PADDING, group_numbers
from .values import GROUPS, Ledger, LedgerLayer, Missing, SentenceLayer

TOLERANCE = 1e-3
"""Largest error of the sum, as a share of its largest number (at least 1), of a ledger shown."""


@dataclass(frozen=True, eq=False)
class Entries:
    """What B [CLS] tokens receive in one layer from G parts of their sentences each."""

    residual: Tensor
    """(B, H) their own states."""
    bias: Tensor
    """(H,) of the output projection."""
    brought: Tensor
    """(B, G, H)"""
    total: Tensor
    """(B, H) as the model summed them."""

    def error(self) -> float:
        """Largest difference of the parts' sum from the model's, over its largest number or 1."""
        gap = self.residual + self.bias + self.brought.sum(dim=1) - self.total
        return float(gap.abs().max())

    def shares(self) -> tuple[Tensor, Tensor, Tensor]:
        """Norm shares, 1 in all: of the residual (B,), the bias (B,) and the parts (B, G)."""
        residual, parts = self.residual.norm(dim=-1), self.brought.norm(dim=-1)
        bias = self.bias.norm().expand_as(residual)
        whole = residual + bias + parts.sum(dim=1)
        return residual / whole, bias / whole, parts / whole[:, None]


def entries(seen: Attended, layer: LayerParts, cls: Tensor, member: Tensor) -> Entries:
    """The entries of [CLS] at ``cls`` (B,), tokens put together as ``member`` (B, T, G) says."""
    rows = torch.arange(len(cls), device=cls.device)
    mixed = torch.einsum("bht,bhtd,btg->bghd", seen.weights[rows, :, cls], seen.values, member)
    brought = functional.linear(mixed.flatten(-2), layer.dense.weight)
    bias = layer.dense.bias if layer.dense.bias is not None else brought.new_zeros(())
    state = seen.state[rows, cls]
    return Entries(state, bias.expand(state.shape[-1]), brought, seen.total[rows, cls])


def ledger(texts: Sequence[str], encoder: Encoder, report: Report = silent) -> Ledger | Missing:
    """The ledger over n texts, means over sentences; one forward pass with attention weights.

    ``report`` hears of (sentences done, n).
    """
    anatomy = anatomy_of(encoder)
    if isinstance(anatomy, Missing):
        return anatomy
    if not texts:
        return Missing(say("There are no sentences."))
    tokens = tokens_of(texts, encoder)
    sums = [_Sums() for _ in anatomy.layers]
    worst = _Worst()
    done = 0
    for rows in batches(tokens.lengths, np.arange(len(texts)), encoder):
        _add(tokens.batch(rows, encoder), encoder, anatomy, sums, worst)
        done += len(rows)
        report(done, len(texts))
    if worst.share > TOLERANCE:
        return _does_not_add_up(encoder)
    layers = tuple(part.means(number) for number, part in enumerate(sums, start=1))
    return Ledger(layers, worst.error, len(texts))


def sentence_ledger(text: str, encoder: Encoder) -> tuple[SentenceLayer, ...] | Missing:
    """The ledger of one sentence, token by token, by layer; tokens as ``encoder.tokenize`` has."""
    anatomy = anatomy_of(encoder)
    if isinstance(anatomy, Missing):
        return anatomy
    batch = encoder.tokenize([text])
    cls = encoder.cls_positions(batch)
    member = torch.eye(batch["input_ids"].shape[1], device=cls.device)[None]
    found: list[SentenceLayer] = []
    worst = _Worst()

    def see(seen: Attended) -> None:
        of = entries(seen, anatomy.layers[seen.layer - 1], cls, member)
        worst.look(of)
        residual, bias, parts = of.shares()
        heads = seen.weights[0, :, cls[0]]
        found.append(
            SentenceLayer(
                layer=seen.layer,
                residual=float(residual),
                bias=float(bias),
                parts=tuple(parts[0].tolist()),
                attention=tuple(heads.mean(dim=0).tolist()),
                received=tuple(seen.weights[0, :, :, cls[0]].mean(dim=0).tolist()),
                heads=tuple(map(tuple, heads.tolist())),
            )
        )

    attend(batch, encoder, anatomy, see)
    return _does_not_add_up(encoder) if worst.share > TOLERANCE else tuple(found)


def _does_not_add_up(encoder: Encoder) -> Missing:
    return Missing(
        say(
            "The parts of attention do not add up to what this {title} model computes.",
            title=encoder.family.title,
        )
    )


@dataclass
class _Worst:
    """The largest error so far."""

    error: float = 0.0
    share: float = 0.0
    """Of the sum's largest number, or of 1."""

    def look(self, of: Entries) -> None:
        error = of.error()
        self.error = max(self.error, error)
        self.share = max(self.share, error / max(1.0, float(of.total.abs().max())))


@dataclass
class _Sums:
    """Sums over sentences of one layer's figures, and over how many of them, by figure."""

    sums: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, values: Tensor, there: Tensor | None = None) -> None:
        """Add the rows of (B,) or (B, G) values, where ``there`` (alike, bool)."""
        wide = values.cpu().double()
        known = torch.ones_like(wide) if there is None else there.cpu().double()
        self.sums[name] = self.sums.get(name, 0.0) + (wide * known).sum(dim=0).numpy()
        self.counts[name] = self.counts.get(name, 0.0) + known.sum(dim=0).numpy()

    def one(self, name: str) -> float | None:
        """The mean of a figure; None where no sentence has it."""
        count = float(self.counts[name])
        return float(self.sums[name]) / count if count else None

    def by_group(self, name: str) -> tuple[float, ...]:
        """The means of a figure that every sentence has, by group."""
        return tuple((self.sums[name] / self.counts[name]).tolist())

    def means(self, layer: int) -> LedgerLayer:
        """Means over sentences; a group's ``received`` over those that have one of its tokens."""
        received = zip(self.sums["received"], self.counts["received"], strict=True)
        return LedgerLayer(
            layer=layer,
            residual=self.one("residual") or 0.0,
            bias=self.one("bias") or 0.0,
            parts=self.by_group("parts"),
            attention=self.by_group("attention"),
            attention_received=tuple(float(s / c) if c else None for s, c in received),
            entropy=self.one("entropy"),
            mixing=self.one("mixing") or 0.0,
            rollout=self.by_group("rollout"),
        )


def _add(
    batch: dict[str, Tensor], encoder: Encoder, anatomy: Anatomy, sums: list[_Sums], worst: _Worst
) -> None:
    """Add one batch's sentences to the sums of each layer."""
    numbers, cls = group_numbers(batch, encoder), encoder.cls_positions(batch)
    rows = torch.arange(len(cls), device=cls.device)
    member = functional.one_hot(numbers - PADDING, len(GROUPS) + 1)[..., 1:].float()
    size = member.sum(dim=1)  # (B, G) tokens
    length = size.sum(dim=1)  # (B,)
    rolled = torch.eye(member.shape[1], device=cls.device).expand(len(cls), -1, -1)

    def see(seen: Attended) -> None:
        nonlocal rolled
        to, layer = sums[seen.layer - 1], anatomy.layers[seen.layer - 1]
        of = entries(seen, layer, cls, member)
        worst.look(of)
        residual, bias, parts = of.shares()
        mean = seen.weights.mean(dim=1)  # (B, T, T)
        rolled = (mean @ rolled + rolled) / 2
        to.add("residual", residual)
        to.add("bias", bias)
        to.add("parts", parts)
        to.add("attention", torch.einsum("bt,btg->bg", mean[rows, cls], member))
        received = torch.einsum("bt,btg->bg", mean[rows, :, cls], member)
        to.add("received", received / size.clamp(min=1), size > 0)
        to.add("entropy", _entropy(seen.weights[rows, :, cls], length), length > 1)
        to.add("mixing", _mixing(of, layer, anatomy.parts.post))
        to.add("rollout", torch.einsum("bt,btg->bg", rolled[rows, cls], member))

    attend(batch, encoder, anatomy, see)


def _entropy(weights: Tensor, length: Tensor) -> Tensor:
    """(B,) entropy of (B, heads, T) weights over ln of each sentence's length, mean over heads."""
    nats = torch.special.entr(weights).sum(dim=-1).mean(dim=1)
    return nats / length.clamp(min=2).log()


def _mixing(of: Entries, layer: LayerParts, post: bool) -> Tensor:
    """(B,) share of what comes from other tokens in [CLS] after residual and LayerNorm.

    ‖LN̂(Σ_{t≠CLS} …)‖ over the same + ‖LN̂(h_0 + [CLS]'s own part)‖, LN̂ the LayerNorm's linear map
    (its common divisor cancels); biases belong to neither side (Kobayashi et al. 2021).
    Without a LayerNorm behind the sum, LN̂ is the identity.
    """
    own = GROUPS.index("self")
    kept = of.residual + of.brought[:, own]
    mixed = of.brought.sum(dim=1) - of.brought[:, own]
    if post:
        scale: Any = layer.total.weight
        kept = scale * (kept - kept.mean(dim=-1, keepdim=True))
        mixed = scale * (mixed - mixed.mean(dim=-1, keepdim=True))
    a, b = mixed.norm(dim=-1), kept.norm(dim=-1)
    return a / (a + b)
