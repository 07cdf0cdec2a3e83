"""What an in-depth run adds: random weights, permutations, description lengths."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from probing.board import Board
from probing.evaluation.asked import Asked, Tick
from probing.evaluation.findings import cells_of
from probing.evidence import Code, Permutation, Twin
from probing.probes.result import ProbeResult

if TYPE_CHECKING:
    from probing.probes import solver

TWINS = 3
"""Encoders with random weights, a seed each."""

Predict = Callable[[np.ndarray, int, str, Tick], np.ndarray]
"""(vectors, layer, pooling, tick) → held-out predictions."""
Features = Callable[[], "solver.Features"]


@dataclass(frozen=True)
class _Scores:
    """What one encoder with random weights scored."""

    of_cells: tuple[float, ...]


def twins(asked: Asked, board: Board, predict: Predict) -> tuple[Twin, ...]:
    """The encoder's architecture with random weights, scored in every cell like the encoder."""
    from probing.encoders.twin import random_twin
    from probing.extraction import extract

    representations, report = asked.representations, asked.reporter.stage("twin")
    cells = cells_of(representations)

    def score(number: int) -> _Scores:
        found: list[float] = []

        def tick() -> None:
            report(number * len(cells) + len(found), TWINS * len(cells))

        tick()
        vectors = extract(
            asked.texts,
            random_twin(asked.encoder, asked.settings.seed + number),
            representations.poolings,
            report=lambda _done, _total: tick(),
        )
        for pooling, layer in cells:
            predicted = predict(vectors.cell(layer, pooling), layer, pooling, tick)
            found.append(float(board.score(board.values(predicted)[:, None])[0]))
            tick()
        return _Scores(tuple(found))

    # whose twins they are: the encoder's last vectors tell it from any other
    last = representations.cell(representations.layers - 1, representations.poolings[0])
    scores = [
        asked.scratch.piece(f"twin_{number}", last, _Scores, partial(score, number)).of_cells
        for number in range(TWINS)
    ]
    n = len(board.rows)
    return tuple(
        Twin(layer, pooling, of_cell, n)
        for (pooling, layer), of_cell in zip(cells, zip(*scores, strict=True), strict=True)
    )


def permutations_and_codes(
    asked: Asked, probes: Sequence[ProbeResult], tested: set[int]
) -> tuple[tuple[Permutation, ...], tuple[Code, ...]]:
    """Permutation tests of the layers ``tested``, description lengths of all cells that vary."""
    from probing import controls, description
    from probing.probes import solver

    report, scratch, seed = asked.reporter.stage("control"), asked.scratch, asked.settings.seed
    able = [p for p in probes if not p.constant]
    permutations: list[Permutation] = []
    codes: list[Code] = []

    def tick() -> None:
        report(len(codes), len(able))

    for probe in able:
        tick()
        x = asked.representations.cell(probe.layer, probe.pooling)
        features = cache(partial(solver.Features.of, x))  # not made where all is there already
        about: dict[str, Any] = {"layer": probe.layer, "pooling": probe.pooling, "seed": seed}

        def permute(features: Features = features, about: dict[str, Any] = about) -> Permutation:
            return controls.permutation_test(
                features(), asked.y, asked.classes, asked.plan, asked.groups, tick=tick, **about
            )

        def encode(features: Features = features, about: dict[str, Any] = about) -> Code:
            return description.online_code(
                features(), asked.y, asked.classes, asked.groups, tick=tick, **about
            )

        if probe.layer in tested:
            name = f"permutation_{probe.name}"
            permutations.append(scratch.piece(name, x, Permutation, permute))
        codes.append(scratch.piece(f"code_{probe.name}", x, Code, encode))
    tick()
    return tuple(permutations), tuple(codes)
