"""The process-wide queue of jobs and the worker processes that do them, fair between visitors.

A plain module singleton: sessions come and go, and any of them may clear Streamlit's caches. The
web process only writes and reads lines; it never computes.
"""

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from dashboard import kept, visitors, workers
from dashboard.queue import Durations, FairQueue, Job, wait_until
from dashboard.status import Outcomes, Status
from dashboard.workers import Desk
from probing import environment, store
from probing.progress import CellScore
from probing.projections import Wanted, projection_name
from probing.sentences import Sentences
from probing.settings import Settings

__all__ = ["Jobs", "Status", "jobs"]

_CANCELLED = Status("cancelled")


class Jobs:
    """Jobs that wait, and worker processes kept warm for them."""

    def __init__(self, home: Path, *, desks: int = 1, minutes: float | None = None) -> None:
        """``desks``: how many work at once; ``minutes``: how long one job may take.

        Takes up what a server that ended left to do in ``home``.
        """
        self.home = home
        self.minutes = minutes
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

        It survives the end of this process. Raises ``RunFolderError`` where it cannot be kept.
        """
        run_id = secrets.token_hex(16)
        folder = self.home / "jobs" / run_id
        order = {
            "id": run_id,
            "kind": "run",
            "folder": str(folder),
            "settings": settings.to_json(),
            "out": str(self.run_folder(run_id)),
            "owner": visitors.owner(visitor),
        }
        like = f"run {settings.encoder} {settings.depth} {len(settings.poolings)}"
        job = Job(run_id, order, _turn(visitor), like, max(1, len(sentences)))
        kept.keep(folder, job, sentences)
        self._add(job)
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
        return self._once(_map_job(folder, method, dimensions, layer, pooling), visitor)

    def start_inside(self, folder: Path, visitor: str = "") -> str:
        """Queue a look inside the encoder of a stored run, once like a map; gives its id."""
        order = {"id": f"{folder.name}/inside", "kind": "inside", "folder": str(folder)}
        return self._once(_job(order), visitor)

    def start_look(self, folder: Path, text: str, visitor: str = "") -> str:
        """Queue a look at one sentence by a stored run, once like a map; gives its id.

        Once for each visitor: an answer at once would say that somebody else typed the same.
        """
        digest = sha256(f"{visitor}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]
        name = f"{folder.name}/look/{digest}"
        order = {"id": name, "kind": "look", "folder": str(folder), "text": text}
        return self._once(_job(order), visitor)

    def _once(self, job: Job, visitor: str) -> str:
        with self._lock:
            for desk in self._desks:
                if desk.job is not None and desk.job.id == job.id:
                    desk.ahead = False
            known = job.id in self._outcomes
        if not known:
            self._add(replace(job, turn=_turn(visitor)))
        return job.id

    def expect_maps(self, folder: Path, wanted: Iterable[Wanted]) -> None:
        """Draw maps of a stored run ahead of time, while nothing else is to be done.

        What was expected before and is not begun is forgotten; what is begun stops as soon as a
        job comes.
        """
        found = [_map_job(folder, *one) for one in wanted]
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

    def _add(self, job: Job) -> None:
        with self._lock:
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
            with contextlib.suppress(OSError), workers.start() as process:
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


def _turn(visitor: str) -> str:
    """What tells visitors apart until this process ends, and says nothing of them."""
    return visitors.mark(visitor)


def _job(order: Mapping[str, Any]) -> Job:
    """A job on a stored run: each kind takes about as long as others of the kind."""
    like = f"{order['kind']} {order.get('method', '')} {order.get('dimensions', '')}"
    return Job(str(order["id"]), order, like=like)


def _map_job(folder: Path, method: str, dimensions: int, layer: int, pooling: str) -> Job:
    return _job(
        {
            "id": f"{folder.name}/{projection_name(method, dimensions, pooling, layer)}",
            "kind": "map",
            "folder": str(folder),
            "method": method,
            "dimensions": dimensions,
            "layer": layer,
            "pooling": pooling,
        }
    )


@cache
def jobs() -> Jobs:
    """The one queue of this process."""
    now = environment.limits()
    return Jobs(environment.home(), desks=now.workers, minutes=now.run_minutes)
