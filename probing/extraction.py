"""Sentences through an encoder: every layer's vectors in one forward pass."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from probing import pooling
from probing.encoders.encoder import Encoder, writable
from probing.errors import EncoderError
from probing.progress import Report, silent
from probing.representations import POOLINGS, Representations

BATCH_TOKENS = 4_096  # tokens in a batch, padding included
EMBEDDINGS = "embeddings"  # the mean of layer 0 among a batch's vectors
CHUNK = 1_000  # texts tokenised at a time when lengths are counted


def extract(
    texts: Sequence[str],
    encoder: Encoder,
    poolings: Sequence[str] = POOLINGS,
    *,
    folder: Path | None = None,
    report: Report = silent,
) -> Representations:
    """Representations of n texts at layers 0 … L, in the order of the texts.

    Sentences of like length share a batch; each batch's hidden states (L+1, B, T, H) are pooled
    and dropped before the next. ``pooled`` is left out for an encoder without a pooler of its
    own. With ``folder`` the arrays are written there as they fill, and memory-mapped; otherwise
    they take n · (L+1) · H · 4 bytes per pooling.
    """
    kept = [p for p in poolings if p != "pooled" or encoder.info.pooler.present]
    lengths = count_tokens(texts, encoder)
    limit = encoder.info.max_tokens
    shape = (encoder.info.layers + 1, len(texts), encoder.info.hidden)
    arrays = {name: _array(folder, name, shape) for name in kept}
    words = np.empty(shape[1:], dtype=np.float32)
    done = 0
    report(0, len(texts))
    for batch in _batches(np.minimum(lengths, limit), encoder.info.padding_inert):
        vectors = encode_batch([texts[i] for i in batch], encoder, kept)
        for name, values in vectors.items():
            if not np.isfinite(values).all():
                raise EncoderError(
                    f"{encoder.info.id} gives numbers that are not finite (NaN or infinity); its "
                    "weights are damaged or overflow. Choose another encoder."
                )
            if name == EMBEDDINGS:
                words[batch] = values[0]
            else:
                arrays[name][:, batch] = values
        done += len(batch)
        report(done, len(texts))
    for array in arrays.values():
        if isinstance(array, np.memmap):
            array.flush()
    return Representations(
        arrays,
        truncated=int((lengths > limit).sum()),
        tokens_lost=int((lengths - limit).clip(0).sum()),
        token_counts=np.minimum(lengths, limit).astype(np.int32),
        embedding_mean=words,
    )


def encode_batch(
    texts: Sequence[str], encoder: Encoder, poolings: Sequence[str]
) -> dict[str, np.ndarray]:
    """Each pooling's (L+1, B, H) float32 array for B texts, in one forward pass.

    Beside them, under ``EMBEDDINGS``, the (1, B, H) mean of the embedding output.
    """
    batch = encoder.tokenize(texts)
    layers = encoder.forward(batch).layers
    attention = batch["attention_mask"]
    vectors: dict[str, list[torch.Tensor]] = {name: [] for name in poolings}
    with torch.inference_mode():
        first = [pooling.cls(states, encoder.cls_positions(batch)) for states in layers]
        words = pooling.words_mask(attention, batch["special_tokens_mask"])
        for states, cls in zip(layers, first, strict=True):
            for name in poolings:
                if name == "cls":
                    vectors[name].append(cls)
                elif name == "pooled":
                    vectors[name].append(encoder.pool(cls))
                else:
                    mask = attention if name == "mean" else words
                    vectors[name].append(pooling.mean(states, mask))
        vectors[EMBEDDINGS] = (vectors.get("mean") or [pooling.mean(layers[0], attention)])[:1]
        return {name: torch.stack(parts).cpu().numpy() for name, parts in vectors.items()}


def count_tokens(texts: Sequence[str], encoder: Encoder) -> np.ndarray:
    """int64 (n,) tokens of each text before any cut, special tokens included."""
    counts: list[int] = []
    for start in range(0, len(texts), CHUNK):
        part = writable(texts[start : start + CHUNK])
        ids = encoder.tokenizer(part, truncation=False, verbose=False)["input_ids"]
        counts += map(len, ids)
    return np.array(counts, dtype=np.int64)


def first_pieces(texts: Sequence[str], encoder: Encoder) -> list[int]:
    """The id of each text's first word piece; −1 where it has none."""
    found: list[int] = []
    for start in range(0, len(texts), CHUNK):
        part = writable(texts[start : start + CHUNK])
        ids = encoder.tokenizer(part, add_special_tokens=False, verbose=False)["input_ids"]
        found += [pieces[0] if pieces else -1 for pieces in ids]
    return found


def _array(folder: Path | None, name: str, shape: tuple[int, int, int]) -> np.ndarray:
    if folder is None:
        return np.empty(shape, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    if hasattr(os, "posix_fallocate"):
        # a full disk is an error here, and a killed process when a hole is written to later
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _batches(lengths: np.ndarray, padding_inert: bool) -> Iterator[np.ndarray]:
    """Indices, longest first (so that memory runs out at once or never), within the budget.

    Where padding is not inert a batch holds sentences of one length.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        stop = min(len(order), start + max(1, BATCH_TOKENS // longest))
        if not padding_inert:
            same = lengths[order[start:stop]] == longest
            stop = start + int(same.sum())
        yield order[start:stop]
        start = stop
