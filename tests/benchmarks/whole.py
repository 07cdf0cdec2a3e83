"""A whole run beside the script that a person would write by hand.

``python -m tests.benchmarks.whole [--quick]``

The script: transformers in batches of 32 with ``output_hidden_states``, then scikit-learn's
``GridSearchCV`` in a loop over layers, poolings and outer folds. It gives accuracies and nothing
else. Ours is timed twice: for the same cells, and as ``probing.run`` with all that it adds
(baselines, controls, comparisons, a map). One thread each, nothing kept from earlier runs.
"""

import argparse
import os
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from probing import runs
from probing.encoders import load_encoder
from probing.evaluation import cells_of
from probing.extraction import extract
from probing.probes import nested, solver
from probing.probes.folds import cross_validation
from tests.benchmarks.measure import Row, printed
from tests.benchmarks.solver import Cell, searched, sentences

POOLINGS = ("cls", "pooled", "mean")


def script(texts: Sequence[str], y: np.ndarray) -> float:
    """Mean accuracy over the cells, by hand."""
    encoder = load_encoder()
    model, tokenizer = encoder.model, encoder.tokenizer
    found: dict[tuple[str, int], list[np.ndarray]] = {}
    for start in range(0, len(texts), 32):
        batch = tokenizer(
            list(texts[start : start + 32]), padding=True, truncation=True, return_tensors="pt"
        )
        with torch.no_grad():
            out = model(**batch, output_hidden_states=True)
        mask = batch["attention_mask"][:, :, None]
        for layer, states in enumerate(out.hidden_states):
            cls, mean = states[:, 0], (states * mask).sum(1) / mask.sum(1)
            pooled = torch.tanh(model.pooler.dense(cls))
            for name, values in zip(POOLINGS, (cls, pooled, mean), strict=True):
                found.setdefault((name, layer), []).append(values.numpy(force=True))
    plan, accuracies = cross_validation(y, np.arange(len(y)), 5, 0), []
    for parts in found.values():
        cell, right = Cell(np.concatenate(parts), y, ""), []
        for fold in plan.folds:
            predicted = searched(cell, fold, fold.inner).argmax(axis=1)
            right.append((predicted == y[fold.test]).mean())
        accuracies.append(float(np.mean(right)))
    return float(np.mean(accuracies))


def same(texts: Sequence[str], y: np.ndarray) -> float:
    """The same by ours."""
    vectors, accuracies = extract(texts, load_encoder(), POOLINGS), []
    plan, classes = cross_validation(y, np.arange(len(y)), 5, 0), int(y.max()) + 1
    for pooling, layer in cells_of(vectors):
        x = np.asarray(vectors.cell(layer, pooling))
        found = nested.held_out(solver.Features.of(x), y, classes, plan.folds)
        accuracies.append(float((found.log_p.argmax(axis=1) == y).mean()))
    return float(np.mean(accuracies))


def rows(quick: bool = False) -> list[Row]:
    """The table's lines."""
    torch.set_num_threads(1)
    os.environ.update(PROBING_CACHE_GB="0", PROBING_THREADS="1")
    found = []
    with threadpool_limits(1):
        for texts, y, name in sentences(150 if quick else 1_000):
            labels = [str(k) for k in y]
            seconds, scores = [], []
            for call in (
                partial(script, texts, y),
                partial(same, texts, y),
                partial(runs.run, texts, labels, poolings=POOLINGS),
            ):
                start = time.perf_counter()
                scores.append(call())
                seconds.append(time.perf_counter() - start)
            size = f"{len(texts):,} sentences, {y.max() + 1} classes ({name})"
            score = f"mean accuracy {scores[1]:.4f} / {scores[0]:.4f}"
            what = ("encode and probe 21 cells", "whole run, with all that it adds")
            for part, taken, note in zip(what, seconds[1:], (score, ""), strict=True):
                found.append(
                    Row(f"{part}, {size}", "script by hand", taken, seconds[0], 10.0, score=note)
                )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    print(printed(rows(parser.parse_args().quick)))
