"""What the tests of the encoders share beside the tiny checkpoints of all tests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from probing.encoders import Encoder

SHARED = Path(__file__).resolve().parents[3] / "shared"

Checkpoints = Callable[..., Path]
Encoders = Callable[..., Encoder]


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
