"""What a map is, and how faithful it is said to be."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from probing.language import spoken

Method = Literal["pca", "umap"]
METHODS: tuple[Method, ...] = ("pca", "umap")
FEWEST = 5  # sentences up to which a neighbourhood graph says nothing and PCA keeps all there is


@dataclass(frozen=True)
class Faithfulness:
    """How much of each point's neighbourhood in the full space the map keeps.

    None where there are too few points for a figure.
    """

    trustworthiness: float | None
    """1 if all k map neighbours are near in full space (Venna & Kaski 2001), 0 … 1."""
    continuity: float | None
    """1 if all k neighbours in full space are near on the map, 0 … 1."""
    neighbours_kept: float | None
    """Share of the k nearest neighbours in full space that are among the k nearest on the map."""
    neighbours_kept_by_chance: float | None
    """The same share for a random map: k / (n − 1)."""
    label_accuracy_full: float | None
    """k-nearest-neighbour accuracy of the labels in full space, leave-one-out."""
    label_accuracy_map: float | None
    """The same on the map."""
    k: int
    """Neighbours looked at."""
    judged: int
    """Points whose neighbourhoods were compared (against all n)."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A map of n sentences: one point each."""

    method: Method
    layer: int
    pooling: str
    points: np.ndarray
    """Read-only float32 (n, 2) or (n, 3)."""
    faithfulness: Faithfulness
    seed: int
    explained: tuple[float, ...] = ()
    """PCA only: share of the variance along each axis."""
    notice: str = ""
    """What the person should know about this map, in English, as it is stored."""

    def __post_init__(self) -> None:
        self.points.flags.writeable = False

    @property
    def name(self) -> str:
        """A file name without ending, e.g. ``umap2_cls_6``."""
        return projection_name(self.method, self.points.shape[1], self.pooling, self.layer)

    @property
    def told(self) -> str:
        """``notice`` in the language of now."""
        return spoken(self.notice)

    def to_json(self) -> dict[str, Any]:
        """Everything but the points."""
        return {
            "method": self.method,
            "dimensions": self.points.shape[1],
            "layer": self.layer,
            "pooling": self.pooling,
            "seed": self.seed,
            "explained": list(self.explained),
            "notice": self.notice,
            "faithfulness": asdict(self.faithfulness),
        }


def projection_name(method: str, dimensions: int, pooling: str, layer: int) -> str:
    """The name a projection is stored under."""
    return f"{method}{dimensions}_{pooling}_{layer}"
