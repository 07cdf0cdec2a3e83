"""A forward pass that gradients can go back through, down to the embedding tables' outputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from probing.encoders.encoder import Encoder
from probing.encoders.messages import one_line
from probing.language import say


class NoGradientError(Exception):
    """Gradients cannot be had of this encoder; the message is the end of a sentence."""


@dataclass(frozen=True)
class Found:
    """Gradients of one scalar a sentence, by what is at each token."""

    states: tuple[Tensor, ...]
    """L + 1 tensors (B, T, H)."""
    words: Tensor
    """(B, T, E) by the rows of the word embedding table; E is its width."""
    positions: Tensor | None
    """(B, T, E) by the rows of the position table; None without one."""


@dataclass(frozen=True, eq=False)
class Graph:
    """What one forward pass over a batch left behind for going back."""

    states: tuple[Tensor, ...]
    """L + 1 hidden states (B, T, H), in the graph."""
    words: Tensor
    """(B, T or more, E) where the word embeddings enter."""
    positions: Tensor | None
    """(B, T or more, E) where the position embeddings enter."""

    def back(self, x: Tensor, upward: Tensor) -> Found:
        """The gradients of Σ x · upward for an ``x`` that was made of ``states[-1]``.

        May be called again and again. Raises NoGradientError where a layer's hidden states are
        not on the way from the embeddings to the last layer.
        """
        inputs = [*self.states, self.words, *([] if self.positions is None else [self.positions])]
        with _plainly():
            found = torch.autograd.grad(x, inputs, upward, retain_graph=True, allow_unused=True)
        layers, width = len(self.states), self.states[0].shape[1]
        if any(grad is None for grad in found[: layers + 1]):
            raise NoGradientError(
                say(
                    "the hidden states that transformers gives are copies of those that the next "
                    "layer reads"
                )
            )
        positions = found[layers + 1] if self.positions is not None else None
        return Found(
            found[:layers],
            found[layers][:, :width],
            None if positions is None else positions[:, :width],
        )


def forward(batch: dict[str, Tensor], encoder: Encoder) -> Graph:
    """The batch through the encoder, with gradients enabled by the caller.

    The encoder is left as it was: its weights take no part, only what the embedding tables give
    is made a leaf of the graph.
    """
    table = encoder.model.get_input_embeddings()
    places = _position_table(encoder.model)
    rows, width = batch["input_ids"].shape
    inputs = encoder.model_inputs(batch)
    with _leaves(table) as words, _leaves(places, rows) as positions, _plainly():
        output = encoder.model(**inputs, output_hidden_states=True, return_dict=True)
    if len(words) != 1:
        raise NoGradientError(say("its word embeddings are looked up more than once"))
    states = tuple(output.hidden_states)
    if any(not state.requires_grad for state in states):
        raise NoGradientError(say("its layers are computed without a graph"))
    return Graph(
        tuple(state if state.shape[1] == width else state[:, :width] for state in states),
        words[0],
        positions[0] if len(positions) == 1 else None,
    )


@contextmanager
def _plainly() -> Iterator[None]:
    """What torch objects to, in this module's words."""
    try:
        yield
    except RuntimeError as error:
        raise NoGradientError(one_line(error)) from error


@contextmanager
def _leaves(table: nn.Module | None, rows: int | None = None) -> Iterator[list[Tensor]]:
    """Within the block, what ``table`` gives becomes leaves of the graph, listed.

    With ``rows``, each of so many sentences gets its own copy: (rows, T, E).
    """
    leaves: list[Tensor] = []

    def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        alone = output.detach() if rows is None else output.detach().expand(rows, -1, -1)
        leaf = alone.clone().requires_grad_()
        leaves.append(leaf)
        return leaf.clone()  # models may change it in place, which a leaf does not allow

    handle = table.register_forward_hook(hook) if table is not None else None
    try:
        yield leaves
    finally:
        if handle is not None:
            handle.remove()


def _position_table(model: nn.Module) -> nn.Embedding | None:
    """The table of absolute positions; None where positions are relative, rotary or computed."""
    for name, module in model.named_modules():
        if name.rpartition(".")[2] == "position_embeddings" and isinstance(module, nn.Embedding):
            return module
    return None
