"""Which models are not encoders of text, or cannot be loaded safely: each its own message."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from probing.errors import EncoderError
from probing.language import say

from .families import FAMILIES
from .folders import Checkpoint
from .messages import on_one_line

_USE = say("give an encoder, for example one of the BERT, RoBERTa or DeBERTa families")
_CAUSAL_IN_NAME_ONLY = {"bert-generation"}
_MOST_MODULES = 15_000
_WIDEST_POOLER = 8_192
_LACKING = 2_000_000
"""Numbers that a config may ask for beyond what is stored and a pooler (two hidden² at most)."""
_SIZES = {
    "vocabulary": ("vocab_size", "n_words"),
    "embedding": ("embedding_size", "input_embedding_size"),
    "hidden": ("hidden_size", "d_model", "dim", "emb_dim"),
    "inner": ("intermediate_size", "d_inner", "hidden_dim"),
    "layers": ("num_hidden_layers", "n_layers", "n_layer"),
    "groups": ("num_hidden_groups",),
}


def refuse_remote_code(checkpoint: Checkpoint, tokenizer_config: dict[str, Any]) -> None:
    """Refuse a checkpoint that brings code of its own.

    Exception: its author's classes have since become part of transformers under the same names
    (EuroBERT, for one); then transformers' own code is used, and the author's is not looked at.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    auto_map = checkpoint.config.get("auto_map") or {}
    if not isinstance(auto_map, dict):
        raise EncoderError(_brings_code(checkpoint.shown, "config.json", auto_map))
    model_type = checkpoint.config["model_type"]
    native = {
        "AutoConfig": CONFIG_MAPPING_NAMES.get(model_type),
        "AutoModel": MODEL_MAPPING_NAMES.get(model_type),
    }
    for part in ("AutoConfig", "AutoModel"):
        if part in auto_map and _class_name(auto_map[part]) != native[part]:
            raise EncoderError(_brings_code(checkpoint.shown, "config.json", auto_map[part]))
    if auto_map and native["AutoConfig"] is None:
        raise EncoderError(_brings_code(checkpoint.shown, "config.json", auto_map))
    if tokenizer_config.get("auto_map"):
        code = tokenizer_config["auto_map"]
        raise EncoderError(_brings_code(checkpoint.shown, "tokenizer_config.json", code))


def refuse_others(config: Any, shown: str) -> None:
    """Refuse decoders, encoder–decoders and models of other things than text."""
    from transformers.models.auto import modeling_auto as auto
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    kind = str(config.model_type)
    if getattr(config, "is_encoder_decoder", False) or (
        kind in auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
    ):
        raise EncoderError(
            "{shown} is an encoder–decoder ({kind}): it has no [CLS] vector that a classifier is "
            "trained on; {use!s}",
            shown=shown,
            kind=kind,
            use=_USE,
        )
    if getattr(config, "is_decoder", False):
        raise EncoderError(
            "{shown} is a {kind} set up as a decoder (is_decoder in its config.json): its first "
            "token sees nothing of the sentence; {use!s}",
            shown=shown,
            kind=kind,
            use=_USE,
        )
    if kind in FAMILIES:
        return
    if (
        kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
        and kind not in _CAUSAL_IN_NAME_ONLY
    ):
        raise EncoderError(
            "{shown} is a decoder-only model ({kind}): each token sees only those before it, so "
            "its first token knows nothing of the sentence; {use!s}",
            shown=shown,
            kind=kind,
            use=_USE,
        )
    other = [part for part in ("vision_config", "audio_config") if hasattr(config, part)]
    text = {
        *TOKENIZER_MAPPING_NAMES,
        *auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        *auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    }
    if other or kind not in text:
        raise EncoderError(
            "{shown} ({kind}) is not an encoder of text alone; {use!s}",
            shown=shown,
            kind=kind,
            use=_USE,
        )


def refuse_size(checkpoint: Checkpoint, config: Any, max_parameters: int) -> None:
    """Refuse a model of more than ``max_parameters`` weights, or of many more than are stored,
    before any memory is taken: counted while a model without storage (torch's meta device) is
    built, which stops where there are too many.
    """
    import copy

    import torch
    from transformers import AutoModel

    _refuse_sizes(checkpoint, config)
    count = _Count(checkpoint, max_parameters)
    count.weights(checkpoint.stored)
    count.numbers = 0
    with torch.device("meta"), count.watching():
        AutoModel.from_config(copy.deepcopy(config), trust_remote_code=False)
    hidden = min(int(getattr(config, "hidden_size", 0)), _WIDEST_POOLER)
    if count.numbers > checkpoint.stored + _LACKING + 2 * hidden * hidden:
        raise EncoderError(
            "config.json of {shown} asks for {numbers:,} weights, and {stored:,} are stored; "
            "random numbers would take their place. Download it again",
            shown=checkpoint.shown,
            numbers=count.numbers,
            stored=checkpoint.stored,
        )


@dataclass(eq=False)
class _Count:
    """Weights, buffers and modules of a model as they are made."""

    checkpoint: Checkpoint
    max_parameters: int
    numbers: int = 0
    beside: int = 0
    modules: int = 0

    def weights(self, numbers: int) -> None:
        """Count weights. Raises EncoderError for too many."""
        self.numbers += numbers
        if self.numbers > self.max_parameters:
            raise EncoderError(
                "{shown} has at least {numbers:,} weights; up to {most:,} are loaded. "
                "Choose a smaller encoder",
                shown=self.checkpoint.shown,
                numbers=self.numbers,
                most=self.max_parameters,
            )

    def tables(self, numbers: int) -> None:
        """Count numbers that are kept beside weights. Raises EncoderError for too many."""
        self.beside += numbers
        if self.beside > self.checkpoint.stored + _LACKING:
            raise EncoderError(
                "config.json of {shown} asks for tables of {beside:,} numbers beside the weights, "
                "more than there are weights; download it again",
                shown=self.checkpoint.shown,
                beside=self.beside,
            )

    def module(self) -> None:
        """Count a module. Raises EncoderError for too many."""
        self.modules += 1
        if self.modules > _MOST_MODULES:
            raise EncoderError(
                "config.json of {shown} asks for more than {most:,} modules; choose a "
                "smaller encoder",
                shown=self.checkpoint.shown,
                most=_MOST_MODULES,
            )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within the block, all that modules are given is counted; one thread at a time."""
        from torch.nn.modules import module as hooks

        def weight(_module: Any, _name: str, given: Any) -> None:
            self.weights(0 if given is None else given.numel())

        def table(_module: Any, _name: str, given: Any) -> None:
            self.tables(0 if given is None else given.numel())

        def part(_module: Any, _name: str, _given: Any) -> None:
            self.module()

        handles = (
            hooks.register_module_parameter_registration_hook(weight),
            hooks.register_module_buffer_registration_hook(table),
            hooks.register_module_module_registration_hook(part),
        )
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _refuse_sizes(checkpoint: Checkpoint, config: Any) -> None:
    for size, names in _SIZES.items():
        value = next((v for name in names if (v := getattr(config, name, None)) is not None), 1)
        if isinstance(value, int) and value < 1:
            raise EncoderError(
                "config.json of {shown} says {size} = {value}, but that is a size and at least 1; "
                "download it again",
                shown=checkpoint.shown,
                size=size,
                value=value,
            )


def _class_name(entry: object) -> str:
    """``module.Class`` or ``owner/repo--module.Class`` → ``Class``; a list's first entry."""
    if isinstance(entry, list | tuple) and entry:
        entry = entry[0]
    return str(entry).rsplit(".", 1)[-1]


def _brings_code(shown: str, file: str, code: object) -> str:
    entry = on_one_line(str(code))
    return say(
        "{shown} brings its own code (auto_map in its {file}: {entry}), and code of a "
        "checkpoint is never run; choose an encoder that transformers itself knows",
        shown=shown,
        file=file,
        entry=entry,
    )
