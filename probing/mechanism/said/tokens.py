"""Tokens and figures of one sentence as words have them."""

from collections.abc import Sequence

import numpy as np

from probing.language import tr
from probing.mechanism.values import Token
from probing.wording import listed, number

SAME = 1e-12  # figures that differ by less are a tie


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's ρ, ties sharing their mean rank; of figures that are not all equal."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def highest(values: Sequence[float]) -> list[int]:
    """Places of the largest value: more than one in a tie."""
    top = max(values)
    return [i for i, value in enumerate(values) if value >= top - SAME]


def numbered(tokens: Sequence[Token], place: int) -> str:
    """``“card” (token 7)``: a text may stand in more than one place."""
    text = " ".join(tokens[place].text.split()) or "␣"
    return tr("“{text}” (token {place})").format(text=text, place=place)


def named(tokens: Sequence[Token], places: Sequence[int]) -> str:
    """One token, two, or how many stand alike."""
    if len(places) <= 2:
        return listed([numbered(tokens, i) for i in places])
    said = tr("{n} tokens alike, the first {token},")
    return said.format(n=len(places), token=numbered(tokens, places[0]))


def signed(value: float) -> str:
    """Two places, with its sign."""
    text = number(value, 2)
    return f"+{text}" if value > 0 and float(text) else text
