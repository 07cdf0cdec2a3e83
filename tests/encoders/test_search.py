"""Searching the hub for encoders, on a hub on the loopback interface."""

from collections.abc import Iterator
from typing import Any

import pytest

from probing.encoders.search import Found, search_models
from probing.errors import DataError, EncoderError

from .hub_server import FakeHub, fake_hub

MODELS: list[dict[str, Any]] = [
    {
        "id": "FacebookAI/roberta-base",
        "downloads": 12_345,
        "tags": ["transformers", "safetensors", "license:mit"],
        "config": {"model_type": "roberta"},
        "gated": False,
    },
    {"id": "someone/roberta-pickle", "tags": [], "config": {"model_type": "roberta"}},
    {"id": "someone/roberta-gpt", "tags": ["safetensors"], "config": {"model_type": "gpt2"}},
    {"id": "someone/roberta-unsaid", "tags": ["safetensors"], "gated": "manual"},
    {"id": "someone/other", "tags": ["safetensors"]},
]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with fake_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        server.models = MODELS
        yield server


def test_models_are_found_and_marked(hub: FakeHub) -> None:
    found = {model.id: model for model in search_models("  roberta ")}
    assert found["FacebookAI/roberta-base"] == Found(
        "FacebookAI/roberta-base", "roberta", 12_345, "mit", safetensors=True, gated=False
    )
    assert {name: model.trouble for name, model in found.items()} == {
        "FacebookAI/roberta-base": None,
        "someone/roberta-pickle": "weights",
        "someone/roberta-gpt": "family",
        "someone/roberta-unsaid": None,
    }
    assert found["someone/roberta-unsaid"].gated
    (asked,) = hub.asked
    assert "search=roberta&" in asked
    assert "filter=transformers" in asked


def test_what_is_not_asked(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ("", "a", "x" * 97, "a\0b"):
        with pytest.raises(EncoderError, match="two letters or more"):
            search_models(words)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="not asked, because HF_HUB_OFFLINE is set"):
        search_models("roberta")
    assert hub.asked == []
