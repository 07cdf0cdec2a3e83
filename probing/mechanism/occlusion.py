"""A sentence without some of its words: which words there are, and the vectors of what is left."""

from collections.abc import Sequence

import numpy as np
import torch

from probing.encoders.encoder import Encoder, writable
from probing.encoders.tokens import Tokens
from probing.extraction import BATCH_TOKENS, encode_batch

READ = 8_192
"""Tokens read in all up to which each word is left out alone (of a sentence of 90 words); of longer
sentences, neighbouring words are left out together."""
FEWEST_SPANS = 16
"""Spans that the longest sentence has nevertheless."""


def spans(text: str, tokens: Tokens, encoder: Encoder) -> list[np.ndarray]:
    """Places (of T) of the tokens that are left out together, span by span; no special tokens.

    A span is a word, or several neighbours, evenly, where there are too many words. ``tokens`` are
    those of ``text`` alone.
    """
    special = tokens.flat["special_tokens_mask"].astype(bool)
    words: list[list[int]] = []
    before = None
    for place, word in enumerate(_words(text, encoder, len(special))):
        if special[place]:
            continue
        if words and word is not None and word == before:
            words[-1].append(place)
        else:
            words.append([place])
        before = word
    most = max(FEWEST_SPANS, READ // max(1, len(special)))
    groups = np.array_split(np.arange(len(words)), min(most, len(words)) or 1)
    return [np.array([p for w in group for p in words[w]]) for group in groups if len(group)]


def without(tokens: Tokens, left_out: Sequence[np.ndarray]) -> Tokens:
    """The whole sentence, then the sentence without each of the spans."""
    every = np.arange(tokens.lengths[0])
    kept = [every, *(np.delete(every, span) for span in left_out)]
    lengths = np.array([len(places) for places in kept], dtype=np.int64)
    flat = {name: values[np.concatenate(kept)] for name, values in tokens.flat.items()}
    return Tokens(flat, np.concatenate([[0], np.cumsum(lengths)]), lengths)


def vectors(tokens: Tokens, encoder: Encoder, poolings: Sequence[str]) -> dict[str, np.ndarray]:
    """Each pooling's float32 (L + 1, n, H) of n texts, one forward pass for each length.

    Batches have no padding, so a text's vectors are those that it has alone.
    """
    names = [p for p in poolings if p != "pooled"]
    if "pooled" in poolings and "cls" not in names:
        names.append("cls")
    shape = (encoder.info.layers + 1, len(tokens.lengths), encoder.info.hidden)
    found = {name: np.empty(shape, dtype=np.float32) for name in names}
    for length in np.unique(tokens.lengths):
        rows = np.flatnonzero(tokens.lengths == length)
        size = max(1, BATCH_TOKENS // max(1, int(length)))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            for name, values in encode_batch(tokens.batch(part, encoder), encoder, names).items():
                found[name][:, part] = values
    if "pooled" in poolings:
        found["pooled"] = _pooled(found["cls"], encoder)
    return found


def _pooled(cls: np.ndarray, encoder: Encoder) -> np.ndarray:
    with torch.inference_mode():
        layers = [encoder.pool(torch.tensor(one, device=encoder.device)) for one in cls]
    return torch.stack(layers).cpu().numpy()


def _words(text: str, encoder: Encoder, length: int) -> list[int | None]:
    """(T,) the word that each token is of; None for each where the tokenizer cannot say.

    Some tokenizers do not cut at spaces and take the whole sentence for one word: they cannot.
    """
    unknown: list[int | None] = [None] * length
    if not encoder.tokenizer.is_fast:
        return unknown
    batch = encoder.tokenizer(
        writable([text]), truncation=True, max_length=encoder.info.max_tokens, verbose=False
    )
    words: list[int | None] = batch.word_ids(0)
    one = len({word for word in words if word is not None}) == 1
    return unknown if one and len(text.split()) > 1 else words
