"""The process that computes. It reads jobs as lines of JSON and answers with lines of JSON.

Started by ``jobs`` as ``python -m dashboard.worker``: a fresh interpreter, never a fork, with the
heavy libraries that the web process does without. While idle it warms itself up, one step at a
time, so that no visitor's run waits for imports or compilation.

In:  ``{"id", "kind": "run", "folder", "settings", "out", "owner"}``,
     ``{"id", "kind": "map", "folder", "method", "dimensions", "layer", "pooling"}``,
     ``{"id", "kind": "inside", "folder"}``, ``{"id", "kind": "look", "folder", "text"}``,
     ``{"id", "kind": "pictures", "folder", "out", "texts"}``,
     ``{"id", "kind": "place", "folder", "text", "maps"}``,
     ``{"cancel": id}``
Out: ``{"id", "stage", "done", "total", "seconds_left"}``, and at the end
     ``{"id", "state": "done"|"failed"|"cancelled", "message", "result"}``
"""

import contextlib
import ctypes
import gc
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from dashboard import deeds, logs
from dashboard.deeds import Message
from dashboard.limits import memory_each
from probing.environment import limits, settle_threads
from probing.errors import Cancelled, ProbingError
from probing.language import say
from probing.progress import Progress

RESERVED = 2**29  # bytes that libraries reserve and never touch: the system counts them as well
ORPHANED = 10.0  # seconds that a worker without a server has to leave its job


class Worker:
    """One job at a time, until standard input closes."""

    def __init__(self, answers: IO[str]) -> None:
        self.answers = answers
        self.jobs: queue.Queue[Message | None] = queue.Queue()
        self.cancelled: set[str] = set()
        self.closing = False

    def listen(self, lines: IO[str]) -> None:
        """Put jobs into the queue, and note which are cancelled, as they arrive."""
        for line in lines:
            message = json.loads(line)
            if "cancel" in message:
                self.cancelled.add(message["cancel"])
            else:
                self.cancelled.discard(message["id"])  # a map may be asked for once more
                self.jobs.put(message)
        self.closing = True
        self.jobs.put(None)
        threading.Timer(ORPHANED, os._exit, (1,)).start()

    def serve(self) -> None:
        """Do what comes; warm up while nothing does."""
        steps = [_warm_encoder, _warm_probe, _warm_maps]
        while True:
            try:
                job = self.jobs.get(block=not steps)
            except queue.Empty:
                _attempt(steps.pop(0))
                if not steps:
                    _give_back()
                    gc.freeze()  # what is loaded by now stays: not looked through after each job
                continue
            if job is None:
                return
            self.answer(job["id"], **self.do(job))
            self.cancelled.discard(job["id"])
            _give_back()

    def do(self, job: Message) -> Message:
        """The last answer to a job."""
        try:
            result = deeds.KINDS[job["kind"]](job, lambda p: self.hear(job["id"], p))
        except Cancelled:
            return {"state": "cancelled", "message": ""}
        except ProbingError as error:
            return {"state": "failed", "message": str(error)}
        except Exception as error:  # noqa: BLE001 - a defect costs one job, not the worker
            if _out_of_memory(error):
                few = say("The memory is not enough for this run. Use fewer sentences.")
                return {"state": "failed", "message": few}
            logs.failure("job failed", error)
            return {
                "state": "failed",
                "message": say(
                    "Something went wrong that is not your fault. The operator finds it in the "
                    "server's log; other runs are not affected."
                ),
            }
        return {"state": "done", "message": "", "result": result}

    def hear(self, job: str, progress: Progress) -> None:
        """Pass progress on; stop where the person asked to."""
        if self.closing or job in self.cancelled:
            raise Cancelled
        self.answer(
            job,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            seconds_left=progress.seconds_left,
            cell=None if progress.cell is None else asdict(progress.cell),
        )

    def answer(self, job: str, **content: Any) -> None:
        """One line to the web process."""
        try:
            self.answers.write(json.dumps({"id": job, **content}) + "\n")
            self.answers.flush()
        except BrokenPipeError:  # nobody is there to hear it
            self.closing = True


def _out_of_memory(error: BaseException) -> bool:
    """Whether there was no more memory; torch has no error of its own for a processor's."""
    said = str(error) if isinstance(error, RuntimeError) else ""
    words = ("can't allocate memory", "out of memory")
    return isinstance(error, MemoryError) or any(word in said for word in words)


def _warm_encoder() -> None:
    from probing.extraction import extract

    extract(["a first sentence", "and a second one"], deeds.bundled())


def _warm_probe() -> None:
    from probing.probes import nested

    nested.warm_up()


def _warm_maps() -> None:
    from probing.projections import warm_up

    warm_up()


def _attempt(step: Callable[[], None]) -> None:
    """Warming up is a courtesy: where it fails, the run that needs the same says why."""
    try:
        step()
    except Exception as error:  # noqa: BLE001
        logs.failure("warming up failed", error)


def _give_back() -> None:
    """Return to the system what the last job freed. glibc keeps it, in pieces between what lives
    on, and runs of other sizes would find no room in them."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)


def _bounded() -> None:
    """Hold this process of a public server to its memory: what strangers give may ask for more than
    was estimated. Files that are mapped do not count."""
    allowed = memory_each(limits())
    if limits().public and allowed is not None:
        with contextlib.suppress(ImportError):  # Windows
            import resource

            most = int(allowed) + RESERVED
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main() -> None:
    """Serve until standard input closes. What libraries print goes to standard error."""
    logs.catch_all()
    settle_threads()
    _bounded()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(answers)
    threading.Thread(target=worker.listen, args=(sys.stdin,), daemon=True).start()
    worker.serve()


if __name__ == "__main__":
    main()
