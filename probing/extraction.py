"""Sentences through an encoder: every layer's vectors in one forward pass."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from probing import pooling
from probing.encoders.encoder import Encoder, writable
from probing.encoders.fingerprint import fingerprint
from probing.encoders.tokens import CHUNK, Tokens, tokens_of
from probing.errors import EncoderError
from probing.progress import Report, silent
from probing.representations import POOLINGS, Representations
from probing.vector_cache import Arrays, VectorCache

BATCH_TOKENS = 1_024
"""Tokens in a batch on a CPU, padding included: few enough for what passes between two products to
stay in its cache, enough for products at full speed."""
GPU_BATCH_TOKENS = 16_384
WINDOW = 4_096
"""Texts that are tokenised, sorted by length and encoded before the next are looked at."""
EMBEDDINGS = "embeddings"
"""The mean of layer 0 among what forward passes give."""


def extract(
    texts: Sequence[str],
    encoder: Encoder,
    poolings: Sequence[str] = POOLINGS,
    *,
    folder: Path | None = None,
    cache: VectorCache | None = None,
    key: str | None = None,
    report: Report = silent,
) -> Representations:
    """Representations of n texts at layers 0 … L, in the order of the texts.

    Sentences of like length share a batch; each layer's hidden states (B, T, H) are pooled and
    dropped before the next. A text is encoded once however often it occurs, and not at all where
    ``cache`` has it (``key``: the encoder's fingerprint, where it is known); vectors differ in the
    last digits with the batch they were made in (1e-6). ``pooled`` is left out for an encoder
    without a pooler of its own. With ``folder`` the arrays are written there as they fill, and
    memory-mapped; otherwise they take n · (L+1) · H · 4 bytes per pooling.
    """
    kept = [p for p in poolings if p != "pooled" or encoder.info.pooler.present]
    shape = (encoder.info.layers + 1, len(texts), encoder.info.hidden)
    arrays = {name: _array(folder, name, shape) for name in kept}
    states = _states(arrays, folder, shape)
    source = _Source(encoder, states, cache, key, report, len(texts))
    counts = [np.empty(0, dtype=np.int64)]
    report(0, len(texts))
    for start in range(0, len(texts), WINDOW):
        tokens = tokens_of(texts[start : start + WINDOW], encoder)
        source.fill(start, tokens)
        counts.append(tokens.counts)
        if "pooled" in arrays:
            window = slice(start, start + len(tokens.counts))
            _pool(states["cls"][:, window], arrays["pooled"][:, window], encoder)
    for array in arrays.values():
        if isinstance(array, np.memmap):
            array.flush()
    before, limit = np.concatenate(counts), encoder.info.max_tokens
    return Representations(
        arrays,
        truncated=int((before > limit).sum()),
        tokens_lost=int((before - limit).clip(0).sum()),
        token_counts=np.minimum(before, limit).astype(np.int32),
        embedding_mean=states[EMBEDDINGS][0],
        reused=source.reused,
    )


class _Source:
    """Where vectors come from: an equal text before, the cache, or the encoder."""

    def __init__(
        self,
        encoder: Encoder,
        states: Arrays,
        cache: VectorCache | None,
        key: str | None,
        report: Report,
        total: int,
    ) -> None:
        self.encoder, self.states, self.cache = encoder, states, cache
        self.report, self.total = report, total
        self.done = self.reused = 0
        self._first: dict[bytes, int] = {}  # a text's tokens → where its vectors are
        self._key = key or (fingerprint(encoder) if cache else "")

    def fill(self, start: int, tokens: Tokens) -> None:
        """The vectors of the window of texts that begins at ``start``."""
        digests, rows = tokens.digests(), np.arange(start, start + len(tokens.counts))
        first = np.array(
            [self._first.setdefault(d, i) for d, i in zip(digests, rows.tolist(), strict=True)],
            dtype=np.int64,
        )
        new = np.flatnonzero(first == rows)
        if self.cache:
            found = self.cache.fetch(self._key, [digests[i] for i in new], self.states, rows[new])
            self._tell(int(found.sum()))
            new = new[~found]
        for batch in batches(tokens.lengths, new, self.encoder):
            vectors = encode_batch(
                tokens.batch(batch, self.encoder), self.encoder, tuple(self.states)
            )
            for name, values in vectors.items():
                _refuse_infinite(values, self.encoder)
                self.states[name][:, rows[batch]] = values
            self._tell(len(batch))
        if self.cache:
            self.cache.keep(self._key, [digests[i] for i in new], self.states, rows[new])
        again = first != rows
        for array in self.states.values():
            for layer in array:  # one at a time: the copies are held in memory
                layer[rows[again]] = layer[first[again]]
        self._tell(int(again.sum()))
        self.reused += len(rows) - len(new)

    def _tell(self, more: int) -> None:
        if more:
            self.done += more
            self.report(self.done, self.total)


def encode_batch(
    batch: dict[str, torch.Tensor], encoder: Encoder, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Each name's (L+1, B, H) float32 array for B texts, in one forward pass.

    ``names`` are of cls, mean, mean_words and ``EMBEDDINGS``: (1, B, H), the mean of layer 0.
    """
    attention = batch["attention_mask"]
    positions = encoder.cls_positions(batch)
    words = pooling.words_mask(attention, batch["special_tokens_mask"])
    mask = None if bool(attention.all()) else attention
    found: dict[str, dict[int, torch.Tensor]] = {name: {} for name in names}

    def visit(layer: int, states: torch.Tensor) -> None:
        for name in names:
            if name == "cls":
                found[name][layer] = pooling.cls(states, positions)
            elif name == "mean_words":
                found[name][layer] = pooling.mean(states, words)
            elif name == "mean" or (layer == 0 and "mean" not in names):
                found[name][layer] = pooling.mean(states, mask)

    encoder.visit_layers(batch, visit)
    if "mean" in names and EMBEDDINGS in names:
        found[EMBEDDINGS] = {0: found["mean"][0]}
    return {
        name: torch.stack([layers[i] for i in sorted(layers)]).cpu().numpy()
        for name, layers in found.items()
    }


def _pool(cls: np.ndarray, pooled: np.ndarray, encoder: Encoder) -> None:
    with torch.inference_mode():
        for layer, vectors in enumerate(cls):
            first = torch.tensor(vectors, device=encoder.device)
            pooled[layer] = encoder.pool(first).cpu().numpy()
    _refuse_infinite(pooled, encoder)


def _refuse_infinite(values: np.ndarray, encoder: Encoder) -> None:
    if not np.isfinite(values).all():
        raise EncoderError(
            "{id} gives numbers that are not finite (NaN or infinity); its weights are damaged or "
            "overflow. Choose another encoder.",
            id=encoder.info.id,
        )


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


def _states(
    arrays: Mapping[str, np.ndarray], folder: Path | None, shape: tuple[int, int, int]
) -> Arrays:
    """The arrays that forward passes fill: pooled is made of cls, and layer 0's mean is needed."""
    states = {name: array for name, array in arrays.items() if name != "pooled"}
    if "pooled" in arrays and "cls" not in arrays:
        states["cls"] = _scratch(folder, shape)
    first = (1, *shape[1:])
    states[EMBEDDINGS] = arrays["mean"][:1] if "mean" in arrays else _scratch(folder, first)
    return states


def _scratch(folder: Path | None, shape: tuple[int, ...]) -> np.ndarray:
    """What is needed during the run only: on disk where the arrays are, in a file without name."""
    if folder is None:
        return np.empty(shape, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        size = int(np.prod(shape)) * 4
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def batches(lengths: np.ndarray, rows: np.ndarray, encoder: Encoder) -> Iterator[np.ndarray]:
    """The rows, longest first (so that memory runs out at once or never), within the budget.

    Where padding is not inert a batch holds sentences of one length.
    """
    budget = BATCH_TOKENS if encoder.device.type == "cpu" else GPU_BATCH_TOKENS
    order = rows[np.argsort(-lengths[rows], kind="stable")]
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        stop = min(len(order), start + max(1, budget // longest))
        if not encoder.info.padding_inert:
            stop = start + int((lengths[order[start:stop]] == longest).sum())
        yield order[start:stop]
        start = stop
