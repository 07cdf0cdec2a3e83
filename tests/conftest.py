"""What many tests share: tiny encoders, toy sentences that they can tell apart, a stored run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from probing import language
from probing.encoders import Encoder, load_encoder
from probing.record import Run
from tests.tiny import tiny_checkpoint

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

Toy = tuple[list[str], list[str]]
Finished = subprocess.CompletedProcess[str]


@pytest.fixture
def chinese() -> Iterator[None]:
    """The visitor's language."""
    language.choose_by(lambda: "zh")
    yield
    language.choose_by(lambda: "en")


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the person's own runs and kept vectors is read or changed by a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBING_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
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
def encoder(checkpoint: Callable[..., Path]) -> Callable[..., Encoder]:
    """The loaded encoder of such a checkpoint, shared too: do not change it."""
    loaded: dict[Path, Encoder] = {}

    def load(model_type: str = "bert", **options: Any) -> Encoder:
        folder = checkpoint(model_type, **options)
        if folder not in loaded:
            loaded[folder] = load_encoder(folder)
        return loaded[folder]

    return load


@pytest.fixture(scope="session")
def bundled() -> Encoder:
    """The encoder that comes with the package."""
    return load_encoder("bundled")


@pytest.fixture(scope="session")
def toy() -> Toy:
    """60 distinct sentences of words the tiny encoders know; 24 good, 20 bad, 16 neither."""
    nouns = ("film", "food", "room", "staff", "book", "place", "card", "bank", "house", "city")
    tails = ("very", "never", "always", "so")
    texts, labels = [], []
    for word, label, count in (("good", "pos", 24), ("bad", "neg", 20), ("one", "mid", 16)):
        pairs = [(noun, tail) for tail in tails for noun in nouns][:count]
        texts += [f"the {noun} was {tail} {word}" for noun, tail in pairs]
        labels += [label] * count
    order = sorted(range(60), key=lambda i: (i * 37) % 61)
    return [texts[i] for i in order], [labels[i] for i in order]


@pytest.fixture(scope="session")
def coarse() -> Callable[[], AbstractContextManager[None]]:
    """A context in which probes stop early: for tests of what is done with their results."""

    @contextmanager
    def loosened() -> Iterator[None]:
        from probing.probes import solver

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(solver, "GAP", 0.05)
            patch.setattr(solver, "ROUGH", 0.05)
            patch.setattr(solver, "COARSE", 0.05)
            yield

    return loosened


@pytest.fixture(scope="session")
def stored(
    tmp_path_factory: pytest.TempPathFactory,
    checkpoint: Callable[..., Path],
    toy: Toy,
    coarse: Callable[[], AbstractContextManager[None]],
) -> Path:
    """The folder of a finished run with all poolings and maps of the last layer: do not change."""
    from probing.runs import run

    folder = tmp_path_factory.mktemp("runs") / "toy"
    poolings = ("cls", "pooled", "mean", "mean_words")
    with coarse():
        run(*toy, encoder=str(checkpoint(layers=1)), poolings=poolings, out=folder)
    return folder


@pytest.fixture(scope="session")
def finished(stored: Path) -> Run:
    """The run that lies in ``stored``."""
    from probing.store import load_run

    return load_run(stored)


@pytest.fixture
def spoilt(stored: Path, tmp_path: Path) -> Path:
    """A copy of ``stored`` that a test may change."""
    return Path(shutil.copytree(stored, tmp_path / "spoilt"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a started process: this package, no network, a cache of its own."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path_factory.mktemp("hub")),
    }


@pytest.fixture
def command(
    environment: dict[str, str], tmp_path: Path
) -> Callable[[Sequence[str | Path]], Finished]:
    """``python -m probing`` with some arguments in a fresh process and an empty folder."""

    def start(arguments: Sequence[str | Path], **changed: str) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "probing", *map(str, arguments)],
            cwd=tmp_path,
            env={**environment, **changed},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return start
