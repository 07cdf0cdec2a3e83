"""The evaluation of sentences whose labels are classes."""

from dataclasses import replace
from functools import partial

import numpy as np

from probing import board as boards
from probing import comparison
from probing.board import Board
from probing.evaluation import checks, depth
from probing.evaluation.asked import Asked, Tick
from probing.evaluation.checks import Probe
from probing.evaluation.findings import Findings, cells_of, shapes_of
from probing.evidence import Conditional, Evidence
from probing.probes.result import Baseline, ProbeResult
from probing.progress import CellScore


def evaluate(asked: Asked) -> Findings:
    """Cells with their controls, baselines, conditional probes, comparisons, and the rest."""
    probe = partial(_probe, asked)
    probes, controls = _probes(asked, probe), checks.Controls(asked, probe)
    held = controls.held(probes)
    shapes = shapes_of(asked.representations, asked.reporter.stage("shape"))
    baselines = _baselines(asked)
    board = asked.board(probes[0].scored)
    conditionals = _conditionals(asked, probe, board, {p.name: p for p in probes})
    report = asked.reporter.stage("compare")
    report(0, 1)
    weighed = comparison.weigh(board, probes, baselines, asked.plan.folds, asked.settings.seed)
    evidence = Evidence(
        metric=board.metric,
        recurring=controls.recurring(),
        shapes=shapes,
        checks=checks.estimates(asked, board, held),
        conditionals=conditionals,
        contrasts=weighed.contrasts,
        best=weighed.best,
        detectable=weighed.detectable,
    )
    report(1, 1)
    if asked.settings.depth == "full":
        evidence = _in_depth(asked, probe, board, probes, evidence)
    return Findings(weighed.cells, weighed.rivals, evidence=evidence)


def _probes(asked: Asked, probe: Probe) -> tuple[ProbeResult, ...]:
    """Every cell's probe, layer by layer: first of all, since it is what people wait for."""
    cells, report = cells_of(asked.representations), asked.reporter.stage("probe")
    found: dict[tuple[str, int], ProbeResult] = {}
    report(0, len(cells))
    for pooling, layer in sorted(cells, key=lambda cell: cell[1]):
        x = asked.representations.cell(layer, pooling)
        fit = partial(probe, x, layer, pooling, lambda: report(len(found), len(cells)))
        result = asked.scratch.piece(f"{pooling}_{layer}", x, ProbeResult, fit)
        found[pooling, layer] = result
        layers, score = asked.representations.layers, _leading(asked, result)
        told = CellScore(pooling, layer, layers, asked.metric, score)
        asked.reporter.cell(told, len(found), len(cells))
        report(len(found), len(cells))
    return tuple(found[cell] for cell in cells)


def _leading(asked: Asked, probe: ProbeResult) -> float:
    if asked.metric == "accuracy":
        return probe.accuracy
    # a constant cell has no balanced accuracy of its own: one class of K is right
    known = probe.balanced_accuracy
    return 1 / asked.classes if known is None else known


def _probe(asked: Asked, x: np.ndarray, layer: int, pooling: str, tick: Tick) -> ProbeResult:
    from probing.probes import nested

    return nested.probe(
        x, asked.y, asked.classes, asked.plan, layer=layer, pooling=pooling, tick=tick
    )


def _baselines(asked: Asked) -> tuple[Baseline, ...]:
    from probing import baselines

    report = asked.reporter.stage("baseline")
    texts, y, k, plan = asked.texts, asked.y, asked.classes, asked.plan
    found = [baselines.majority_baseline(y, plan)]

    def tick() -> None:
        report(len(found), 4)

    tick()
    for name, x, make in (
        ("length", asked.lengths, partial(baselines.length, asked.lengths, texts)),
        ("tfidf", y, partial(baselines.tfidf, texts)),
        ("embeddings", asked.words, partial(baselines.embeddings, asked.words)),
    ):
        fit = partial(make, y, k, plan, tick)
        found.append(asked.scratch.piece(f"baseline_{name}", x, Baseline, fit))
    tick()
    return tuple(found)


def _conditionals(
    asked: Asked, probe: Probe, board: Board, probes: dict[str, ProbeResult]
) -> tuple[Conditional, ...]:
    """Layer by layer, what CLS and the mean add to each other."""
    from probing import controls

    if not {"cls", "mean"} <= set(asked.representations.poolings):
        return ()
    layers, report = asked.representations.layers, asked.reporter.stage("conditional")
    found: list[Conditional] = []
    for layer in range(layers):
        cls, mean = probes[f"cls_{layer}"], probes[f"mean_{layer}"]
        if cls.constant or mean.constant:
            continue

        def tick(layer: int = layer) -> None:
            report(layer, layers)

        tick()
        x = controls.joint(
            asked.representations.cell(layer, "cls"), asked.representations.cell(layer, "mean")
        )
        fit = partial(probe, x, layer, "mean", tick)
        both = asked.scratch.piece(f"both_{layer}", x, ProbeResult, fit)
        bits = np.stack([controls.bits_added(one, both) for one in (mean, cls)], axis=1)
        found.append(Conditional(layer, *boards.mean_estimates(board, bits)))
    report(layers, layers)
    return tuple(found)


def _in_depth(
    asked: Asked, probe: Probe, board: Board, probes: tuple[ProbeResult, ...], evidence: Evidence
) -> Evidence:
    last = asked.representations.layers - 1
    tested = {last} if evidence.best is None else {last, evidence.best.layer}
    twins = depth.twins(asked, board, lambda *cell: probe(*cell).predicted)
    permutations, codes = depth.permutations_and_codes(asked, probes, tested)
    return replace(evidence, twins=twins, permutations=permutations, codes=codes)
