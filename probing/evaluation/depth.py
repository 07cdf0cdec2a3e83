"""What an in-depth run adds: random weights, permutations, description lengths."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from probing.board import Board
from probing.evaluation.findings import cells_of
from probing.evidence import Code, Permutation, Twin
from probing.probes.folds import Plan
from probing.probes.result import ProbeResult
from probing.progress import Report
from probing.representations import Representations

if TYPE_CHECKING:
    from probing.encoders import Encoder

TWINS = 3
"""Encoders with random weights, a seed each."""

Predict = Callable[[np.ndarray, int, str, Callable[[], None]], np.ndarray]
"""(vectors, layer, pooling, tick) → held-out predictions."""


def twins(
    board: Board,
    texts: Sequence[str],
    representations: Representations,
    encoder: "Encoder",
    predict: Predict,
    seed: int,
    report: Report,
) -> tuple[Twin, ...]:
    """The encoder's architecture with random weights, scored in every cell like the encoder."""
    from probing.encoders.twin import random_twin
    from probing.extraction import extract

    cells = cells_of(representations)
    scores: dict[tuple[str, int], list[float]] = {cell: [] for cell in cells}
    total = TWINS * len(cells)
    done = 0

    def tick() -> None:
        report(done, total)

    for number in range(TWINS):
        tick()
        vectors = extract(
            texts,
            random_twin(encoder, seed + number),
            representations.poolings,
            report=lambda _done, _total: tick(),
        )
        for pooling, layer in cells:
            predicted = predict(vectors.cell(layer, pooling), layer, pooling, tick)
            score = board.score(board.values(predicted)[:, None])[0]
            scores[pooling, layer].append(float(score))
            done += 1
            tick()
    n = len(board.rows)
    return tuple(Twin(layer, p, tuple(found), n) for (p, layer), found in scores.items())


def permutations_and_codes(
    probes: Sequence[ProbeResult],
    tested: set[int],
    representations: Representations,
    y: np.ndarray,
    classes: int,
    plan: Plan,
    groups: np.ndarray,
    seed: int,
    report: Report,
) -> tuple[tuple[Permutation, ...], tuple[Code, ...]]:
    """Permutation tests of the layers ``tested``, description lengths of all cells that vary."""
    from probing import controls, description
    from probing.probes import solver

    able = [p for p in probes if not p.constant]
    permutations: list[Permutation] = []
    codes: list[Code] = []

    def tick() -> None:
        report(len(codes), len(able))

    for probe in able:
        tick()
        layer, pooling = probe.layer, probe.pooling
        features = solver.Features.of(representations.cell(layer, pooling))
        if layer in tested:
            permutations.append(
                controls.permutation_test(
                    features,
                    y,
                    classes,
                    plan,
                    groups,
                    layer=layer,
                    pooling=pooling,
                    seed=seed,
                    tick=tick,
                )
            )
        codes.append(
            description.online_code(
                features, y, classes, groups, layer=layer, pooling=pooling, seed=seed, tick=tick
            )
        )
    tick()
    return tuple(permutations), tuple(codes)
