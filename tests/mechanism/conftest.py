"""Tiny encoders of three layers for the tests of what happens inside an encoder."""

from collections.abc import Callable
from typing import Any

import pytest

from probing.encoders import Encoder

Encoders = Callable[..., Encoder]


@pytest.fixture(scope="session")
def tiny_encoder(encoder: Encoders) -> Encoders:
    """``tiny_encoder("roberta")``: three layers, random weights with biases; shared, unchanged."""

    def load(family: str = "bert", **options: Any) -> Encoder:
        return encoder(family, **{"layers": 3, **options})

    return load
