"""A loaded encoder: sentences to hidden states, [CLS] found by its id, the pooler as a function.

One adapter for all families: what differs between them is read from the family table and from
the model's own modules; no modelling code is repeated.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from probing.errors import EncoderError
from probing.language import say

from .families import Family
from .info import PLACES, ClsPlace, EncoderInfo
from .messages import is_panic, one_line
from .taps import Taps, Visit, find_taps, tapped


@dataclass(frozen=True)
class HiddenStates:
    """What one forward pass yields; nothing of it is kept by the encoder."""

    layers: tuple[Tensor, ...]
    """L + 1 tensors (B, T, H); layer 0 is the embedding output."""
    pooler_output: Tensor | None
    """(B, H) as the model gives it; None without a pooler or with one that cannot be used."""


@dataclass(frozen=True, eq=False)
class Encoder:
    """Tokenizer and model, in evaluation mode and without gradients, with what is known of them."""

    info: EncoderInfo
    """The value that a run records."""
    family: Family
    """Its row of the family table."""
    tokenizer: Any
    """transformers tokenizer; pads on the right (XLNet: left), always has a padding token.
    Not safe to share between threads."""
    model: Any
    """transformers base model (without a head), float32."""
    device: torch.device
    """Where the model is."""

    def tokenize(self, texts: Sequence[str], max_tokens: int | None = None) -> dict[str, Tensor]:
        """B texts as tensors (B, T) on the encoder's device, padded and cut.

        Keys: ``input_ids``, ``attention_mask``, ``special_tokens_mask`` (1 also at padding) and
        what else the tokenizer gives. Longer than ``max_tokens`` (default and upper limit
        ``info.max_tokens``, special tokens included) is cut off at the end.
        """
        limit = min(max_tokens or self.info.max_tokens, self.info.max_tokens)
        batch = call_tokenizer(
            self,
            texts,
            padding=True,
            truncation=True,
            max_length=limit,
            return_special_tokens_mask=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        return {name: tensor.to(self.device) for name, tensor in batch.items()}

    def model_inputs(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The keyword arguments for ``model`` out of what ``tokenize`` gave.

        Raises EncoderError where the tokenizer knows tokens that the model has no vector for.
        """
        ids = batch["input_ids"]
        if ids.numel() and int(ids.max()) >= self._vocabulary:
            raise EncoderError(
                "the tokenizer of {id} gives token id {token}, but the model has {vocabulary} "
                "tokens; they do not belong together, save both anew",
                id=self.info.id,
                token=int(ids.max()),
                vocabulary=self._vocabulary,
            )
        inputs = {name: value for name, value in batch.items() if name in self._accepted}
        if self.family.global_cls:
            positions = self.cls_positions(batch)[:, None]
            inputs["global_attention_mask"] = torch.zeros_like(ids).scatter(1, positions, 1)
        return inputs

    def forward(self, batch: dict[str, Tensor]) -> HiddenStates:
        """Hidden states of all layers for what ``tokenize`` gave; one pass, no gradients."""
        with torch.inference_mode():
            inputs = self.model_inputs(batch)
            output = self.model(**inputs, output_hidden_states=True, return_dict=True)
        width = batch["input_ids"].shape[1]
        layers = tuple(state[:, :width] for state in output.hidden_states)
        pooled = getattr(output, "pooler_output", None) if self.info.pooler.present else None
        return HiddenStates(layers, pooled)

    def visit_layers(self, batch: dict[str, Tensor], visit: Visit) -> None:
        """Show ``visit`` each of the L + 1 hidden states once, as ``forward`` would give them.

        None is kept beyond its layer, but for families whose states cannot be had before the end.
        """
        width, visited = batch["input_ids"].shape[1], set()

        def look(layer: int, state: Tensor) -> None:
            visited.add(layer)
            visit(layer, state if state.shape[1] == width else state[:, :width])

        if self._taps is not None:
            with torch.inference_mode(), tapped(self._taps, look):
                self.model(**self.model_inputs(batch), return_dict=True)
        if len(visited) != self.info.layers + 1:
            for layer, state in enumerate(self.forward(batch).layers):
                visit(layer, state)

    def cls_positions(self, batch: dict[str, Tensor]) -> Tensor:
        """(B,) where [CLS] is in each row of what ``tokenize`` gave; see ``cls_positions``."""
        return cls_positions(
            batch["input_ids"],
            batch["attention_mask"],
            place=self.info.cls_position,
            cls_id=self.info.cls_id,
            cls_token=self.info.cls_token,
        )

    def pool(self, first: Tensor) -> Tensor:
        """The family's own pooler on [CLS] vectors (B, H) of any layer, giving (B, H).

        On the last layer it is the model's ``pooler_output``. Raises EncoderError where
        ``info.pooler.present`` is False.
        """
        apply = pooler_function(self.model)
        if apply is None or not self.info.pooler.present:
            raise EncoderError(
                "{id} has no pooler that can be used ({evidence!s}); leave out the pooling named "
                "pooled",
                id=self.info.id,
                evidence=self.info.pooler.evidence,
            )
        return apply(first)

    @cached_property
    def _taps(self) -> Taps | None:
        sample = self.tokenize(["one", "and a longer one beside it"])
        return find_taps(self.model, self.model_inputs(sample))

    @cached_property
    def _accepted(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.model.forward).parameters)

    @cached_property
    def _vocabulary(self) -> int:
        return int(self.model.get_input_embeddings().weight.shape[0])


def cls_positions(
    input_ids: Tensor,
    attention_mask: Tensor,
    *,
    place: ClsPlace = "first",
    cls_id: int | None = None,
    cls_token: str | None = None,
) -> Tensor:
    """(B,) the position of [CLS] in each row of ``input_ids`` (B, T).

    It is the first (or last) token under ``attention_mask`` (B, T), whichever side is padded, and
    has to have the id ``cls_id`` unless that is None. Raises EncoderError for a row without real
    tokens, without [CLS], or with [CLS] elsewhere.
    """
    real = attention_mask.bool()
    if not bool(real.any(dim=1).all()):
        row = int((~real.any(dim=1)).nonzero()[0, 0])
        raise EncoderError(
            "row {row} of the batch has no tokens at all; leave out sentences that are blank to "
            "this tokenizer",
            row=row,
        )
    length = real.shape[1]
    first = real.int().argmax(dim=1)
    last = length - 1 - real.flip(1).int().argmax(dim=1)
    positions = first if place == "first" else last
    if cls_id is None:
        return positions
    wrong = (input_ids.gather(1, positions[:, None])[:, 0] != cls_id).nonzero()
    if len(wrong):
        row = int(wrong[0, 0])
        elsewhere = ((input_ids[row] == cls_id) & real[row]).nonzero()[:, 0].tolist()
        found = (
            say("it is at position {at}", at=elsewhere[0])
            if elsewhere
            else say("it is not there at all")
        )
        raise EncoderError(
            "row {row} of the batch should have {token!s} (id {cls_id}) as its {place!s} token, at "
            "position {at}, but {found!s}; use the tokenizer with its special tokens",
            row=row,
            token=cls_token or say("its [CLS] token"),
            cls_id=cls_id,
            place=PLACES[place],
            at=int(positions[row]),
            found=found,
        )
    return positions


def call_tokenizer(encoder: Encoder, texts: Sequence[str], **options: Any) -> Any:
    """What the encoder's tokenizer makes of texts. EncoderError where its native code gives up, as
    regular expressions do that try too long."""
    try:
        return encoder.tokenizer(writable(texts), **options)
    except BaseException as error:
        if not is_panic(error):
            raise
        raise EncoderError(
            "the tokenizer of {id} fails on these sentences ({error}); choose another encoder",
            id=encoder.info.id,
            error=one_line(error),
        ) from error


def writable(texts: Sequence[str]) -> list[str]:
    """The texts as tokenizers take them: half of a surrogate pair becomes a question mark."""
    return [text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def pooler_function(model: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """The model's own pooler as a function (B, H) → (B, H), or None where it has none.

    Poolers come in two shapes: a module that takes the hidden states (B, T, H) and reads the
    first token (BERT), and a bare linear layer whose activation is the model's (ALBERT, BigBird).
    """
    pooler = getattr(model, "pooler", None)
    if pooler is None:
        return None
    if isinstance(pooler, nn.Linear):
        activation = getattr(model, "pooler_activation", None) or getattr(model, "activation", None)
        if activation is None:
            return None
        return lambda first: activation(pooler(first))
    return lambda first: pooler(first[:, None])


def pooler_dense(model: nn.Module) -> nn.Linear | None:
    """The linear layer of the model's pooler; None without one (MobileBERT without activation)."""
    pooler = getattr(model, "pooler", None)
    if not isinstance(pooler, nn.Module):
        return None
    layers = [module for module in pooler.modules() if isinstance(module, nn.Linear)]
    return layers[0] if layers else None
