"""Where in a model each hidden state comes about, so that it can be read and let go there.

``output_hidden_states`` keeps all L + 1 of a batch to its end. Which modules give them differs
between families, so it is looked up by watching one forward pass: a module's output that *is* the
tensor that transformers returns as a hidden state.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Taps = Mapping[nn.Module, Mapping[int, int]]
"""Module → its how-manieth call (from 0) in a forward pass → the layer that this call gives."""
Visit = Callable[[int, Tensor], None]
"""(layer, hidden state (B, T, H)): called as the layer is done, with a tensor not to be kept."""


def find_taps(model: nn.Module, inputs: Mapping[str, Tensor]) -> Taps | None:
    """The taps of a model, from one forward pass over ``inputs``; None where some are not found.

    Not found are states that are made outside of modules (XLNet turns them round at the end) or
    changed in place afterwards.
    """
    seen: list[tuple[nn.Module, int, Tensor, Tensor]] = []

    def note(module: nn.Module, call: int, state: Tensor) -> None:
        seen.append((module, call, state, state.clone()))

    with torch.inference_mode(), _watching(list(model.modules()), note):
        states = model(**inputs, output_hidden_states=True, return_dict=True).hidden_states
    taps: dict[nn.Module, dict[int, int]] = {}
    for layer, state in enumerate(states):
        for module, call, output, copy in seen:
            if output is state and torch.equal(copy, state):
                taps.setdefault(module, {})[call] = layer
                break
        else:
            return None
    return taps


@contextmanager
def tapped(taps: Taps, visit: Visit) -> Iterator[None]:
    """Within the block, ``visit`` sees the hidden states of each forward pass of the model.

    One pass a block: calls are counted from its beginning.
    """

    def look(module: nn.Module, call: int, state: Tensor) -> None:
        layer = taps[module].get(call)
        if layer is not None:
            visit(layer, state)

    with _watching(list(taps), look):
        yield


@contextmanager
def _watching(
    modules: list[nn.Module], see: Callable[[nn.Module, int, Tensor], None]
) -> Iterator[None]:
    calls = dict.fromkeys(modules, 0)

    def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
        state = output[0] if isinstance(output, tuple) and output else output
        if isinstance(state, Tensor):
            see(module, calls[module], state)
        calls[module] += 1

    handles = [module.register_forward_hook(hook) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
