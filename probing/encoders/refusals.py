"""Which models are not encoders of text, or cannot be loaded safely: each its own message."""

import math
from typing import Any

from probing.errors import EncoderError

from .families import FAMILIES
from .folders import Checkpoint
from .messages import on_one_line

_USE = "give an encoder, for example one of the BERT, RoBERTa or DeBERTa families"
_CAUSAL_IN_NAME_ONLY = {"bert-generation"}
_MOST_LAYERS = 512
_SIZES = {
    "vocabulary": ("vocab_size", "n_words"),
    "embedding": ("embedding_size", "input_embedding_size"),
    "hidden": ("hidden_size", "d_model", "dim", "emb_dim"),
    "inner": ("intermediate_size", "d_inner", "hidden_dim"),
    "positions": ("max_position_embeddings",),
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
            f"{shown} is an encoder–decoder ({kind}): it has no [CLS] vector that a classifier "
            f"is trained on; {_USE}"
        )
    if getattr(config, "is_decoder", False):
        raise EncoderError(
            f"{shown} is a {kind} set up as a decoder (is_decoder in its config.json): its first "
            f"token sees nothing of the sentence; {_USE}"
        )
    if kind in FAMILIES:
        return
    if (
        kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
        and kind not in _CAUSAL_IN_NAME_ONLY
    ):
        raise EncoderError(
            f"{shown} is a decoder-only model ({kind}): each token sees only those before it, so "
            f"its first token knows nothing of the sentence; {_USE}"
        )
    other = [part for part in ("vision_config", "audio_config") if hasattr(config, part)]
    text = {
        *TOKENIZER_MAPPING_NAMES,
        *auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        *auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    }
    if other or kind not in text:
        raise EncoderError(f"{shown} ({kind}) is not an encoder of text alone; {_USE}")


def refuse_size(checkpoint: Checkpoint, config: Any, max_parameters: int) -> None:
    """Refuse a model of more than ``max_parameters`` weights before any memory is taken.

    First a lower bound from the config's figures, then the exact number from a model without
    storage (torch's meta device).
    """
    import copy

    import torch
    from transformers import AutoModel

    bound = max(checkpoint.stored, _least_parameters(checkpoint, config))
    if bound <= max_parameters:
        with torch.device("meta"):
            model = AutoModel.from_config(copy.deepcopy(config), trust_remote_code=False)
        bound = max(bound, sum(weight.numel() for weight in model.parameters()))
    if bound > max_parameters:
        raise EncoderError(
            f"{checkpoint.shown} has at least {bound:,} weights; up to {max_parameters:,} are "
            "loaded. Choose a smaller encoder"
        )


def _least_parameters(checkpoint: Checkpoint, config: Any) -> int:
    """Fewer weights than these the model cannot have. EncoderError for impossible figures."""
    found: dict[str, int] = {}
    for size, names in _SIZES.items():
        values = [value for name in names if (value := getattr(config, name, None)) is not None]
        if values:
            if not isinstance(values[0], int) or isinstance(values[0], bool):
                continue
            if size != "positions" and values[0] < 1:
                raise EncoderError(
                    f"config.json of {checkpoint.shown} says {size} = {values[0]}, but that is a "
                    "size and at least 1; download it again"
                )
            found[size] = values[0]
    hidden = found.get("hidden", 1)
    layers = found.get("layers", 1)
    if layers > _MOST_LAYERS:
        raise EncoderError(
            f"config.json of {checkpoint.shown} says {layers:,} layers; up to {_MOST_LAYERS} are "
            "loaded. Choose a smaller encoder"
        )
    narrow = min(hidden, found.get("embedding", hidden))
    return math.prod((found.get("vocabulary", 1), narrow)) + hidden * max(
        hidden, min(found.get("groups", layers), layers) * found.get("inner", 1)
    )


def _class_name(entry: object) -> str:
    """``module.Class`` or ``owner/repo--module.Class`` → ``Class``; a list's first entry."""
    if isinstance(entry, list | tuple) and entry:
        entry = entry[0]
    return str(entry).rsplit(".", 1)[-1]


def _brings_code(shown: str, file: str, code: object) -> str:
    entry = on_one_line(str(code))
    return (
        f"{shown} brings its own code (auto_map in its {file}: {entry}), and code of a "
        "checkpoint is never run; choose an encoder that transformers itself knows"
    )
