"""How large a run will be, before it is begun: its memory and its word pieces."""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probing.encoders import understand

MOST_PIECES = 512
"""Word pieces of a sentence that most encoders read; what is longer is cut."""


@dataclass(frozen=True)
class Shape:
    """How large an encoder is."""

    layers: int
    hidden: int
    """Numbers of a vector."""
    parameters: int


BUNDLED_SHAPE = Shape(6, 384, 22_700_000)
BASE_SHAPE = Shape(12, 768, 125_000_000)
"""Taken for an encoder of which nothing is known yet."""


def estimate(
    n: int, shape: Shape, poolings: int, classes: int, folds: int = 5, *, deep: bool = False
) -> int:
    """Bytes of memory at the peak of a run over ``n`` sentences; rather too many.

    What the worker holds itself: the libraries, the weights, one cell at a time in several float64
    copies (two cells side by side for what CLS and the mean add to each other), predictions of all
    cells, and what the solver remembers of its steps. The vectors lie in files, whose pages the
    system takes back when it needs them, so they are not counted. Fitted to the anonymous memory
    of whole runs with the bundled encoder, which it exceeds by a seventh to a quarter.
    In depth the encoder with random weights and all its vectors are in memory as well.
    """
    cells = (shape.layers + 1) * poolings
    solver = min(200_000_000, 800 * folds * classes * (shape.hidden + 1))
    per_sentence = 150 * shape.hidden + 100 * cells + 100 * classes + 1_000
    weights = (10 if deep else 6) * shape.parameters
    if deep:
        per_sentence += 4 * shape.hidden * cells
    return 400_000_000 + weights + 32 * shape.hidden**2 + solver + n * per_sentence


def word_pieces(texts: Sequence[str]) -> int:
    """About how many word pieces an encoder reads of these texts; rather too many.

    A piece for three bytes: English words have four to five bytes a piece, a character of Chinese
    has three and is one.
    """
    return sum(min(MOST_PIECES, 2 + len(text.encode("utf-8", "replace")) // 3) for text in texts)


def shape_of(name: str) -> Shape:
    """An encoder's size from its ``config.json``, where that lies on this machine."""
    if understand(name).source == "bundled":
        return BUNDLED_SHAPE
    try:
        config = _config(name)
        layers, hidden, words = (
            next(int(config[key]) for key in keys if key in config) for keys in _KEYS
        )
    except (OSError, ValueError, TypeError, KeyError, StopIteration, RuntimeError):
        return BASE_SHAPE  # the encoder's loading says what is wrong with it
    if not (0 < layers < 1_000 and 0 < hidden < 100_000 and 0 < words < 10_000_000):
        return BASE_SHAPE
    return Shape(layers, hidden, words * hidden + layers * 12 * hidden * hidden)


def reads_at_most(name: str) -> int:
    """About how many word pieces of a sentence an encoder reads, from its ``config.json``."""
    if understand(name).source == "bundled":
        return MOST_PIECES
    try:
        found = int(_config(name)["max_position_embeddings"])
    except (OSError, ValueError, TypeError, KeyError, RuntimeError):
        return MOST_PIECES
    return found if 2 < found < 1_000_000 else MOST_PIECES


def _config(name: str) -> dict[str, Any]:
    """An encoder's ``config.json``. Raises ``KeyError`` where it is not on this machine."""
    target = understand(name)
    path = target.folder / "config.json" if target.folder else _kept_config(target.id)
    if path is None or path.stat().st_size > 1_000_000:
        raise KeyError(name)
    return dict(json.loads(path.read_text(encoding="utf-8")))


_KEYS = (
    ("num_hidden_layers", "n_layers", "n_layer", "num_layers"),
    ("hidden_size", "dim", "d_model", "n_embd"),
    ("vocab_size", "n_vocab"),
)


def _kept_config(hub_id: str) -> Path | None:
    """The configuration of an encoder that was loaded from the hub before."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, "config.json")
    return Path(found) if isinstance(found, str) else None


def machine_memory(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes of memory of this machine, or of the container where that has less; None if unknown."""
    found = []
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            found.append(int((root / name).read_text()))
        except (OSError, ValueError):
            continue  # no such file, or "max"
    return min((each for each in found if each > 0), default=None)


def machine_cores(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use, or as many as the container's share of time comes to."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    for name in ("cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us"):
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
            quota, period = " ".join((root / part).read_text() for part in name.split()).split()
            if int(quota) > 0 and int(period) > 0:
                cores = min(cores, -(-int(quota) // int(period)))
    return max(1, cores)


def threads_each(workers: int, root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Threads for each of several workers, none of which may spin on another's core.

    OpenMP's threads wait busily: two processes with as many each as there are cores slow each
    other tenfold. None where one worker has the whole machine: its libraries know best.
    """
    cores = machine_cores(root)
    return None if workers == 1 and cores == os.cpu_count() else max(1, cores // workers)
