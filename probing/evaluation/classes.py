"""The evaluation of sentences whose labels are classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from probing import board as boards
from probing import comparison
from probing.board import Board
from probing.evaluation import depth
from probing.evaluation.findings import Findings, cells_of, shapes_of
from probing.evidence import Check, Conditional, Estimate, Evidence, Metric
from probing.preparation import Task
from probing.probes.folds import Plan, duplicate_groups
from probing.probes.result import Baseline, ProbeResult
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
    """Cells with their controls, baselines, conditional probes, comparisons, and the rest."""
    return _Evaluation(task, plan, representations, encoder, settings, reporter, scratch).findings()


@dataclass(frozen=True, eq=False)
class _Controls:
    """What each check of one cell predicted, (n,), −1 where nothing."""

    noisy: np.ndarray
    cosine: np.ndarray
    cosine_z: np.ndarray
    memorised: float
    control: np.ndarray | None
    """Boolean (n,): right about the control label; None without a control task."""


@dataclass(frozen=True, eq=False)
class _Held(_Controls):
    """The same with the cell's probe."""

    probe: ProbeResult


@dataclass(frozen=True, eq=False)
class _Evaluation:
    task: Task
    plan: Plan
    representations: Representations
    encoder: "Encoder"
    settings: Settings
    reporter: Reporter
    scratch: Scratch

    def findings(self) -> Findings:
        probes = self.probes()
        held = self.held(probes)
        shapes = shapes_of(self.representations, self.reporter.stage("shape"))
        baselines = self.baselines()
        board = Board.of(
            self.metric,
            probes[0].scored,
            self.y,
            self.groups,
            self.settings.seed,
            len(self.plan.folds),
        )
        conditionals = self.conditionals(board, {p.name: p for p in probes})
        report = self.reporter.stage("compare")
        report(0, 1)
        weighed = comparison.weigh(board, probes, baselines, self.plan.folds, self.settings.seed)
        evidence = Evidence(
            metric=board.metric,
            recurring=self.recurring(),
            shapes=shapes,
            checks=self.checks(board, held),
            conditionals=conditionals,
            contrasts=weighed.contrasts,
            best=weighed.best,
            detectable=weighed.detectable,
        )
        report(1, 1)
        if self.settings.depth == "full":
            evidence = self.in_depth(board, probes, evidence)
        return Findings(weighed.cells, weighed.rivals, evidence=evidence)

    @cached_property
    def y(self) -> np.ndarray:
        assert self.task.y is not None  # a task with classes
        return self.task.y

    @cached_property
    def metric(self) -> Metric:
        return boards.leading_metric(self.y)

    @cached_property
    def classes(self) -> int:
        return len(self.task.sentences.classes)

    @cached_property
    def groups(self) -> np.ndarray:
        return duplicate_groups(self.task.sentences.texts)

    @cached_property
    def lengths(self) -> np.ndarray:
        counts = self.representations.token_counts
        assert counts is not None  # extract fills it
        return counts

    # ---- cells and their controls

    @cached_property
    def types(self) -> np.ndarray:
        from probing import controls
        from probing.extraction import first_pieces

        first = first_pieces(self.task.sentences.texts, self.encoder)
        return controls.control_types(first, self.lengths)

    @cached_property
    def shuffled(self) -> np.ndarray:
        from probing import controls

        return controls.shuffled(self.y, self.settings.seed, self.groups)

    def recurring(self) -> float:
        from probing import controls

        return controls.recurring(self.types, self.plan)

    def probes(self) -> tuple[ProbeResult, ...]:
        """Every cell's probe, layer by layer: first of all, since it is what people wait for."""
        cells, report = cells_of(self.representations), self.reporter.stage("probe")
        found: dict[tuple[str, int], ProbeResult] = {}
        report(0, len(cells))
        for pooling, layer in sorted(cells, key=lambda cell: cell[1]):
            x = self.representations.cell(layer, pooling)
            fit = partial(self.probe, x, layer, pooling, lambda: report(len(found), len(cells)))
            probe = self.scratch.piece(f"{pooling}_{layer}", x, ProbeResult, fit)
            found[pooling, layer] = probe
            layers, score = self.representations.layers, self.leading(probe)
            told = CellScore(pooling, layer, layers, self.metric, score)
            self.reporter.cell(told, len(found), len(cells))
            report(len(found), len(cells))
        return tuple(found[cell] for cell in cells)

    def leading(self, probe: ProbeResult) -> float:
        if self.metric == "accuracy":
            return probe.accuracy
        # a constant cell has no balanced accuracy of its own: one class of K is right
        known = probe.balanced_accuracy
        return 1 / self.classes if known is None else known

    def held(self, probes: Sequence[ProbeResult]) -> list[_Held]:
        """The controls of every cell that is not constant."""
        from probing import controls

        report = self.reporter.stage("check")
        control_y = controls.control_labels(self.types, self.y, self.plan, self.settings.seed)
        found = []
        for done, probe in enumerate(probes):
            tick = partial(report, done, len(probes))
            tick()
            if not probe.constant:
                found.append(self.controlled(probe, control_y, tick))
        return found

    def controlled(self, probe: ProbeResult, control_y: np.ndarray | None, tick: Tick) -> _Held:
        x = self.representations.cell(probe.layer, probe.pooling)
        make = partial(self.checked, probe, x, control_y, tick)
        return _Held(
            **vars(self.scratch.piece(f"check_{probe.name}", x, _Controls, make)), probe=probe
        )

    def checked(
        self, probe: ProbeResult, x: np.ndarray, control_y: np.ndarray | None, tick: Tick
    ) -> _Controls:
        from probing import controls
        from probing.probes import solver

        seed, layer, pooling = self.settings.seed, probe.layer, probe.pooling
        features = solver.Features.of(x)
        control = None
        if control_y is not None:
            control = controls.type_control(
                features, control_y, self.classes, self.plan, probe, tick
            )
        assert probe.C is not None  # it is not constant
        return _Controls(
            noisy=self.probe(controls.noisy(x, seed), layer, pooling, tick).predicted,
            cosine=self.neighbour(x, False, tick),
            cosine_z=self.neighbour(x, True, tick),
            memorised=controls.memorised(features, self.shuffled, self.classes, probe.C),
            control=control,
        )

    def probe(self, x: np.ndarray, layer: int, pooling: str, tick: Tick) -> ProbeResult:
        from probing.probes import nested

        return nested.probe(
            x, self.y, self.classes, self.plan, layer=layer, pooling=pooling, tick=tick
        )

    def neighbour(self, x: np.ndarray, z: bool, tick: Tick) -> np.ndarray:
        """The class of each sentence's nearest neighbour; −1 where none was looked for."""
        from probing.neighbours import nearest

        found = nearest(x, self.plan, z=z, seed=self.settings.seed, groups=self.groups, tick=tick)
        return np.where(found >= 0, self.y[found], -1)

    def checks(self, board: Board, held: list[_Held]) -> tuple[Check, ...]:
        """The controls as estimates, all from the run's resamples."""
        if not held:
            return ()
        asked = held[0].cosine >= 0  # the same sentences in every cell; all, or a sample
        few = board
        if asked.sum() < len(board.rows):
            few = Board.of(
                board.metric, asked, self.y, self.groups, self.settings.seed, board.folds
            )
        noisy = boards.estimates(board, [h.noisy for h in held])
        cosine = boards.estimates(few, [h.cosine for h in held])
        cosine_z = boards.estimates(few, [h.cosine_z for h in held])
        control, selectivity = self.selectivity(board, held)
        return tuple(
            Check(h.probe.layer, h.probe.pooling, n, c, s, h.memorised, r, z)
            for h, n, c, s, r, z in zip(
                held, noisy, control, selectivity, cosine, cosine_z, strict=True
            )
        )

    def selectivity(
        self, board: Board, held: list[_Held]
    ) -> tuple[list[Estimate | None], list[Estimate | None]]:
        """Control accuracy, and accuracy minus control accuracy, of each cell."""
        control = [h.control for h in held if h.control is not None]
        if not control:
            return [None] * len(held), [None] * len(held)
        by_type = np.stack([right[board.rows] for right in control], axis=1).astype(np.float64)
        right = np.stack([h.probe.predicted[board.rows] == board.truth for h in held], axis=1)
        return (
            [*boards.share_estimates(board, by_type)],
            [*boards.mean_estimates(board, right - by_type)],
        )

    # ---- beside the cells

    def baselines(self) -> tuple[Baseline, ...]:
        from probing import baselines

        report = self.reporter.stage("baseline")
        texts, y, k, plan = self.task.sentences.texts, self.y, self.classes, self.plan
        words = self.representations.embedding_mean
        assert words is not None  # extract fills it
        found = [baselines.majority_baseline(y, plan)]

        def tick() -> None:
            report(len(found), 4)

        tick()
        for name, x, make in (
            ("length", self.lengths, partial(baselines.length, self.lengths, texts)),
            ("tfidf", y, partial(baselines.tfidf, texts)),
            ("embeddings", words, partial(baselines.embeddings, words)),
        ):
            fit = partial(make, y, k, plan, tick)
            found.append(self.scratch.piece(f"baseline_{name}", x, Baseline, fit))
        tick()
        return tuple(found)

    def conditionals(self, board: Board, probes: dict[str, ProbeResult]) -> tuple[Conditional, ...]:
        """Layer by layer, what CLS and the mean add to each other."""
        from probing import controls

        if not {"cls", "mean"} <= set(self.representations.poolings):
            return ()
        layers, report = self.representations.layers, self.reporter.stage("conditional")
        found: list[Conditional] = []
        for layer in range(layers):
            cls, mean = probes[f"cls_{layer}"], probes[f"mean_{layer}"]
            if cls.constant or mean.constant:
                continue

            def tick(layer: int = layer) -> None:
                report(layer, layers)

            tick()
            x = controls.joint(
                self.representations.cell(layer, "cls"), self.representations.cell(layer, "mean")
            )
            fit = partial(self.probe, x, layer, "mean", tick)
            both = self.scratch.piece(f"both_{layer}", x, ProbeResult, fit)
            bits = np.stack([controls.bits_added(one, both) for one in (mean, cls)], axis=1)
            found.append(Conditional(layer, *boards.mean_estimates(board, bits)))
        report(layers, layers)
        return tuple(found)

    def in_depth(
        self, board: Board, probes: tuple[ProbeResult, ...], evidence: Evidence
    ) -> Evidence:
        seed, last = self.settings.seed, self.representations.layers - 1
        tested = {last} if evidence.best is None else {last, evidence.best.layer}
        twins = depth.twins(
            board,
            self.task.sentences.texts,
            self.representations,
            self.encoder,
            lambda x, layer, pooling, tick: self.probe(x, layer, pooling, tick).predicted,
            seed,
            self.reporter.stage("twin"),
            self.scratch,
        )
        permutations, codes = depth.permutations_and_codes(
            probes,
            tested,
            self.representations,
            self.y,
            self.classes,
            self.plan,
            self.groups,
            seed,
            self.reporter.stage("control"),
            self.scratch,
        )
        return replace(evidence, twins=twins, permutations=permutations, codes=codes)
