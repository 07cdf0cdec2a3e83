"""The rows of one sentence: which tokens are shown, and what they are called."""

from collections.abc import Sequence

import numpy as np

from probing.figures.inside.rows import Labels, fitting
from probing.figures.texts import short
from probing.language import tr, tr_n
from probing.mechanism.values import Token

MOST = 40  # rows that stay readable


def largest(*measures: Sequence[float | None] | np.ndarray) -> list[int]:
    """The rows to be shown, in sentence order: of more than ``MOST``, those largest in any.

    Sizes are taken regardless of sign and relative to each measure's largest.
    """
    sizes = []
    for measure in measures:
        size = np.abs([0.0 if v is None else v for v in measure])
        sizes.append(size / (size.max() or 1.0))
    score = np.max(sizes, axis=0)
    return sorted(np.argsort(-score, kind="stable")[:MOST].tolist())


def labels_of(tokens: Sequence[Token], shown: Sequence[int]) -> list[Labels]:
    """Labels of tokens by their places in the sentence."""
    return [Labels(fitting(label_of(tokens[i])), numbered(tokens, i)) for i in shown]


def numbered(tokens: Sequence[Token], place: int) -> str:
    """A token with its place: a text may stand in more than one."""
    return tr("{token}, token {place}").format(token=label_of(tokens[place]), place=place)


def label_of(token: Token) -> str:
    """A token on one line; one of white space alone is seen too."""
    return short(token.text, 60) or "␣"


def left_out(tokens: Sequence[Token], shown: Sequence[int], more: str = "") -> list[str]:
    """What is said of the tokens that have no row; nothing where all have one."""
    rest = len(tokens) - len(shown)
    said = tr_n("… {n} token of less{more}.", "… {n} tokens of less{more}.", rest)
    return [said.format(n=f"{rest:,}", more=more)] if rest else []
