"""How jobs stand, and what is remembered of those that are over."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dashboard import metrics
from probing.progress import CellScore, Stage

State = Literal["waiting", "running", "done", "failed", "cancelled"]

REMEMBERED = 1_000  # finished jobs whose outcome is kept,
LOOKS = 64  # and of those that carry a result


@dataclass(frozen=True)
class Status:
    """How a job stands."""

    state: State
    stage: Stage | None = None
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    """Of its stage, while it runs; until it begins, while it waits; None where unknown."""
    message: str = ""
    """What went wrong, for the person, where ``state`` is ``failed``."""
    ahead: int = 0
    """Jobs that come before it while it waits."""
    cells: tuple[CellScore, ...] = ()
    """What its probes scored so far."""
    result: Mapping[str, Any] | None = None
    """What a look at a sentence found, the fields of a ``Look``; it is stored nowhere else."""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


@dataclass
class Outcomes:
    """The last status of each job; of those that are over, only the last are remembered."""

    _of: OrderedDict[str, Status] = field(default_factory=OrderedDict)

    def __contains__(self, job: str) -> bool:
        return job in self._of

    def get(self, job: str) -> Status | None:
        """The status of a job; None where nothing is known of it."""
        return self._of.get(job)

    def set(self, job: str, status: Status) -> None:
        """Replace a job's status."""
        before = self._of.get(job)
        metrics.follow(job, None if before is None else before.state, status.state)
        self._of[job] = status
        self._of.move_to_end(job)
        if status.over:
            over = [j for j, s in self._of.items() if s.over]
            looks = [j for j in over if self._of[j].result is not None]
            for old in {*over[:-REMEMBERED], *looks[:-LOOKS]}:
                del self._of[old]

    def forget(self, job: str) -> None:
        """Know nothing of a job any more."""
        self._of.pop(job, None)
