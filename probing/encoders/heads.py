"""A family's own classification head, recomputed from hidden states as the table states it."""

import torch
from torch import Tensor, nn

from .families import Family, head_reads


def head_input(
    family: Family,
    config: object,
    last: Tensor,
    attention_mask: Tensor,
    cls: Tensor,
    pooler_output: Tensor | None = None,
) -> Tensor:
    """What the head of ``family`` reads: (B, H), or (B, T, H) where it reads all tokens.

    ``last`` (B, T, H) is the last hidden state, ``cls`` (B,) the positions of [CLS],
    ``pooler_output`` (B, H). Raises ValueError for a head that is not known.
    """
    reads = head_reads(family, config)
    rows = torch.arange(len(last), device=last.device)
    if reads == "pooler_output" and pooler_output is not None:
        return pooler_output
    if reads in ("first hidden state", "last hidden state") and reads.startswith(family.cls):
        return last[rows, cls]
    if reads == "mean":
        weights = attention_mask[..., None].to(last.dtype)
        return (last * weights).sum(1) / weights.sum(1)
    if reads == "all tokens":
        return last
    raise ValueError(f"the head of {family.title} reads {reads}, which is not at hand")


def head_logits(
    family: Family, classifier: nn.Module, vectors: Tensor, attention_mask: Tensor
) -> Tensor:
    """Logits (B, labels) of the head of ``classifier``, a …ForSequenceClassification model.

    ``vectors`` is what ``head_input`` gave. Follows ``family.head_steps`` one by one.
    """
    for step in family.head_steps:
        vectors = head_step(classifier, step)(vectors)
    if vectors.ndim == 2:
        return vectors
    weights = attention_mask[..., None].to(vectors.dtype)
    return (vectors * weights).sum(1) / weights.sum(1)


def head_step(classifier: nn.Module, step: str) -> nn.Module:
    """The module behind one entry of ``Family.head_steps``."""
    from transformers.activations import ACT2FN

    if step.startswith("config:"):
        step = str(getattr(classifier.config, step.removeprefix("config:")))
    if step in ACT2FN:
        activation: nn.Module = ACT2FN[step]
        return activation
    return classifier.get_submodule(step)
