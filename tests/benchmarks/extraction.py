"""Extraction against a plain loop, sentence-transformers and the machine's products.

``python -m tests.benchmarks.extraction [--quick]``. The bundled encoder, Banking77 (generated
texts where it is not at hand), all layers with CLS, pooled and mean; the references keep the last
layer's mean only (sentence-transformers) or what a script would (CLS and mean of all layers).
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from probing.encoders import Encoder, load_encoder
from probing.encoders.bundled import bundled_folder
from probing.encoders.tokens import tokens_of
from probing.extraction import extract
from probing.vector_cache import VectorCache
from tests.benchmarks.measure import Row, in_turn, printed
from tests.conftest import SHARED

POOLINGS = ("cls", "pooled", "mean")
DATA = SHARED / "data" / "csv" / "banking77.csv"


def rows(quick: bool = False) -> list[Row]:
    """Speed, the cache, and growth of memory."""
    count, repeats = (300, 1) if quick else (1_000, 3)
    texts, encoder = sentences(count), load_encoder()
    return [
        _loop(texts, encoder, repeats),
        _sentence_transformers(texts, encoder, repeats),
        _products(texts, encoder, repeats),
        _cached(texts, encoder, repeats),
        _growth(*((1_000, 3_000) if quick else (10_000, 50_000))),
    ]


def sentences(count: int) -> list[str]:
    """``count`` distinct texts in an order that knows nothing of their lengths."""
    rng = np.random.default_rng(0)
    if DATA.exists():
        with DATA.open(encoding="utf-8", newline="") as file:
            found = sorted({row["text"] for row in csv.DictReader(file)})
    else:
        words = "my card was not at the shop when I paid so where is the money".split()  # noqa: SIM905
        found = [" ".join(rng.choice(words, rng.integers(5, 30))) for _ in range(13_000)]
    rng.shuffle(found)
    more = [f"{text} ({i})" for i in range(1 + count // len(found)) for text in found]
    return (found + more)[:count]


def _ours(texts: list[str], encoder: Encoder) -> Callable[[], Any]:
    return lambda: extract(texts, encoder, POOLINGS)


def _loop(texts: list[str], encoder: Encoder, repeats: int) -> Row:
    kept: list[Any] = []

    def loop() -> None:
        kept.clear()
        for start in range(0, len(texts), 32):
            batch = encoder.tokenizer(
                texts[start : start + 32], padding=True, truncation=True, return_tensors="pt"
            )
            with torch.no_grad():
                states = torch.stack(
                    encoder.model(**batch, output_hidden_states=True).hidden_states
                )
            mask = batch["attention_mask"][None, :, :, None]
            kept.append((states[:, :, 0].numpy(), ((states * mask).sum(2) / mask.sum(2)).numpy()))

    seconds = in_turn(_ours(texts, encoder), loop, repeats)
    wanted = np.concatenate([mean for _, mean in kept], axis=1)
    gap = np.abs(extract(texts, encoder, POOLINGS).arrays["mean"] - wanted).max()
    return Row(
        f"extraction, {len(texts):,} sentences, 7 layers",
        "transformers loop, batches of 32 in file order",
        *seconds,
        score=f"largest difference {gap:.0e}",
    )


def _sentence_transformers(texts: list[str], encoder: Encoder, repeats: int) -> Row:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(str(bundled_folder()), max_seq_length=encoder.info.max_tokens)
    pooling = Pooling(encoder.info.hidden, "mean")
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")

    def encode() -> Any:
        return model.encode(texts, batch_size=32, show_progress_bar=False)

    seconds = in_turn(_ours(texts, encoder), encode, repeats)
    gap = np.abs(extract(texts, encoder, POOLINGS).cell(6, "mean") - encode()).max()
    return Row(
        f"extraction, {len(texts):,} sentences, 7 layers × 3 poolings",
        "sentence-transformers encode, last layer's mean",
        *seconds,
        target=1.25,
        score=f"largest difference {gap:.0e}",
    )


def _products(texts: list[str], encoder: Encoder, repeats: int) -> Row:
    """The reference does the products of all linear layers for the real tokens, and nothing else.

    Extraction and products alternate every hundred sentences: the machine's speed changes within
    seconds.
    """
    shapes = [
        (module.in_features, module.out_features)
        for module in encoder.model.encoder.modules()
        if isinstance(module, torch.nn.Linear)
    ]
    size = 1_024
    inputs = {k: torch.randn(size, k) for k, _ in shapes}
    weights = [torch.randn(k, n) for k, n in shapes]
    outputs = {n: torch.empty(size, n) for _, n in shapes}
    tokens = int(tokens_of(texts, encoder).counts.sum())

    def products() -> None:
        for _ in range(round(tokens / size)):
            for weight in weights:
                k, n = weight.shape
                torch.mm(inputs[k], weight, out=outputs[n])

    seconds, reference = in_turn(_ours(texts, encoder), products, repeats)
    reference *= tokens / size / round(tokens / size)
    done = 2 * tokens * sum(k * n for k, n in shapes)
    return Row(
        f"extraction, {tokens:,} tokens",
        "torch.mm of all its linear layers",
        seconds,
        reference,
        target=0.75,
        score=f"{done / seconds / 1e9:.0f} of {done / reference / 1e9:.0f} GFLOP/s",
    )


def _cached(texts: list[str], encoder: Encoder, repeats: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder), 10**10)
        extract(texts, encoder, POOLINGS, cache=cache)
        seconds = in_turn(
            lambda: extract(texts, encoder, POOLINGS, cache=cache), _ours(texts, encoder), repeats
        )
        again = extract(texts, encoder, POOLINGS, cache=cache)
        first = extract(texts, encoder, POOLINGS)
    gap = max(float(np.abs(again.arrays[p] - first.arrays[p]).max()) for p in POOLINGS)
    return Row(
        f"the same {len(texts):,} sentences again, from the cache",
        "extraction",
        *seconds,
        score=f"{again.reused:,} reused, largest difference {gap:.0e}",
    )


_CHILD = """
import sys, tempfile
from pathlib import Path
from probing.encoders import load_encoder
from probing.extraction import extract
from probing.vector_cache import VectorCache
from tests.benchmarks.extraction import sentences
from tests.benchmarks.measure import peak_memory, printed
from tests.tiny import tiny_checkpoint
count = int(sys.argv[1])
texts = sentences(count)
with tempfile.TemporaryDirectory() as home:
    home = Path(home)
    words = sorted({word for text in texts for word in text.lower().split()})
    shape = {"layers": 12, "hidden": 64, "words": words, "positions": 512}
    encoder = load_encoder(tiny_checkpoint(home / "encoder", **shape))
    extract(texts[:500], encoder)
    with peak_memory() as peak:
        extract(texts, encoder, folder=home / "vectors", cache=VectorCache(home / "cache", 10**10))
print(peak.mb)
"""


def _growth(small: int, large: int) -> Row:
    """A process each. A narrow encoder, whose vectors take 13 kB a sentence."""

    def megabytes(count: int) -> float:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(count)], capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    start = time.perf_counter()
    few = megabytes(small)
    middle = time.perf_counter()
    many = megabytes(large)
    return Row(
        f"memory of {large:,} sentences on disk, 13 layers × 64",
        f"of {small:,}",
        time.perf_counter() - middle,
        middle - start,
        memory_mb=many,
        reference_memory_mb=few,
        score=f"grows by {many - few:.0f} MB (hoped for: less than 50)",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    print(printed(rows(parser.parse_args().quick)))
