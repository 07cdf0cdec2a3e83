"""The process that computes: what it keeps, and what it says where the memory ends."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard import deeds
from dashboard.worker import Worker
from tests.conftest import ROOT


def huge_tensor() -> None:
    import torch

    torch.empty(10**15)


def huge_array() -> None:
    import numpy as np

    np.empty(10**15)


@pytest.mark.parametrize("ask", [huge_tensor, huge_array])
def test_where_the_memory_ends_it_says_so(
    ask: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch has a plain RuntimeError for it, which would pass for a defect of ours."""
    monkeypatch.setitem(deeds.KINDS, "look", lambda job, hear: ask())  # type: ignore[arg-type]
    said = Worker(io.StringIO()).do({"id": "1", "kind": "look"})
    assert said["message"] == "The memory is not enough for this run. Use fewer sentences."


def test_a_run_does_not_share_its_memory_with_what_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoders of looks are kept for the next look, but no estimate of a run has them."""
    from probing.mechanism import exploring, subject

    (tmp_path / "run.json").touch()
    loaded: list[Any] = []
    monkeypatch.setattr("probing.store.load_run", lambda folder: folder)
    monkeypatch.setattr(subject, "subject_of", lambda run, load: loaded.append(run))
    monkeypatch.setattr(exploring, "explore_folder", lambda *args, **options: None)
    for _ in range(2):
        deeds._subject(tmp_path, 1)
    assert len(loaded) == 1, "kept"
    deeds.KINDS["inside"]({"folder": str(tmp_path)}, lambda progress: None)
    deeds._subject(tmp_path, 1)
    assert len(loaded) == 2


PIECES = """
import os, sys
from dashboard import worker

def mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

before = mb()
pieces = [bytes(60_000) for _ in range(4_000)]
full = mb()
pieces = pieces[::40]
freed = mb()
worker._give_back()
print(full - before, freed - before, mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other allocators")
def test_memory_in_pieces_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PIECES],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    full, freed, at_last = map(float, done.stdout.split())
    assert full > 150
    assert freed > 120, "glibc keeps what lies between pieces in use: else this proves nothing"
    assert at_last < 40
