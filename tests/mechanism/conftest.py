"""Tiny encoders of three layers for the tests of what happens inside an encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from transformers import AutoModel

from probing.encoders import Encoder
from probing.encoders.tokens import Tokens

Encoders = Callable[..., Encoder]
Eager = Callable[..., Any]
TEXTS = ("The film was good.", "Bad!", "We never saw the house by the bank, but paid it.")
"""Three lengths, so that a batch has padding; one token that is punctuation, at least."""


@pytest.fixture(scope="session")
def tiny_encoder(encoder: Encoders) -> Encoders:
    """``tiny_encoder("roberta")``: three layers, random weights with biases; shared, unchanged."""

    def load(family: str = "bert", **options: Any) -> Encoder:
        return encoder(family, **{"layers": 3, **options})

    return load


@pytest.fixture(scope="session")
def eager_model(checkpoint: Callable[..., Path]) -> Eager:
    """The same checkpoint as a user of transformers would load it to see attention."""

    def load(family: str = "bert", **options: Any) -> Any:
        folder = checkpoint(family, **{"layers": 3, **options})
        full = {"attention_type": "original_full"} if family == "big_bird" else {}
        return AutoModel.from_pretrained(folder, attn_implementation="eager", **full).eval()

    return load


def plain(encoder: Encoder, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The batch as a user of transformers would pass it."""
    names = ["input_ids", "attention_mask"]
    if "token_type_ids" in batch and encoder.family.model_type != "distilbert":
        names.append("token_type_ids")
    return {name: batch[name] for name in names}


def fingerprint(encoder: Encoder) -> tuple[Any, ...]:
    """What must not change: states, how attention is computed, hooks, training mode."""
    states = encoder.forward(encoder.tokenize(TEXTS)).layers
    hooks = [
        len(module._forward_hooks) + len(module._forward_pre_hooks)
        for module in encoder.model.modules()
    ]
    numbers = torch.cat([state.flatten() for state in states]).tolist()
    return numbers, encoder.model.config._attn_implementation, sum(hooks), encoder.model.training


class OnDevice(Tensor):
    """A tensor on a device without float64, as Apple's are, until ``cpu`` fetches it.

    It stays on the CPU in truth; what is computed from it counts as on the device too.
    """

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """The function's result; TypeError, in the device's words, where that has float64."""
        found = super().__torch_function__(function, types, args, kwargs or {})
        if function is Tensor.cpu:
            return found.as_subclass(Tensor)
        for leaf in pytree.tree_leaves(found):
            if isinstance(leaf, OnDevice) and leaf.dtype is torch.float64:
                raise TypeError("the framework doesn't support float64")
        return found


@pytest.fixture
def without_float64(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, lets encoders read from a device without float64 until the test ends."""

    def begin() -> None:
        batch = Tokens.batch

        def on_device(self: Tokens, *args: Any) -> dict[str, Tensor]:
            return {name: v.as_subclass(OnDevice) for name, v in batch(self, *args).items()}

        monkeypatch.setattr(Tokens, "batch", on_device)

    return begin
