"""The process-wide queue of jobs and the worker processes that do them, fair between visitors.

A plain module singleton: sessions come and go, and any of them may clear Streamlit's caches. The
web process only writes and reads lines; it never computes.
"""

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from dashboard import kept, limits, orders, sizes, workers
from dashboard.queue import Durations, FairQueue, Job, wait_until
from dashboard.status import Outcomes, Status
from dashboard.workers import Desk
from probing import environment, store
from probing.errors import SettingsError
from probing.progress import CellScore
from probing.projections import Wanted
from probing.sentences import Sentences
from probing.settings import Settings

__all__ = ["Jobs", "Status", "jobs"]

_CANCELLED = Status("cancelled")


class Jobs:
    """Jobs that wait, and worker processes kept warm for them."""

    def __init__(
        self,
        home: Path,
        *,
        desks: int = 1,
        minutes: float | None = None,
        threads: int | None = None,
    ) -> None:
        """``desks``: how many work at once; ``minutes``: how long one job may take; ``threads``:
        how many each computes with, None for what its libraries choose.

        Takes up what a server that ended left to do in ``home``.
        """
        self.home = home
        self.minutes, self.threads = minutes, threads
        self._lock = threading.Condition()
        self._queue, self._outcomes, self._durations = FairQueue(), Outcomes(), Durations()
        self._expected: dict[str, Job] = {}
        self._closed = False
        for name, job in kept.left_over(home):
            if isinstance(job, Job):
                self._queue.add(job)
                self._outcomes.set(name, Status("waiting"))
            else:
                self._outcomes.set(name, Status("failed", message=job))
        self._desks = [Desk() for _ in range(desks)]
        self._threads = [
            threading.Thread(target=self._manage, args=(desk,), daemon=True, name="jobs")
            for desk in self._desks
        ]
        for thread in self._threads:
            thread.start()

    @property
    def worker_pid(self) -> int | None:
        """A process that computes, if one is up."""
        return next((desk.pid for desk in self._desks if desk.pid is not None), None)

    def worker_of(self, job: str) -> int | None:
        """The process that is at a job."""
        with self._lock:
            at = (desk.pid for desk in self._desks if desk.job is not None and desk.job.id == job)
            return next(at, None)

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        with self._lock:
            return len(self._queue)

    def close(self) -> None:
        """End the workers; nothing more is taken on. What waits is taken up at the next start."""
        with self._lock:
            self._closed = True
            for desk in self._desks:
                if desk.process is not None:
                    desk.process.kill()
            self._lock.notify_all()
        for thread in self._threads:
            thread.join()

    def run_folder(self, run_id: str) -> Path:
        """Where the run of that id lies, or will."""
        return self.home / "runs" / run_id

    def start_run(self, sentences: Sentences, settings: Settings, visitor: str = "") -> str:
        """Queue a run; gives its id, 128 random bits in hexadecimal.

        It survives the end of this process. Raises ``RunFolderError`` where it cannot be kept, and
        ``SettingsError`` where too many jobs wait, as all that queues a job does.
        """
        run_id = secrets.token_hex(16)
        folder = self.home / "jobs" / run_id
        job = orders.run(folder, self.run_folder(run_id), settings, len(sentences), visitor)
        self.check_room(visitor)  # before anything is written
        kept.keep(folder, job, sentences)
        try:
            self._add(job)
        except SettingsError:  # somebody was quicker
            kept.drop(folder)
            raise
        return run_id

    def start_map(
        self,
        folder: Path,
        method: str,
        dimensions: int,
        layer: int,
        pooling: str,
        visitor: str = "",
    ) -> str:
        """Queue a map of a stored run, once however often it is asked for; gives its id.

        One that failed or was cancelled has to be forgotten before it is tried again.
        """
        return self._once(orders.map_(folder, method, dimensions, layer, pooling, visitor))

    def start_inside(self, folder: Path, visitor: str = "") -> str:
        """Queue a look inside the encoder of a stored run, once like a map; gives its id."""
        return self._once(orders.inside(folder, visitor))

    def start_look(self, folder: Path, text: str, visitor: str = "") -> str:
        """Queue a look at one sentence by a stored run, once like a map; gives its id."""
        return self._once(orders.look(folder, text, visitor))

    def start_place(self, folder: Path, text: str, maps: Sequence[str], visitor: str = "") -> str:
        """Queue where a sentence lies on maps of a stored run, by their names; gives its id."""
        return self._once(orders.place(folder, text, maps, visitor))

    def _once(self, job: Job) -> str:
        with self._lock:
            for desk in self._desks:
                if desk.job is not None and desk.job.id == job.id:
                    desk.ahead = False
            if job.id not in self._outcomes:
                self._add(job)
        return job.id

    def expect_maps(self, folder: Path, wanted: Iterable[Wanted]) -> None:
        """Draw maps of a stored run ahead of time, while nothing else is to be done.

        What was expected before and is not begun is forgotten; what is begun stops as soon as a
        job comes. It takes up no room in the queue.
        """
        found = [orders.map_(folder, *one) for one in wanted]
        with self._lock:
            self._expected = {job.id: job for job in found if job.id not in self._outcomes}
            self._lock.notify_all()

    def status(self, job: str) -> Status | None:
        """How a job stands; None where nothing is known of it."""
        with self._lock:
            status = self._outcomes.get(job)
            if status is None or status.state != "waiting":
                return status
            order = self._queue.order()
            before = next((i for i, one in enumerate(order) if one.id == job), 0)
            busy = [self._seconds_left(desk) for desk in self._desks]
            return replace(
                status,
                ahead=before + sum(desk.job is not None and not desk.ahead for desk in self._desks),
                seconds_left=wait_until(job, order, busy, self._durations),
            )

    def _seconds_left(self, desk: Desk) -> float | None:
        if desk.job is None or desk.ahead:  # what nobody asked for gives way
            return 0.0
        status = self._outcomes.get(desk.job.id)
        return desk.seconds_left(self._durations.expected(desk.job), status)

    def cancel(self, job: str) -> None:
        """Stop a job; what it had written vanishes."""
        with self._lock:
            if job in self._queue:
                self._forget_input(self._queue.remove(job))
                self._outcomes.set(job, _CANCELLED)
                return
            for desk in self._desks:
                if desk.job is not None and desk.job.id == job:
                    self._stop(desk, _CANCELLED)

    def forget(self, job: str) -> None:
        """Know nothing of a job that is over."""
        with self._lock:
            status = self._outcomes.get(job)
            if status is not None and status.over:
                self._outcomes.forget(job)

    def check_room(self, visitor: str) -> None:
        """Raise ``SettingsError`` where no further job of a visitor may wait."""
        with self._lock:
            self._check_room(orders.turn_of(visitor))

    def _check_room(self, turn: str) -> None:
        limits.check_queue(len(self._queue), self._queue.of(turn))

    def _add(self, job: Job) -> None:
        with self._lock:
            self._check_room(job.turn)
            self._expected.pop(job.id, None)
            self._queue.add(job)
            self._outcomes.set(job.id, Status("waiting"))
            idle = any(desk.job is None for desk in self._desks)
            ahead = next((desk for desk in self._desks if desk.ahead), None)
            if ahead is not None and not idle:
                self._stop(ahead, _CANCELLED)
            self._lock.notify_all()

    # ---- the desks, a thread each

    def _manage(self, desk: Desk) -> None:
        """Keep a worker alive and hand it one job after another."""
        while not self._closed:
            with contextlib.suppress(OSError), workers.start(self.threads) as process:
                desk.process = process
                self._hand_out(desk)
                process.kill()
            if not self._closed:
                time.sleep(0.5)  # no hot loop where a worker cannot start at all

    def _hand_out(self, desk: Desk) -> None:
        """Until the worker dies."""
        while desk.pid is not None and not self._closed:
            with self._lock:
                if not self._queue and not self._expected:
                    self._lock.wait(1.0)
                if desk.pid is None or self._closed or not self._begin_next(desk):
                    continue
            final = self._follow(desk)
            with self._lock:
                self._end(desk, final)

    def _begin_next(self, desk: Desk) -> bool:
        """Begin what was asked for, else what is expected; False where there is neither."""
        job, ahead = self._queue.take(), False
        if job is None and self._expected:
            job, ahead = self._expected.pop(next(iter(self._expected))), True
        if job is None:
            return False
        self._outcomes.set(job.id, Status("running"))
        desk.begin(job, ahead=ahead)
        if self.minutes is not None:
            desk.later(60 * self.minutes, partial(self._overrun, desk))
        return True

    def _end(self, desk: Desk, final: Status) -> None:
        job = desk.job
        assert job is not None
        if final.state == "done":
            self._durations.add(job, time.monotonic() - desk.began)
        if self._closed and final.message == workers.LOST:
            self._spare_input(job)  # it is taken up at the next start
        else:
            self._forget_input(job)
        self._outcomes.set(job.id, final)
        if desk.ahead and final.state != "done":
            self._outcomes.forget(job.id)  # nobody asked for it: as if it had never been tried
        desk.end()

    def _follow(self, desk: Desk) -> Status:
        """Listen until the job is over."""
        job = desk.job
        assert job is not None
        for answer in desk.answers():
            if "state" in answer:
                final = Status(**answer)
                return desk.verdict or final if final.state == "cancelled" else final
            cell = answer.pop("cell")
            with self._lock:
                now = self._outcomes.get(job.id)
                cells = () if now is None else now.cells
                cells = cells if cell is None else (*cells, CellScore(**cell))
                self._outcomes.set(job.id, Status("running", **answer, cells=cells))
        self._sweep(job.id)
        return desk.verdict or Status("failed", message=workers.LOST)

    def _stop(self, desk: Desk, verdict: Status) -> None:
        desk.stop(verdict, partial(self._kill, desk))

    def _overrun(self, desk: Desk, job: Job) -> None:
        """The job has had the time it may take."""
        with self._lock:
            if desk.job is job and desk.verdict is None:
                message = _OVERRUN.format(minutes=f"{self.minutes:g}")
                self._stop(desk, Status("failed", message=message))

    def _kill(self, desk: Desk, job: Job) -> None:
        """The last resort: native code that hears nothing."""
        with self._lock:
            if desk.job is job and desk.process is not None:
                desk.process.kill()

    def _sweep(self, job: str) -> None:
        """Remove what a process that was ended left half written."""
        for half in (self.home / "runs").glob(store.partials(job.partition("/")[0])):
            shutil.rmtree(half, ignore_errors=True)

    def _forget_input(self, job: Job) -> None:
        if not job.short:
            kept.drop(Path(job.order["folder"]))

    def _spare_input(self, job: Job) -> None:
        if not job.short:
            kept.forgive(Path(job.order["folder"]))


_OVERRUN = (
    "This took longer than the {minutes} minutes that this server gives one run, and was stopped. "
    "Nothing was stored. Use fewer sentences, fewer poolings or a smaller encoder, leave out In "
    "depth, or run CLS Probe on your own computer, where there is no such limit."
)


@cache
def jobs() -> Jobs:
    """The one queue of this process."""
    now = environment.limits()
    return Jobs(
        environment.home(),
        desks=now.workers,
        minutes=now.run_minutes,
        threads=sizes.threads_each(now.workers),
    )
