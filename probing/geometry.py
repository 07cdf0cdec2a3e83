"""The shape of a cloud of representations, without labels."""

import numpy as np

CONSTANT = 1e-9
"""Relative variance below which a representation is the same vector for every sentence."""


def relative_variance(x: np.ndarray) -> float:
    """V = tr Cov(x) / E‖x‖² of (n, H) vectors; 0 … 1, and 0 where all are alike.

    At layer 0 the first token's vector holds the token, its position and its segment only: it is
    the same for every sentence and V is float noise (5e-12). Computed in float64.
    """
    wide = np.asarray(x, dtype=np.float64)
    energy = float(np.square(wide).sum(axis=1).mean()) if len(wide) else 0.0
    return float(wide.var(axis=0).sum()) / energy if energy > 0 else 0.0


def is_constant(x: np.ndarray) -> bool:
    """Whether the (n, H) vectors carry nothing about the sentence: V < ``CONSTANT``."""
    return relative_variance(x) < CONSTANT
