"""The process-wide queue of jobs and the worker process that does them, one at a time.

A plain module singleton: sessions come and go, and any of them may clear Streamlit's caches. The
web process only writes and reads lines; it never computes.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Literal

from dashboard import metrics
from probing import environment, store
from probing.errors import RunFolderError
from probing.progress import CellScore, Stage
from probing.projections import Wanted, projection_name
from probing.sentences import Sentences
from probing.settings import Settings

State = Literal["waiting", "running", "done", "failed", "cancelled"]

GRACE = 10.0  # seconds a cancelled job has to stop by itself before its process is ended
REMEMBERED = 1_000  # finished jobs whose outcome is kept,
LOOKS = 64  # and of those that carry a result

_LOST = (
    "The process that computes ended unexpectedly, most likely because the memory was not enough. "
    "Nothing else was affected. Try again with fewer sentences."
)


@dataclass(frozen=True)
class Status:
    """How a job stands."""

    state: State
    stage: Stage | None = None
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
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


class Jobs:
    """Jobs in the order of their coming, and a worker process kept warm for them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = threading.Condition()
        self._waiting: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._status: OrderedDict[str, Status] = OrderedDict()
        self._expected: dict[str, dict[str, Any]] = {}
        self._ahead: str | None = None  # the current job, where nobody has asked for it yet
        self._current: str | None = None
        self._process: subprocess.Popen[str] | None = None
        self._ended_for: str | None = None
        self._closed = False
        self._manager = threading.Thread(target=self._manage, daemon=True, name="jobs")
        self._manager.start()

    @property
    def worker_pid(self) -> int | None:
        """The process that computes, if one is up."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        with self._lock:
            return len(self._waiting)

    def close(self) -> None:
        """End the worker; nothing more is taken on."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
            self._lock.notify_all()
        self._manager.join()

    def run_folder(self, run_id: str) -> Path:
        """Where the run of that id lies, or will."""
        return self.home / "runs" / run_id

    def start_run(self, sentences: Sentences, settings: Settings) -> str:
        """Queue a run; gives its id, 128 random bits in hexadecimal."""
        run_id = secrets.token_hex(16)
        path = self.home / "jobs" / f"{run_id}.parquet"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            store.save_sentences(sentences, path)
        except OSError as error:
            raise RunFolderError(
                f"this server cannot store runs ({error.strerror}). Its operator has to make room "
                "or set PROBING_HOME."
            ) from error
        self._add(
            {
                "id": run_id,
                "kind": "run",
                "sentences": str(path),
                "settings": settings.to_json(),
                "out": str(self.run_folder(run_id)),
            }
        )
        return run_id

    def start_map(
        self, folder: Path, method: str, dimensions: int, layer: int, pooling: str
    ) -> str:
        """Queue a map of a stored run, once however often it is asked for; gives its id.

        One that failed or was cancelled has to be forgotten before it is tried again.
        """
        return self._once(_map_job(folder, method, dimensions, layer, pooling))

    def start_inside(self, folder: Path) -> str:
        """Queue a look inside the encoder of a stored run, once like a map; gives its id."""
        return self._once({"id": f"{folder.name}/inside", "kind": "inside", "folder": str(folder)})

    def start_look(self, folder: Path, text: str) -> str:
        """Queue a look at one sentence by a stored run, once like a map; gives its id."""
        digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
        return self._once(
            {
                "id": f"{folder.name}/look/{digest}",
                "kind": "look",
                "folder": str(folder),
                "text": text,
            }
        )

    def _once(self, job: dict[str, Any]) -> str:
        with self._lock:
            if job["id"] == self._ahead:
                self._ahead = None
            known = job["id"] in self._status
        if not known:
            self._add(job)
        return str(job["id"])

    def expect_maps(self, folder: Path, wanted: Iterable[Wanted]) -> None:
        """Draw maps of a stored run ahead of time, while nothing else is to be done.

        What was expected before and is not begun is forgotten; what is begun stops as soon as a
        job comes.
        """
        found = [_map_job(folder, *one) for one in wanted]
        with self._lock:
            self._expected = {job["id"]: job for job in found if job["id"] not in self._status}
            self._lock.notify_all()

    def status(self, job: str) -> Status | None:
        """How a job stands; None where nothing is known of it."""
        with self._lock:
            status = self._status.get(job)
            if status is not None and status.state == "waiting":
                position = list(self._waiting).index(job) if job in self._waiting else 0
                return replace(status, ahead=position + (self._current is not None))
            return status

    def cancel(self, job: str) -> None:
        """Stop a job; what it had written vanishes."""
        with self._lock:
            if job in self._waiting:
                self._forget_input(self._waiting.pop(job))
                self._set(job, Status("cancelled"))
            elif job == self._current:
                self._stop(job)

    def forget(self, job: str) -> None:
        """Know nothing of a job that is over."""
        with self._lock:
            status = self._status.get(job)
            if status is not None and status.over:
                del self._status[job]

    def _add(self, job: dict[str, Any]) -> None:
        with self._lock:
            self._expected.pop(job["id"], None)
            self._waiting[job["id"]] = job
            self._set(job["id"], Status("waiting"))
            if self._ahead is not None:
                self._stop(self._ahead)
            self._lock.notify_all()

    def _stop(self, job: str) -> None:
        """Ask the worker to leave the current job."""
        if self._process is not None:
            self._send({"cancel": job})
            threading.Timer(GRACE, self._end_if_still, (job, self._process)).start()

    def _set(self, job: str, status: Status) -> None:
        before = self._status.get(job)
        metrics.follow(job, None if before is None else before.state, status.state)
        self._status[job] = status
        self._status.move_to_end(job)
        over = [j for j, s in self._status.items() if s.over]
        looks = [j for j in over if self._status[j].result is not None]
        for old in {*over[:-REMEMBERED], *looks[:-LOOKS]}:
            del self._status[old]

    def _manage(self) -> None:
        """Keep a worker alive and hand it one job after another."""
        while not self._closed:
            with contextlib.suppress(OSError), _worker() as process:
                self._process = process
                self._hand_out(process)
                process.kill()
            if not self._closed:
                time.sleep(0.5)  # no hot loop where a worker cannot start at all

    def _hand_out(self, process: "subprocess.Popen[str]") -> None:
        """Until the worker dies."""
        while process.poll() is None and not self._closed:
            with self._lock:
                if not self._waiting and not self._expected:
                    self._lock.wait(1.0)
                if process.poll() is not None or (job := self._next()) is None:
                    continue
                name = job["id"]
                self._current = name
                self._set(name, Status("running"))
                self._send(job)
            final = self._follow(name, process)
            with self._lock:
                self._forget_input(job)
                self._set(name, final)
                if self._ahead == name and final.state != "done":
                    del self._status[name]  # nobody asked for it: as if it had never been tried
                self._current = self._ahead = None

    def _next(self) -> dict[str, Any] | None:
        """The job to be done now: one that was asked for, else one that is expected."""
        if self._waiting:
            return self._waiting.popitem(last=False)[1]
        if self._expected:
            self._ahead = next(iter(self._expected))
            return self._expected.pop(self._ahead)
        return None

    def _follow(self, name: str, process: subprocess.Popen[str]) -> Status:
        """Listen until the job is over."""
        assert process.stdout is not None
        for line in process.stdout:
            answer = json.loads(line)
            if answer.pop("id") != name:
                continue
            if "state" in answer:
                return Status(**answer)
            cell = answer.pop("cell")
            with self._lock:
                cells = self._status[name].cells
                cells = cells if cell is None else (*cells, CellScore(**cell))
                self._set(name, Status("running", **answer, cells=cells))
        with self._lock:
            asked = self._ended_for == name
        self._sweep(name)
        return Status("cancelled") if asked else Status("failed", message=_LOST)

    def _end_if_still(self, job: str, process: subprocess.Popen[str]) -> None:
        """The last resort of ``cancel``: native code that hears nothing."""
        with self._lock:
            if self._current == job and process.poll() is None:
                self._ended_for = job
                process.kill()

    def _sweep(self, job: str) -> None:
        """Remove what a process that was ended left half written."""
        for leftover in (self.home / "runs").glob(f".{job.partition('/')[0]}.partial-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _forget_input(self, job: dict[str, Any]) -> None:
        if job["kind"] == "run":
            Path(job["sentences"]).unlink(missing_ok=True)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None
        pipe: IO[str] | None = self._process.stdin
        assert pipe is not None
        with contextlib.suppress(OSError):  # a dead worker is noticed by the one who follows it
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()


def _map_job(
    folder: Path, method: str, dimensions: int, layer: int, pooling: str
) -> dict[str, Any]:
    return {
        "id": f"{folder.name}/{projection_name(method, dimensions, pooling, layer)}",
        "kind": "map",
        "folder": str(folder),
        "method": method,
        "dimensions": dimensions,
        "layer": layer,
        "pooling": pooling,
    }


def _worker() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,  # Ctrl-C is the server's; it closes the pipe
        # fewer memory arenas: a long-lived process stays flat
        env={"MALLOC_ARENA_MAX": "2", **os.environ},
    )


@cache
def jobs() -> Jobs:
    """The one queue of this process."""
    return Jobs(environment.home())
