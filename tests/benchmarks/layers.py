"""How a run grows with the encoder's layers: seconds and memory.

``python -m tests.benchmarks.layers [--quick]``

BERT-shaped checkpoints of 3, 6, 12 and 24 layers with random weights, made on the spot; each
encodes and probes the same sentences in a process of its own. Beside it stands what the shallowest
took, times as many layers (encoding) or cells (probing): where the ratio stays at 1, layers cost
what they should. Memory is not multiplied. One thread; processor time, since the processes run one
after the other and not in turn.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass

from tests.benchmarks.measure import Row, printed

DEPTHS = (3, 6, 12, 24)
CHILD = """
import json, sys, tempfile, time
from pathlib import Path
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from probing.encoders import load_encoder
from probing.evaluation import cells_of
from probing.extraction import extract
from probing.probes import nested
from probing.probes.folds import cross_validation
from tests.benchmarks.measure import peak_memory
from tests.benchmarks.solver import sentences
from tests.tiny import tiny_checkpoint
layers, count = map(int, sys.argv[1:])
poolings = ("cls", "pooled", "mean")
torch.set_num_threads(1)
texts, y, _ = next(sentences(count))
with tempfile.TemporaryDirectory() as home, threadpool_limits(1):
    home = Path(home)
    words = sorted({word for text in texts for word in text.lower().split()})
    shape = {"layers": layers, "hidden": 192, "heads": 3, "words": words, "positions": 512}
    shape |= {"noise": 0.02, "config": {"intermediate_size": 768}}
    encoder = load_encoder(tiny_checkpoint(home / "encoder", **shape))
    extract(texts[:50], encoder, poolings)
    nested.warm_up()
    with peak_memory() as encoding:
        start = time.process_time()
        vectors = extract(texts, encoder, poolings, folder=home / "vectors")
        encoded = time.process_time() - start
    plan, accuracies = cross_validation(y, np.arange(len(y)), 5, 0), []
    with peak_memory() as probing:
        start = time.process_time()
        for pooling, layer in cells_of(vectors):
            x = vectors.cell(layer, pooling)
            found = nested.probe(x, y, int(y.max()) + 1, plan, layer=layer, pooling=pooling)
            accuracies.append(found.accuracy)
        probed = time.process_time() - start
print(json.dumps([layers, len(accuracies), encoded, encoding.mb, probed, probing.mb,
                  float(np.mean(accuracies))]))
"""


@dataclass(frozen=True)
class Depth:
    """What one checkpoint took."""

    layers: int
    cells: int
    encoding: float
    """Seconds of processor time."""
    encoding_mb: float
    probing: float
    """Likewise."""
    probing_mb: float
    accuracy: float


def measured(layers: int, count: int) -> Depth:
    """In a process of its own, so that no memory is shared."""
    command = [sys.executable, "-c", CHILD, str(layers), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Depth(*json.loads(done.stdout.splitlines()[-1]))


def rows(quick: bool = False) -> list[Row]:
    """The table's lines: two for each checkpoint but the shallowest."""
    count = 100 if quick else 1_000
    first, *deeper = (measured(layers, count) for layers in (DEPTHS[:2] if quick else DEPTHS))
    found = []
    for one in deeper:
        more, cells = one.layers / first.layers, one.cells / first.cells
        found += [
            Row(
                f"encode {count:,} sentences, {one.layers} layers × 192",
                f"{first.layers} layers, times {more:g}",
                one.encoding,
                first.encoding * more,
                memory_mb=one.encoding_mb,
                reference_memory_mb=first.encoding_mb,
            ),
            Row(
                f"probe {one.cells} cells, {one.layers} layers × 192",
                f"{first.cells} cells, times {cells:.2f}",
                one.probing,
                first.probing * cells,
                memory_mb=one.probing_mb,
                reference_memory_mb=first.probing_mb,
                score=f"mean accuracy {one.accuracy:.3f} / {first.accuracy:.3f}",
            ),
        ]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    print(printed(rows(parser.parse_args().quick)))
