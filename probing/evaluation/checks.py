"""What makes the scores of classes believable or not: every cell's controls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from probing import board as boards
from probing.board import Board
from probing.evaluation.asked import Asked, Tick
from probing.evidence import Check, Estimate
from probing.probes.result import ProbeResult

Probe = Callable[[np.ndarray, int, str, Tick], ProbeResult]
"""(vectors, layer, pooling, tick) → a cell's result."""


@dataclass(frozen=True, eq=False)
class Checked:
    """What each check of one cell predicted, (n,), −1 where nothing."""

    noisy: np.ndarray
    cosine: np.ndarray
    cosine_z: np.ndarray
    memorised: float
    control: np.ndarray | None
    """Boolean (n,): right about the control label; None without a control task."""


@dataclass(frozen=True, eq=False)
class Held(Checked):
    """The same with the cell's probe."""

    probe: ProbeResult


@dataclass(frozen=True, eq=False)
class Controls:
    """The controls of every cell, made of one task."""

    asked: Asked
    probe: Probe

    @cached_property
    def types(self) -> np.ndarray:
        """(n,) the control task's type of each sentence."""
        from probing import controls
        from probing.extraction import first_pieces

        first = first_pieces(self.asked.texts, self.asked.encoder)
        return controls.control_types(first, self.asked.lengths)

    @cached_property
    def _shuffled(self) -> np.ndarray:
        from probing import controls

        return controls.shuffled(self.asked.y, self.asked.settings.seed, self.asked.groups)

    def recurring(self) -> float:
        """The share of held-out sentences whose type training sentences have too."""
        from probing import controls

        return controls.recurring(self.types, self.asked.plan)

    def held(self, probes: Sequence[ProbeResult]) -> list[Held]:
        """The controls of every cell that is not constant."""
        from probing import controls

        asked, report = self.asked, self.asked.reporter.stage("check")
        control_y = controls.control_labels(self.types, asked.y, asked.plan, asked.settings.seed)
        found = []
        for done, probe in enumerate(probes):
            tick = partial(report, done, len(probes))
            tick()
            if not probe.constant:
                x = asked.representations.cell(probe.layer, probe.pooling)
                make = partial(self._checked, probe, x, control_y, tick)
                checked = asked.scratch.piece(f"check_{probe.name}", x, Checked, make)
                found.append(Held(**vars(checked), probe=probe))
        return found

    def _checked(
        self, probe: ProbeResult, x: np.ndarray, control_y: np.ndarray | None, tick: Tick
    ) -> Checked:
        from probing import controls
        from probing.probes import solver

        asked, layer, pooling = self.asked, probe.layer, probe.pooling
        features = solver.Features.of(x)
        control = None
        if control_y is not None:
            control = controls.type_control(
                features, control_y, asked.classes, asked.plan, probe, tick
            )
        assert probe.C is not None  # it is not constant
        noisy = controls.noisy(x, asked.settings.seed)
        return Checked(
            noisy=self.probe(noisy, layer, pooling, tick).predicted,
            cosine=self._neighbour(x, False, tick),
            cosine_z=self._neighbour(x, True, tick),
            memorised=controls.memorised(features, self._shuffled, asked.classes, probe.C),
            control=control,
        )

    def _neighbour(self, x: np.ndarray, z: bool, tick: Tick) -> np.ndarray:
        """The class of each sentence's nearest neighbour; −1 where none was looked for."""
        from probing.neighbours import nearest

        asked, seed = self.asked, self.asked.settings.seed
        found = nearest(x, asked.plan, z=z, seed=seed, groups=asked.groups, tick=tick)
        return np.where(found >= 0, asked.y[found], -1)


def estimates(asked: Asked, board: Board, held: Sequence[Held]) -> tuple[Check, ...]:
    """The controls as estimates, all from the run's resamples."""
    if not held:
        return ()
    looked = held[0].cosine >= 0  # the same sentences in every cell; all, or a sample
    few = board if looked.sum() >= len(board.rows) else asked.board(looked)
    noisy = boards.estimates(board, [h.noisy for h in held])
    cosine = boards.estimates(few, [h.cosine for h in held])
    cosine_z = boards.estimates(few, [h.cosine_z for h in held])
    control, selectivity = _selectivity(board, held)
    return tuple(
        Check(h.probe.layer, h.probe.pooling, n, c, s, h.memorised, r, z)
        for h, n, c, s, r, z in zip(
            held, noisy, control, selectivity, cosine, cosine_z, strict=True
        )
    )


def _selectivity(
    board: Board, held: Sequence[Held]
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
