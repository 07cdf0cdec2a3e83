"""Attention as it happens: one pass of the model, watched through hooks, layer by layer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from probing.encoders.encoder import Encoder

from .anatomy import Anatomy, LayerParts, Parts


@dataclass(frozen=True, eq=False)
class Attended:
    """What one layer's attention did with B sentences of T tokens, padding included."""

    layer: int
    """From 1."""
    state: Tensor
    """(B, T, H) before the layer: what passes by."""
    weights: Tensor
    """(B, heads, T, T) rows sum to 1."""
    values: Tensor
    """(B, heads, T, head size)"""
    total: Tensor
    """(B, T, H) the sum as the model made it."""


def attend(
    batch: dict[str, Tensor], encoder: Encoder, anatomy: Anatomy, see: Callable[[Attended], None]
) -> None:
    """One pass over what ``encoder.tokenize`` gave; ``see`` gets each layer's attention as it is.

    Nothing is kept beyond a layer. The encoder is as before afterwards, also after an exception.
    """
    found: dict[str, Tensor] = {}
    count = 0

    def note(name: str, tensor: Tensor) -> None:
        nonlocal count
        found[name] = tensor
        if len(found) == 4:
            layer = anatomy.layers[count]
            count += 1
            heads = found["weights"].shape[1]
            values = _values(found["value"], layer, anatomy.parts, heads)
            see(Attended(count, found["state"], found["weights"], values, found["total"]))
            found.clear()

    with torch.inference_mode(), eager(encoder.model), _noting(anatomy, note):
        encoder.model(**encoder.model_inputs(batch), return_dict=True)


@contextmanager
def eager(model: Any) -> Iterator[None]:
    """Within the block, attention is computed so that its weights can be seen."""
    before = model.config._attn_implementation
    if before == "eager":
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


@contextmanager
def _noting(anatomy: Anatomy, note: Callable[[str, Tensor], None]) -> Iterator[None]:
    def asked(_module: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "output_attentions": True}

    with ExitStack() as stack:
        for layer in {layer.entry: layer for layer in anatomy.layers}.values():
            handles = [
                layer.entry.register_forward_pre_hook(lambda _m, args: note("state", args[0])),
                layer.value.register_forward_hook(lambda _m, _a, output: note("value", output)),
                layer.weights.register_forward_hook(
                    lambda _m, _a, output: note("weights", output[1])
                ),
                layer.total.register_forward_pre_hook(lambda _m, args: note("total", args[0])),
            ]
            if layer.ask is not None:
                handles.append(layer.ask.register_forward_pre_hook(asked, with_kwargs=True))
            for handle in handles:
                stack.callback(handle.remove)
        yield


def _values(output: Tensor, layer: LayerParts, parts: Parts, heads: int) -> Tensor:
    """(B, heads, T, head size) out of what the value projection gave (B, T, …)."""
    if parts.fused == "thirds by head":
        output = output.unflatten(-1, (heads, 3, -1))[..., 2, :].flatten(-2)
    elif parts.fused == "thirds":
        output = output.chunk(3, dim=-1)[2]
    if layer.value_bias is not None:
        output = output + layer.value_bias
    size = layer.dense.in_features // heads
    values = output.unflatten(-1, (-1, size)).transpose(1, 2)
    return values.repeat_interleave(heads // values.shape[1], dim=1)  # queries that share values
