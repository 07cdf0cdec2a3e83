"""The processes that compute, as the web process sees them: each at a desk of its own."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.queue import Job
from dashboard.status import Status
from probing.language import say

GRACE = 10.0  # seconds a job has to stop by itself before its process is ended

LOST = say(
    "The process that computes ended unexpectedly, most likely because the memory was not "
    "enough. Nothing else was affected. Try again with fewer sentences."
)


@dataclass(eq=False)
class Desk:
    """One worker process after another, and the job it is at. Guarded by its owner's lock."""

    process: "subprocess.Popen[str] | None" = None
    job: Job | None = None
    ahead: bool = False
    """Whether nobody has asked for the job yet."""
    began: float = 0.0
    """When, by ``time.monotonic``."""
    verdict: Status | None = None
    """What to say of a job that was told to stop."""
    _timers: list[threading.Timer] = field(default_factory=list)

    @property
    def pid(self) -> int | None:
        """The process, if it is up."""
        process = self.process
        return None if process is None or process.poll() is not None else process.pid

    def begin(self, job: Job, *, ahead: bool) -> None:
        """Hand a job over."""
        self.job, self.ahead, self.began, self.verdict = job, ahead, time.monotonic(), None
        self._send(dict(job.order))

    def end(self) -> None:
        """The job is over."""
        for timer in self._timers:
            timer.cancel()
        self.job, self.ahead, self._timers = None, False, []

    def stop(self, verdict: Status, kill: Callable[[Job], None]) -> None:
        """Ask the worker to leave its job; ``kill`` is called if it is deaf for a while."""
        if self.job is not None:
            self.verdict = verdict
            self._send({"cancel": self.job.id})
            self.later(GRACE, kill)

    def later(self, seconds: float, act: Callable[[Job], None]) -> None:
        """Call ``act`` with this job, if it is still at it then."""
        timer = threading.Timer(seconds, act, (self.job,))
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def answers(self) -> Iterator[dict[str, Any]]:
        """What the worker says of its job, until it dies."""
        assert self.process is not None
        assert self.process.stdout is not None
        assert self.job is not None
        for line in self.process.stdout:
            if not line.endswith("\n"):
                break  # it was killed in the middle of a word
            answer = json.loads(line)
            if answer.pop("id") == self.job.id:
                yield answer
        self.process.kill()
        self.process.wait()  # a moment after its last word it may still pass for alive

    def seconds_left(self, expected: float | None, status: Status | None) -> float | None:
        """Of its job: by jobs like it, and no less than its stage needs; None where unknown."""
        known = [] if expected is None else [max(0.0, self.began + expected - time.monotonic())]
        if status is not None and status.seconds_left is not None:
            known.append(status.seconds_left)
        return max(known, default=None) if known else None

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # a dead worker is noticed by the one who follows it
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()


_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def start(threads: int | None = None) -> "subprocess.Popen[str]":
    """A new worker process; ``threads`` are those that each library in it may compute with, unless
    the operator's environment says otherwise. None leaves it to the libraries."""
    shares = {} if threads is None else dict.fromkeys(_THREADS, str(threads))
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,  # Ctrl-C is the server's; it closes the pipe
        # fewer memory arenas: a long-lived process stays flat
        env={"MALLOC_ARENA_MAX": "2", **shares, **os.environ},
    )
