"""Gradient × input: what each token's word embedding does to a probe's logit, to first order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from probing import pooling
from probing.encoders.encoder import Encoder
from probing.encoders.tokens import Tokens

from .readers import Reader


def gradient_times_input(
    tokens: Tokens, encoder: Encoder, readers: Sequence[Reader], classes: Sequence[int]
) -> list[tuple[float, ...] | None]:
    """For each reader Σ_h x_th ∂(logit of its class)/∂x_th over the T tokens of one sentence.

    ``x`` are the word embeddings, before positions, segments and the first LayerNorm; ``classes``
    is a class number for each reader. One forward pass, and one backward pass for each reader. None
    where the model gives no gradient: it works on numbers that torch does not follow, or looks up
    its embeddings more than once.
    """
    nothing: list[tuple[float, ...] | None] = [None] * len(readers)
    try:
        # what is made in inference mode cannot be differentiated
        with torch.inference_mode(False), torch.enable_grad(), _word_embeddings(encoder) as found:
            batch = tokens.batch(np.array([0]), encoder)
            inputs = encoder.model_inputs(batch)
            output = encoder.model(**inputs, output_hidden_states=True, return_dict=True)
            if len(found) != 1:
                return nothing
            width = batch["input_ids"].shape[1]
            states = [state[:, :width] for state in output.hidden_states]
            return [
                _one(_logit(states[reader.layer], batch, encoder, reader, c), found[0], width)
                for reader, c in zip(readers, classes, strict=True)
            ]
    except RuntimeError:  # no path back, or one that was overwritten
        return nothing


@contextmanager
def _word_embeddings(encoder: Encoder) -> Iterator[list[Tensor]]:
    """Within the block, the word embeddings that each forward pass looks up, as leaves.

    The model goes on with a copy, which it may change in place.
    """
    leaves: list[Tensor] = []

    def hook(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1].clone()

    handle = encoder.model.get_input_embeddings().register_forward_hook(hook)
    try:
        yield leaves
    finally:
        handle.remove()


def _logit(
    states: Tensor, batch: dict[str, Tensor], encoder: Encoder, reader: Reader, number: int
) -> Tensor:
    """The logit of class ``number``; of two classes, the logit towards it."""
    vector = _vector(states, batch, encoder, reader.pooling)[0].cpu().double()
    two = reader.weights.shape[1] == 1
    weights = reader.weights[:, 0] * (1 if number else -1) if two else reader.weights[:, number]
    return vector @ torch.from_numpy(np.ascontiguousarray(weights))


def _vector(states: Tensor, batch: dict[str, Tensor], encoder: Encoder, name: str) -> Tensor:
    attention = batch["attention_mask"]
    if name == "mean":
        return pooling.mean(states, None)
    if name == "mean_words":
        return pooling.mean(states, pooling.words_mask(attention, batch["special_tokens_mask"]))
    first = pooling.cls(states, encoder.cls_positions(batch))
    return encoder.pool(first) if name == "pooled" else first


def _one(logit: Tensor, x: Tensor, width: int) -> tuple[float, ...] | None:
    if not logit.requires_grad:
        return None
    (gradient,) = torch.autograd.grad(logit, x, retain_graph=True, allow_unused=True)
    if gradient is None:
        return None
    # (1, T, E), or (T, 1, E) in XLNet; Longformer's has padding at the end
    products = (x.detach().double() * gradient.double()).sum(dim=-1).flatten()[:width]
    return tuple(products.tolist()) if bool(products.isfinite().all()) else None
