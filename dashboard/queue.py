"""Who comes next, and how long that takes. No processes here, no clock, no disk."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

ALIKE = 20
"""Jobs of a kind whose durations are remembered."""


@dataclass(frozen=True)
class Job:
    """Something to be computed, for somebody."""

    id: str
    order: Mapping[str, Any]
    """What the worker is told, as JSON can hold it."""
    turn: str = ""
    """Jobs of the same visitor have the same."""
    like: str = ""
    """Jobs of the same take about as long, for each unit of their size."""
    size: int = 1
    """Units of work, at least 1: of a run its sentences."""

    @property
    def short(self) -> bool:
        """Whether somebody sits and waits for it: all but whole runs."""
        return self.order.get("kind") != "run"


@dataclass
class FairQueue:
    """Jobs that wait, each visitor's in the order of their coming, but short ones first.

    The next is of the visitor who was served least recently, so that nobody waits behind a second
    job of somebody else. Not safe from several threads.
    """

    _jobs: dict[str, Job] = field(default_factory=dict)
    _served: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job: str) -> bool:
        return job in self._jobs

    def of(self, turn: str) -> int:
        """How many jobs of one visitor wait."""
        return sum(job.turn == turn for job in self._jobs.values())

    def add(self, job: Job) -> None:
        """Put a job at the end of its visitor's."""
        self._jobs[job.id] = job

    def remove(self, job: str) -> Job:
        """Take a job out by its id. KeyError where it does not wait."""
        return self._jobs.pop(job)

    def take(self) -> Job | None:
        """The next one, no longer in the queue; None where none waits."""
        job = self._next(self._jobs, self._served)
        if job is not None:
            del self._jobs[job.id]
            self._count += 1
            self._served[job.turn] = self._count
            self._forget()
        return job

    def order(self) -> list[Job]:
        """All that wait, in the order in which they will be taken if no more come."""
        jobs, served = dict(self._jobs), dict(self._served)
        found: list[Job] = []
        while (job := self._next(jobs, served)) is not None:
            del jobs[job.id]
            served[job.turn] = self._count + len(found) + 1
            found.append(job)
        return found

    @staticmethod
    def _next(jobs: Mapping[str, Job], served: Mapping[str, int]) -> Job | None:
        """Of the visitor served least recently; the first who came, where several never were."""
        if not jobs:
            return None
        turn = min((job.turn for job in jobs.values()), key=lambda turn: served.get(turn, 0))
        return min(
            (job for job in jobs.values() if job.turn == turn), key=lambda job: not job.short
        )

    def _forget(self) -> None:
        """Visitors who came long ago are as new ones."""
        while len(self._served) > 1_000:
            del self._served[min(self._served, key=self._served.__getitem__)]


@dataclass
class Durations:
    """Seconds that jobs took, for each unit of their size, by what they are like."""

    _past: dict[str, deque[float]] = field(default_factory=dict)

    def add(self, job: Job, seconds: float) -> None:
        """Remember how long a job took that was done."""
        kept = self._past.setdefault(job.like, deque(maxlen=ALIKE))
        kept.append(seconds / job.size)

    def expected(self, job: Job) -> float | None:
        """Seconds that a job will take; None before there was one like it."""
        past = self._past.get(job.like)
        return median(past) * job.size if past else None


def wait_until(
    job: str, order: Sequence[Job], busy: Sequence[float | None], durations: Durations
) -> float | None:
    """Seconds until a job that waits begins; None where that cannot be known.

    ``busy``: seconds left of what each worker does now, 0 for an idle one.
    """
    free = [float("inf") if left is None else left for left in busy]
    if not free:
        return None
    for one in order:
        first = min(range(len(free)), key=free.__getitem__)
        if one.id == job:
            return None if free[first] == float("inf") else free[first]
        takes = durations.expected(one)
        free[first] = float("inf") if takes is None else free[first] + takes
    return None
