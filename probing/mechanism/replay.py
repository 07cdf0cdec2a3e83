"""One forward pass kept layer by layer, so that layers can be called again with other states.

The calls are the model's own: each layer module with what the model passed to it. A layer's output
at a token depends on the other tokens through attention alone. So [CLS] kept from reading any other
token gives what the layer gives for [CLS] by itself, and nothing else changes in that layer: no
mask has to be built, whatever the family's masks are like.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from probing.encoders.encoder import Encoder

from .anatomy import Anatomy


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer: what it was given beside the states."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def __call__(self, states: Tensor) -> Tensor:
        """The layer's output for other ``states`` (B, T, H)."""
        output = self.module(states, *self.args, **self.kwargs)
        found: Tensor = output[0] if isinstance(output, tuple) else output
        return found


@dataclass(frozen=True, eq=False)
class Replay:
    """The calls of a pass over B sentences of T tokens, and the states between them."""

    calls: tuple[Call, ...]
    """By layer, 1 … L."""
    states: tuple[Tensor, ...]
    """L + 1 tensors (B, T, H), before any final norm."""
    chained: bool
    """Whether each layer reads exactly what the layer below gave."""

    def resume(self, layer: int, states: Tensor) -> Tensor:
        """The last layer's output when ``states`` are given to the layers above ``layer``."""
        for call in self.calls[layer:]:
            states = call(states)
        return states


def record(batch: dict[str, Tensor], encoder: Encoder, anatomy: Anatomy) -> Replay:
    """One pass over what ``encoder.tokenize`` gave. Call in inference mode.

    Takes (L + 1) · B · T · H numbers, to be let go with the batch.
    """
    calls: list[Call] = []
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def before(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        calls.append(Call(module, args[1:], dict(kwargs)))
        inputs.append(args[0])

    def after(_module: nn.Module, _args: Any, output: Any) -> None:
        outputs.append(output[0] if isinstance(output, tuple) else output)

    with ExitStack() as stack:
        for module in {layer.entry: None for layer in anatomy.layers}:
            handle = module.register_forward_pre_hook(before, with_kwargs=True)
            stack.callback(handle.remove)
            stack.callback(module.register_forward_hook(after).remove)
        encoder.model(**encoder.model_inputs(batch), return_dict=True)
    chained = len(inputs) == len(anatomy.layers) and all(
        given is made for given, made in zip(inputs[1:], outputs, strict=False)
    )
    return Replay(tuple(calls), (inputs[0], *outputs), chained)


def record_alone(batch: dict[str, Tensor], encoder: Encoder, anatomy: Anatomy) -> Replay:
    """The same for the first sentence's [CLS] as the only token.

    Its calls take (B, 1, H): attending to itself only, it gets its own value whatever its position.
    """
    at = int(encoder.cls_positions(batch)[0])
    alone = {name: value[:1, at : at + 1] for name, value in batch.items()}
    return record(alone, encoder, anatomy)


def with_cls(states: Tensor, cls: Tensor, vectors: Tensor) -> Tensor:
    """A copy of ``states`` (B, T, H) with [CLS] at ``cls`` (B,) replaced by ``vectors`` (B, H)."""
    changed = states.clone()
    changed[torch.arange(len(cls), device=cls.device), cls] = vectors
    return changed
