"""Encoders on the hub by a word of their name, and which of them can be read here."""

from dataclasses import dataclass
from typing import Any

from probing.errors import EncoderError
from probing.hub_child import ask

from .families import FAMILIES

MOST = 20
"""Models that a search gives, those downloaded most often first."""
SECONDS = 12.0
"""The longest that a search may take, with the start of the process that asks."""


@dataclass(frozen=True)
class Found:
    """A model as the hub lists it."""

    id: str
    family: str | None
    """transformers' model_type, where the hub says it."""
    downloads: int | None
    """Of the last month."""
    license: str | None
    safetensors: bool
    """Whether the weights are there as safetensors."""
    gated: bool
    """Whether its owners ask for an agreement."""

    @property
    def trouble(self) -> str | None:
        """The key of ``TROUBLES`` for what keeps it from being read here; None where nothing."""
        if self.family is not None and self.family not in FAMILIES:
            return "family"
        return None if self.safetensors else "weights"


def search_models(words: str, seconds: float = SECONDS) -> tuple[Found, ...]:
    """Models whose id contains ``words``, at most ``MOST``.

    Raises ``EncoderError`` for too few letters, ``DataError`` where the hub cannot be asked.
    """
    words = " ".join(words.split())
    if not 2 <= len(words) <= 96 or not words.isprintable():
        raise EncoderError("Search for two letters or more of a model's name, at most 96.")
    answer, _ = ask("models", seconds, words=words)
    return tuple(Found(**each) for each in answer["models"])


def answer_models(words: str) -> tuple[dict[str, Any], bytes]:
    """The search itself, where it may take as long as it does."""
    from huggingface_hub import HfApi

    listed = HfApi().list_models(
        search=words,
        filter="transformers",
        sort="downloads",
        limit=MOST,
        expand=["config", "downloads", "gated", "safetensors", "tags"],
    )
    return {"models": [_read(model) for model in listed]}, b""


def _read(model: Any) -> dict[str, Any]:
    tags = [str(tag) for tag in model.tags or ()]
    family = (model.config or {}).get("model_type")
    licenses = (tag.partition(":")[2] for tag in tags if tag.startswith("license:"))
    return {
        "id": str(model.id)[:200],
        "family": None if family is None else str(family)[:60],
        "downloads": model.downloads,
        "license": next(licenses, None),
        "safetensors": model.safetensors is not None or "safetensors" in tags,
        "gated": bool(model.gated),
    }
