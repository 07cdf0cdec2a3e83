"""What an evaluation is asked: sentences with labels, their vectors, and how to go about it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from probing.board import Board, leading_metric
from probing.evidence import Metric
from probing.preparation import Task
from probing.probes.folds import Plan, duplicate_groups
from probing.progress import Reporter
from probing.representations import Representations
from probing.scratch import Scratch
from probing.settings import Settings

if TYPE_CHECKING:
    from probing.encoders import Encoder

Tick = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Asked:
    """A task with its folds, its vectors, and where progress and finished pieces go."""

    task: Task
    plan: Plan
    representations: Representations
    encoder: "Encoder"
    settings: Settings
    reporter: Reporter
    scratch: Scratch

    @cached_property
    def y(self) -> np.ndarray:
        """(n,) int64 class numbers, or float64 numbers where the labels are numbers."""
        found = self.task.y if self.task.target is None else self.task.target
        assert found is not None  # a task with labels
        return found

    @cached_property
    def metric(self) -> Metric:
        """The metric that leads."""
        return "r2" if self.task.target is not None else leading_metric(self.y)

    @cached_property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.task.sentences.classes)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The sentences."""
        return self.task.sentences.texts

    @cached_property
    def groups(self) -> np.ndarray:
        """Int64 (n,) the same number for copies of a text."""
        return duplicate_groups(self.texts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Int (n,) tokens of each sentence."""
        counts = self.representations.token_counts
        assert counts is not None  # extract fills it
        return counts

    @cached_property
    def words(self) -> np.ndarray:
        """Float32 (n, hidden) mean of the layer-0 vectors of each sentence's words."""
        found = self.representations.embedding_mean
        assert found is not None  # extract fills it
        return found

    def board(self, scored: np.ndarray) -> Board:
        """The board of the sentences that are ``scored``, Boolean (n,)."""
        seed, folds = self.settings.seed, len(self.plan.folds)
        return Board.of(self.metric, scored, self.y, self.groups, seed, folds)
