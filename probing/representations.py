"""Representations: one vector per sentence, layer and pooling."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from probing.errors import RunFolderError

POOLINGS = ("cls", "pooled", "mean", "mean_words")


@dataclass(frozen=True, eq=False)
class Representations:
    """What an encoder made of n sentences, for each pooling a (layers, n, H) array."""

    arrays: Mapping[str, np.ndarray]
    """Pooling name → read-only float32 (layers, sentences, hidden); layer 0 is the embedding
    output. May be memory-mapped."""
    truncated: int = 0
    """Sentences longer than the encoder reads."""
    tokens_lost: int = 0
    """Tokens cut from them in all."""
    token_counts: np.ndarray | None = None
    """int32 (n,) tokens of each sentence as read, special tokens included."""
    embedding_mean: np.ndarray | None = None
    """float32 (n, H) mean over the tokens of the embedding output: the baseline that has no layer
    behind it, whatever poolings were asked for. Not saved."""
    reused: int = 0
    """Sentences that did not go through the encoder, as equal ones had in this run or before."""

    def __post_init__(self) -> None:
        shapes = {array.shape for array in self.arrays.values()}
        if len(shapes) != 1:
            raise ValueError(f"the poolings differ in shape: {sorted(shapes)}")
        beside = (self.token_counts, self.embedding_mean)
        for array in (*self.arrays.values(), *(a for a in beside if a is not None)):
            array.flags.writeable = False
        object.__setattr__(self, "arrays", MappingProxyType(dict(self.arrays)))

    @property
    def poolings(self) -> tuple[str, ...]:
        """The poolings at hand, in the usual order."""
        return tuple(name for name in POOLINGS if name in self.arrays)

    @property
    def layers(self) -> int:
        """Number of layers, the embedding output (layer 0) included."""
        return int(next(iter(self.arrays.values())).shape[0])

    def cell(self, layer: int, pooling: str) -> np.ndarray:
        """Read-only float32 (n, H) of one layer and pooling."""
        return self.arrays[pooling][layer]

    def save(self, folder: Path) -> None:
        """Write ``{pooling}.npy`` for each pooling into ``folder``, made if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        for pooling, array in self.arrays.items():
            np.save(folder / f"{pooling}.npy", array, allow_pickle=False)

    @staticmethod
    def load(folder: Path, *, truncated: int = 0, tokens_lost: int = 0) -> "Representations | None":
        """Memory-map what ``save`` wrote; None where the folder holds none.

        ``truncated`` and ``tokens_lost`` are the run's record of them. Raises ``RunFolderError``
        for a file that is damaged.
        """
        arrays = {}
        for pooling in POOLINGS:
            path = folder / f"{pooling}.npy"
            if path.exists():
                try:
                    arrays[pooling] = np.load(path, mmap_mode="r", allow_pickle=False)
                except (ValueError, OSError, EOFError) as error:
                    raise RunFolderError(
                        "{name} of this run is damaged ({error}). Make the run again.",
                        name=path.name,
                        error=error,
                    ) from error
        return Representations(arrays, truncated, tokens_lost) if arrays else None
