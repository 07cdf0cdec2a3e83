"""What a token is to [CLS]: itself, another special token, punctuation, or a word piece."""

import string
import unicodedata

from .values import Group

_MARKS = ("##", "Ġ", "▁", "</w>")  # that a piece continues, begins or ends a word


def group_of(token_id: int, token_text: str, special: bool, is_cls: bool) -> Group:
    """The group of a token; ``is_cls`` for the token in [CLS]'s place, special or not.

    Punctuation is what has no other characters: those of Unicode's categories P, and the ASCII
    symbols that BERT's tokenizer splits off as well.
    """
    if is_cls:
        return "self"
    if special:
        return "separator"
    bare = token_text
    for mark in _MARKS:
        bare = bare.removeprefix(mark).removesuffix(mark)
    return "punctuation" if bare and all(map(_is_punctuation, bare)) else "word"


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
