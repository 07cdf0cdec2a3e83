"""Tiny checkpoints shared by the tests of the encoders: each is made once in a session."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probing.encoders import Encoder, load_encoder
from tests.tiny import tiny_checkpoint

SHARED = Path(__file__).resolve().parents[3] / "shared"

Checkpoints = Callable[..., Path]
Encoders = Callable[..., Encoder]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    """``tiny_checkpoint`` without a folder; the same arguments give the same folder."""
    made: dict[str, Path] = {}

    def make(model_type: str = "bert", **options: Any) -> Path:
        options = {"noise": 0.2, **options}
        key = f"{model_type} {sorted(options.items())}"
        if key not in made:
            folder = tmp_path_factory.mktemp(model_type)
            made[key] = tiny_checkpoint(folder, model_type, **options)
        return made[key]

    return make


@pytest.fixture(scope="session")
def encoder(checkpoint: Checkpoints) -> Encoders:
    """The loaded encoder of such a checkpoint, shared too: do not change it."""
    loaded: dict[str, Encoder] = {}

    def load(model_type: str = "bert", **options: Any) -> Encoder:
        folder = checkpoint(model_type, **options)
        if str(folder) not in loaded:
            loaded[str(folder)] = load_encoder(folder)
        return loaded[str(folder)]

    return load


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a checkpoint that a test may spoil."""

    def make(folder: Path) -> Path:
        target = tmp_path / "copy"
        target.mkdir()
        for file in folder.iterdir():
            os.link(file, target / file.name)
        return target

    return make
