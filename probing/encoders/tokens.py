"""Many texts through the tokenizer at once, and any few of them as a batch for the model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .encoder import Encoder, call_tokenizer

CHUNK = 1_000
"""Texts a call: what the tokenizer returns takes hundreds of bytes a token until it is flat."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """n texts as an encoder reads them, end to end."""

    flat: Mapping[str, np.ndarray]
    """``input_ids``, ``special_tokens_mask`` and, where the tokenizer gives them,
    ``token_type_ids``: int32 (N,) each, special tokens included."""
    starts: np.ndarray
    """int64 (n + 1,): text i has the tokens from ``starts[i]`` up to ``starts[i + 1]``."""
    counts: np.ndarray
    """int64 (n,) tokens of each text before it was cut."""

    @property
    def lengths(self) -> np.ndarray:
        """int64 (n,) tokens of each text as read."""
        return np.diff(self.starts)

    def digests(self) -> list[bytes]:
        """SHA-256 of each text's tokens: equal where the encoder cannot tell texts apart."""
        values = np.stack(list(self.flat.values()), axis=1)
        bounds = zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        return [hashlib.sha256(values[start:stop].data).digest() for start, stop in bounds]

    def batch(self, rows: np.ndarray, encoder: Encoder) -> dict[str, Tensor]:
        """What ``encoder.tokenize`` gives for the texts at ``rows`` (B,), padding included."""
        lengths = self.lengths[rows]
        width = int(lengths.max())
        real = np.arange(width) < lengths[:, None]
        if encoder.tokenizer.padding_side == "left":
            real = real[:, ::-1]
        where = np.concatenate(
            [np.arange(self.starts[i], self.starts[i + 1], dtype=np.int64) for i in rows]
        )
        padding = {
            "input_ids": encoder.tokenizer.pad_token_id,
            "token_type_ids": encoder.tokenizer.pad_token_type_id,
            "special_tokens_mask": 1,
        }
        batch = {"attention_mask": real.astype(np.int64)}
        for name, values in self.flat.items():
            filled = np.full(real.shape, padding[name], dtype=np.int64)
            filled[real] = values[where]
            batch[name] = filled
        return {name: torch.from_numpy(part).to(encoder.device) for name, part in batch.items()}


def tokens_of(texts: Sequence[str], encoder: Encoder) -> Tokens:
    """The tokens of n texts, each cut to what the encoder reads; one tokenizer call a thousand."""
    limit = encoder.info.max_tokens
    parts: dict[str, list[np.ndarray]] = {}
    counts: list[int] = []
    lengths: list[int] = []
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        found = _call(encoder, chunk)
        before = [len(ids) for ids in found["input_ids"]]
        long = [i for i, count in enumerate(before) if count > limit]
        if long:  # where the special tokens at the end go, only the tokenizer knows
            cut = _call(encoder, [chunk[i] for i in long], limit)
            for name, rows in found.items():
                for i, row in zip(long, cut[name], strict=True):
                    rows[i] = row
        for name, rows in found.items():
            flat = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
            parts.setdefault(name, []).append(flat)
        counts += before
        lengths += map(len, found["input_ids"])
    flat_parts = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Tokens(flat_parts, starts.astype(np.int64), np.array(counts, dtype=np.int64))


def _call(encoder: Encoder, texts: Sequence[str], limit: int | None = None) -> dict[str, list[Any]]:
    return dict(
        call_tokenizer(
            encoder,
            texts,
            truncation=limit is not None,
            max_length=limit,
            return_special_tokens_mask=True,
            return_attention_mask=False,
            verbose=False,
        )
    )
