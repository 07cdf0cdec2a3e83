"""Encoders: loading one safely; what each family's [CLS], pooler and classification head are.

Importing this package is light; torch and transformers come with the first use of ``Encoder`` or
``load_encoder``.
"""

from typing import TYPE_CHECKING, Any

from .bundled import BUNDLED
from .families import FAMILIES, READS, Family, family_of, head_reads
from .info import EncoderInfo, Pooler
from .names import understand

if TYPE_CHECKING:
    from .encoder import Encoder, HiddenStates, cls_positions
    from .loading import MAX_PARAMETERS, load_encoder

_LAZY = {
    "Encoder": "encoder",
    "HiddenStates": "encoder",
    "cls_positions": "encoder",
    "MAX_PARAMETERS": "loading",
    "load_encoder": "loading",
}

__all__ = [
    "BUNDLED",
    "FAMILIES",
    "MAX_PARAMETERS",
    "READS",
    "Encoder",
    "EncoderInfo",
    "Family",
    "HiddenStates",
    "Pooler",
    "cls_positions",
    "family_of",
    "head_reads",
    "load_encoder",
    "understand",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
