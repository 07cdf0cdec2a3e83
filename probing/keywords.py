"""Which words some sentences have more often than the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

PRIOR, SHARE = 500.0, 0.05
"""Words that the prior is worth, and at most which share of all: with it a word that was seen a
few times does not stand at the top by chance."""
SURE = 1.96  # standard deviations
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
    return Vocabulary.of(texts).overrepresented(chosen, most)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of n sentences, found once for many choices among them."""

    words: tuple[str, ...]
    """w words, none twice."""
    ids: np.ndarray
    """int64 (m,): places in ``words`` of what each sentence has, one sentence after the other,"""
    sentences: np.ndarray
    """and int64 (m,) the sentence's place."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Vocabulary":
        """Of some texts."""
        known: dict[str, int] = {}
        ids: list[int] = []
        counts: list[int] = []
        for text in texts:
            found = words(text)
            ids.extend(known.setdefault(word, len(known)) for word in found)
            counts.append(len(found))
        sentences = np.repeat(np.arange(len(counts)), counts)
        return cls(tuple(known), np.array(ids, dtype=np.int64), sentences)

    def overrepresented(self, chosen: np.ndarray, most: int = 20) -> "pd.DataFrame":
        """As the function of that name."""
        import pandas as pd

        which = chosen[self.sentences]
        inside, outside = (
            np.bincount(self.ids[mask], minlength=len(self.words)) for mask in (which, ~which)
        )
        z = _z(inside, outside)
        able = np.flatnonzero((z >= SURE) & (inside >= FEWEST))
        order = able[np.argsort(-z[able], kind="stable")][:most]
        return pd.DataFrame(
            {
                "word": [self.words[i] for i in order],
                "inside": inside[order],
                "outside": outside[order],
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


def _z(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """How many standard deviations the log-odds of each word differ; the prior is all texts."""
    n, m = inside.sum(), outside.sum()
    worth = min(PRIOR, SHARE * (n + m))
    prior = worth * (inside + outside) / max(1, n + m)
    a, b = inside + prior, outside + prior
    with np.errstate(divide="ignore", invalid="ignore"):  # a single word, or none outside
        odds = np.log(a / (n + worth - a)) - np.log(b / (m + worth - b))
        return np.nan_to_num(odds / np.sqrt(1 / a + 1 / b), nan=0.0, posinf=0.0, neginf=0.0)
