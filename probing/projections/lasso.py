"""Which points of a map lie inside a line drawn around them.

The line is kept in the map's own coordinates and written so that it fits into a link.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

MOST_CORNERS = 64
_MAP = re.compile(r"(?:pca|umap)[23]_[a-z_]+_\d{1,3}")


@dataclass(frozen=True)
class Lasso:
    """A closed line on one map."""

    map: str
    """``Projection.name`` of the map that it was drawn on."""
    corners: tuple[tuple[float, float], ...]
    """At least three, in the map's coordinates; in 3-D on the plane that was looked at."""
    yaw: float = 0.0
    """In 3-D: how far the map was turned about its y axis, in radians,"""
    pitch: float = 0.0
    """and then about the x axis of the plane."""

    @classmethod
    def parse(cls, text: str) -> "Lasso | None":
        """What ``str`` wrote; None for anything else: it comes from a link."""
        head, *corners = text.split("~")
        name, _, turn = head.partition("@")
        if not _MAP.fullmatch(name) or not 3 <= len(corners) <= MOST_CORNERS:
            return None
        pairs = [_pair(corner) for corner in corners]
        angles = _pair(turn) if turn else (0.0, 0.0)
        if angles is None or any(pair is None for pair in pairs):
            return None
        return cls(name, tuple(pair for pair in pairs if pair is not None), *angles)

    def __str__(self) -> str:
        """E.g. ``umap2_cls_6~1.5_2~3_-0.25~0_0``; ``umap3_cls_6@0.5_0.1~…`` in 3-D."""
        turn = f"@{self.yaw:.6g}_{self.pitch:.6g}" if self.map.partition("_")[0][-1] == "3" else ""
        return "~".join([f"{self.map}{turn}", *(f"{x:.6g}_{y:.6g}" for x, y in self.corners)])

    def holds(self, points: np.ndarray) -> np.ndarray:
        """bool (n,): which of (n, 2) or (n, 3) points lie inside, by the even-odd rule."""
        plane = turned(points, self.yaw, self.pitch)
        px, py = plane[:, 0], plane[:, 1]
        inside = np.zeros(len(points), dtype=bool)
        x1, y1 = self.corners[-1]
        for x2, y2 in self.corners:
            if y1 != y2:  # a level edge is crossed by no ray along x
                crossed = (y1 > py) != (y2 > py)
                inside ^= crossed & (px < (x2 - x1) * (py - y1) / (y2 - y1) + x1)
            x1, y1 = x2, y2
        return inside


def turned(points: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """float64 (n, 2): where points are seen; those of a plane map as they are."""
    wide = points.astype(np.float64)
    if wide.shape[1] == 2:
        return wide
    x, y, z = wide.T
    depth = math.cos(yaw) * z - math.sin(yaw) * x
    return np.column_stack(
        (
            math.cos(yaw) * x + math.sin(yaw) * z,
            math.cos(pitch) * y - math.sin(pitch) * depth,
        )
    )


def _pair(text: str) -> tuple[float, float] | None:
    try:
        x, y = map(float, text.split("_"))
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
