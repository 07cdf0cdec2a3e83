"""What attacks by encoders share: a copy to spoil, and a process that may die of it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attack.spoiling import Spoil, spoilt_copy
from tests.conftest import ROOT

RefusedAlone = Callable[[str, Spoil, str], None]


@pytest.fixture
def spoilt(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of a tiny BERT that a test may spoil."""
    target = tmp_path / "copy"
    target.mkdir()
    for file in checkpoint("bert").iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


@pytest.fixture(scope="package")
def alone(checkpoint: Callable[..., Path]) -> Iterator[Callable[[Path], dict[str, Any]]]:
    """What becomes of loading a folder in a process with 1.5 GB of memory and 15 s."""
    command = [sys.executable, "-m", "tests.attack.alone"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout
        asked.write(f"{checkpoint('bert')}\n")

        def ask(folder: Path) -> dict[str, Any]:
            asked.write(f"{folder}\n")
            asked.flush()
            return dict(json.loads(answers.readline()))

        yield ask
        asked.close()


@pytest.fixture
def refused_alone(
    alone: Callable[[Path], dict[str, Any]], checkpoint: Callable[..., Path], tmp_path: Path
) -> RefusedAlone:
    """Checks that a checkpoint of a family, spoilt, is refused there with words that match."""

    def check(family: str, case: Spoil, message: str) -> None:
        found = alone(spoilt_copy(case, checkpoint(family), tmp_path / "copy"))
        assert found["outcome"] == "refused", found
        assert re.search(message, found["said"]), found["said"]
        assert found["said"].isprintable()
        assert len(found["said"]) < 700
        assert found["mb"] < 500
        assert found["seconds"] < 4

    return check
