"""The evaluation of sentences whose labels are numbers: ridge regression, R² and Spearman.

What only classes have (type control, memorisation, nearest neighbours, bits) is left out.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from probing import comparison
from probing.board import Board, estimates
from probing.evaluation import depth
from probing.evaluation.findings import Findings, cells_of, shapes_of
from probing.evidence import Check, Evidence
from probing.preparation import Task
from probing.probes.folds import Plan, duplicate_groups
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.progress import CellScore, Reporter
from probing.representations import Representations
from probing.scratch import Scratch
from probing.settings import Settings

if TYPE_CHECKING:
    from probing.encoders import Encoder

Tick = Callable[[], None]


def evaluate(
    task: Task,
    plan: Plan,
    representations: Representations,
    encoder: "Encoder",
    settings: Settings,
    reporter: Reporter,
    scratch: Scratch,
) -> Findings:
    """Cells with noise, baselines, comparisons; random weights in an in-depth run."""
    from probing.probes import ridge

    assert task.target is not None  # a task with numbers
    target, texts = task.target, task.sentences.texts

    def regress(x: np.ndarray, layer: int, pooling: str, tick: Tick) -> RegressionResult:
        return ridge.regress(x, target, plan, layer=layer, pooling=pooling, tick=tick)

    cells, noisy = _cells(representations, regress, settings.seed, reporter)
    shapes = shapes_of(representations, reporter.stage("shape"))
    rivals = _baselines(target, texts, representations, plan, reporter)
    groups = duplicate_groups(texts)
    board = Board.of("r2", cells[0].scored, target, groups, settings.seed, len(plan.folds))
    weighed = comparison.weigh(board, cells, rivals, plan.folds, settings.seed)
    evidence = Evidence(
        metric="r2",
        shapes=shapes,
        checks=_checks(board, cells, noisy),
        contrasts=weighed.contrasts,
        best=weighed.best,
    )
    if settings.depth == "full":
        twins = depth.twins(
            board,
            texts,
            representations,
            encoder,
            lambda x, layer, pooling, tick: regress(x, layer, pooling, tick).predicted,
            settings.seed,
            reporter.stage("twin"),
            scratch,
        )
        evidence = replace(evidence, twins=twins)
    return Findings(regressions=weighed.cells, numeric_baselines=weighed.rivals, evidence=evidence)


def _cells(
    representations: Representations,
    regress: Callable[[np.ndarray, int, str, Tick], RegressionResult],
    seed: int,
    reporter: Reporter,
) -> tuple[tuple[RegressionResult, ...], dict[str, np.ndarray]]:
    """Every cell, and what its probe predicts from noisy vectors."""
    from probing import controls

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
            x = controls.noisy(representations.cell(result.layer, result.pooling), seed)
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


def _baselines(
    target: np.ndarray,
    texts: tuple[str, ...],
    representations: Representations,
    plan: Plan,
    reporter: Reporter,
) -> tuple[NumericBaseline, ...]:
    from probing import numeric_baselines as baselines

    report, words = reporter.stage("baseline"), representations.embedding_mean
    assert words is not None  # extract fills it
    found = [baselines.mean(target, plan)]

    def tick() -> None:
        report(len(found), 4)

    tick()
    found.append(baselines.length(representations.token_counts, texts, target, plan, tick))
    found.append(baselines.tfidf(texts, target, plan, tick))
    found.append(baselines.embeddings(words, target, plan, tick))
    tick()
    return tuple(found)
