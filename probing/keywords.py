"""Which words some sentences have more often than the others."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

PRIOR, SHARE = 500.0, 0.05
"""Words that the prior is worth, and at most which share of all: with it a word that was seen a
few times does not stand at the top by chance."""
FEWEST = 2  # sentences of the chosen that a word has to be in
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


def overrepresented(texts: Sequence[str], chosen: np.ndarray, most: int = 20) -> "pd.DataFrame":
    """The words that ``chosen`` (bool, n) of ``texts`` (n) have more often than the others.

    Columns: word, inside and outside (sentences that have it, of the chosen and the others), z of
    the log-odds ratio under an informative Dirichlet prior, the largest first; from 1.96 on. A word
    counts once a sentence. Chinese and Japanese, written without spaces, count by pairs of
    characters. Source: Monroe, Colaresi & Quinn 2008, "Fightin' Words".
    """
    import pandas as pd

    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for text, inside in zip(texts, chosen.tolist(), strict=True):
        counts[not inside].update(words(text))
    names = [word for word, n in counts[0].items() if n >= FEWEST]
    inside = np.array([counts[0][word] for word in names], dtype=np.float64)
    outside = np.array([counts[1][word] for word in names], dtype=np.float64)
    z = _z(inside, outside, counts[0].total(), counts[1].total())
    order = [i for i in np.argsort(-z, kind="stable") if z[i] >= 1.96][:most]
    return pd.DataFrame(
        {
            "word": [names[i] for i in order],
            "inside": inside[order].astype(np.int64),
            "outside": outside[order].astype(np.int64),
            "z": z[order],
        }
    )


def words(text: str) -> set[str]:
    """The words of a sentence, in lower case."""
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        for part in _UNSPACED.findall(word):
            found.update(part[i : i + 2] for i in range(max(1, len(part) - 1)))
        found.update(part for part in _UNSPACED.split(word) if part)
    return found


def _z(inside: np.ndarray, outside: np.ndarray, all_inside: int, all_outside: int) -> np.ndarray:
    """How many standard deviations the log-odds of each word differ; the prior is all texts."""
    whole = all_inside + all_outside
    worth = min(PRIOR, SHARE * whole)
    prior = worth * (inside + outside) / max(1, whole)
    a, b = inside + prior, outside + prior
    odds = np.log(a / (all_inside + worth - a)) - np.log(b / (all_outside + worth - b))
    return np.asarray(odds / np.sqrt(1 / a + 1 / b))
