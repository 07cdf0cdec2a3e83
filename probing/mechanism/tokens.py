"""What a token is to [CLS]: itself, another special token, punctuation or a word piece."""

import string
import unicodedata

import torch
from torch import Tensor

from probing.encoders.encoder import Encoder

from .values import GROUPS, Group

MARKS = ("##", "Ġ", "▁", "</w>")
"""How tokenizers mark that a token goes on, or begins or ends a word."""
PADDING = -1


def group_of(token_text: str, special: bool, is_cls: bool) -> Group:
    """The group of one token, ``token_text`` as the tokenizer writes it or decoded.

    Punctuation is a token of nothing but punctuation characters, once ``MARKS`` are taken off. An
    unknown token stands for a word and counts as one.
    """
    if is_cls:
        return "self"
    if special:
        return "separator"
    text = token_text
    for mark in MARKS:
        text = text.removeprefix(mark).removesuffix(mark)
    text = text.strip()
    return "punctuation" if text and all(map(_punctuates, text)) else "word"


def group_numbers(batch: dict[str, Tensor], encoder: Encoder) -> Tensor:
    """int64 (B, T) places in ``GROUPS`` of what ``encoder.tokenize`` gave; ``PADDING`` there."""
    ids, special = batch["input_ids"], batch["special_tokens_mask"].bool()
    words, place = torch.unique(ids, return_inverse=True)
    texts = [encoder.tokenizer.decode([number]) for number in words.tolist()]
    plain = [GROUPS.index(group_of(text, False, False)) for text in texts]
    groups = torch.tensor(plain, device=ids.device)[place]
    groups[special] = GROUPS.index("separator")
    groups.scatter_(1, encoder.cls_positions(batch)[:, None], GROUPS.index("self"))
    return groups.masked_fill(~batch["attention_mask"].bool(), PADDING)


def _punctuates(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
