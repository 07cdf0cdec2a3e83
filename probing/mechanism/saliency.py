"""Gradient × input: what each token's layer-0 vector does to a probe's logit, to first order."""

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
    """For each reader Σ_i h_ti ∂(logit of its class)/∂h_ti over the T tokens of one sentence.

    ``h`` is the embedding output, layer 0; ``classes`` is a class number for each reader. At the
    word embeddings nothing could be seen: a LayerNorm follows, which does not heed length, so the
    word's part is the opposite of its position's and segment's, and exactly 0 where those are added
    elsewhere (DeBERTa-v2, ModernBERT). For the mean at layer 0 it is what ``averages`` gives.

    One forward pass, and one backward pass for each reader. None where torch finds no way back.
    """
    nothing: list[tuple[float, ...] | None] = [None] * len(readers)
    try:
        # what is made in inference mode cannot be differentiated
        with torch.inference_mode(False), torch.enable_grad(), _recorded(encoder) as outputs:
            batch = tokens.batch(np.array([0]), encoder)
            inputs = encoder.model_inputs(batch)
            given = encoder.model(**inputs, output_hidden_states=True, return_dict=True)
            width = batch["input_ids"].shape[1]
            states = [state[:, :width] for state in given.hidden_states]
            source = _source(outputs, states[0][0])
            if source is None:
                return nothing
            states[0] = source.reshape(1, -1, source.shape[-1])[:, :width]
            return [
                _one(_logit(states[reader.layer], batch, encoder, reader, number), source, width)
                for reader, number in zip(readers, classes, strict=True)
            ]
    except RuntimeError:  # a state on the way was overwritten, or cannot be followed
        return nothing


@contextmanager
def _recorded(encoder: Encoder) -> Iterator[list[Tensor]]:
    """Within the block, what each module puts out, in order, as torch follows it.

    It follows what comes after the word embeddings: of these the model gets a copy that requires a
    gradient, and which it may change in place. The weights require none.
    """
    outputs: list[Tensor] = []

    def begin(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        return output.detach().requires_grad_().clone()

    def record(_module: Any, _inputs: Any, output: Any) -> None:
        state = output[0] if isinstance(output, tuple) and output else output
        if isinstance(state, Tensor):
            outputs.append(state)

    handles = [encoder.model.get_input_embeddings().register_forward_hook(begin)]
    handles += [module.register_forward_hook(record) for module in encoder.model.modules()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _source(outputs: Sequence[Tensor], first: Tensor) -> Tensor | None:
    """The output on the model's way that holds layer 0's states ``first`` (T, H).

    What transformers returns may be a copy beside the way: XLNet goes on with (T, 1, H), Longformer
    with padding at the end.
    """
    length, hidden = first.shape
    for output in outputs:
        if output.ndim == 3 and 1 in output.shape[:2]:
            flat = output.reshape(-1, output.shape[-1])
            if flat.shape[1] == hidden and torch.equal(flat[:length], first):
                return output
    return None


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


def _one(logit: Tensor, source: Tensor, width: int) -> tuple[float, ...] | None:
    if not logit.requires_grad:
        return None
    (gradient,) = torch.autograd.grad(logit, source, retain_graph=True, allow_unused=True)
    if gradient is None:
        return None
    wide = source.detach().cpu().double() * gradient.cpu().double()
    products = wide.sum(dim=-1).flatten()[:width]
    return tuple(products.tolist()) if bool(products.isfinite().all()) else None
