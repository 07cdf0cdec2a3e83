"""The evaluation of sentences whose labels are numbers: ridge regression, R² and Spearman.

What only classes have (type control, memorisation, nearest neighbours, bits) is left out.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from probing import comparison
from probing.board import Board, estimates
from probing.evaluation import depth
from probing.evaluation.asked import Asked, Tick
from probing.evaluation.findings import Findings, cells_of, shapes_of
from probing.evidence import Check, Evidence
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.progress import CellScore


def evaluate(asked: Asked) -> Findings:
    """Cells with noise, baselines, comparisons; random weights in an in-depth run."""
    from probing.probes import ridge

    def regress(x: np.ndarray, layer: int, pooling: str, tick: Tick) -> RegressionResult:
        return ridge.regress(x, asked.y, asked.plan, layer=layer, pooling=pooling, tick=tick)

    cells, noisy = _cells(asked, regress)
    shapes = shapes_of(asked.representations, asked.reporter.stage("shape"))
    rivals = _baselines(asked)
    board = asked.board(cells[0].scored)
    weighed = comparison.weigh(board, cells, rivals, asked.plan.folds, asked.settings.seed)
    evidence = Evidence(
        metric="r2",
        shapes=shapes,
        checks=_checks(board, cells, noisy),
        contrasts=weighed.contrasts,
        best=weighed.best,
    )
    if asked.settings.depth == "full":
        twins = depth.twins(asked, board, lambda *cell: regress(*cell).predicted)
        evidence = replace(evidence, twins=twins)
    return Findings(regressions=weighed.cells, numeric_baselines=weighed.rivals, evidence=evidence)


def _cells(
    asked: Asked, regress: Callable[[np.ndarray, int, str, Tick], RegressionResult]
) -> tuple[tuple[RegressionResult, ...], dict[str, np.ndarray]]:
    """Every cell, and what its probe predicts from noisy vectors."""
    from probing import controls

    representations, reporter = asked.representations, asked.reporter
    cells = cells_of(representations)
    found: list[RegressionResult] = []
    noisy: dict[str, np.ndarray] = {}
    report = reporter.stage("probe")
    report(0, len(cells))
    for pooling, layer in cells:
        x = representations.cell(layer, pooling)
        result = regress(x, layer, pooling, lambda: report(len(found), len(cells)))
        found.append(result)
        told = CellScore(pooling, layer, representations.layers, "r2", result.r2)
        reporter.cell(told, len(found), len(cells))
        report(len(found), len(cells))
    check = reporter.stage("check")
    for done, result in enumerate(found):
        check(done, len(found))
        if not result.constant:
            cell = representations.cell(result.layer, result.pooling)
            x = controls.noisy(cell, asked.settings.seed)
            tick = partial(check, done, len(found))
            noisy[result.name] = regress(x, result.layer, result.pooling, tick).predicted
    return tuple(found), noisy


def _checks(
    board: Board, cells: tuple[RegressionResult, ...], noisy: dict[str, np.ndarray]
) -> tuple[Check, ...]:
    able = [cell for cell in cells if cell.name in noisy]
    if not able:
        return ()
    scores = estimates(board, [noisy[cell.name] for cell in able])
    return tuple(
        Check(cell.layer, cell.pooling, score, None, None, None, None, None)
        for cell, score in zip(able, scores, strict=True)
    )


def _baselines(asked: Asked) -> tuple[NumericBaseline, ...]:
    from probing import numeric_baselines as baselines

    report, texts = asked.reporter.stage("baseline"), asked.texts
    target, plan = asked.y, asked.plan
    found = [baselines.mean(target, plan)]

    def tick() -> None:
        report(len(found), 4)

    tick()
    found.append(baselines.length(asked.lengths, texts, target, plan, tick))
    found.append(baselines.tfidf(texts, target, plan, tick))
    found.append(baselines.embeddings(asked.words, target, plan, tick))
    tick()
    return tuple(found)
