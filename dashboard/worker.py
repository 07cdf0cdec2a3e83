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
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Any

from dashboard import logs
from dashboard.limits import memory_each
from probing.environment import limits, settle_threads
from probing.errors import Cancelled, ProbingError
from probing.language import say
from probing.progress import Progress

Message = dict[str, Any]

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
            result = _KINDS[job["kind"]](job, lambda p: self.hear(job["id"], p))
        except Cancelled:
            return {"state": "cancelled", "message": ""}
        except ProbingError as error:
            return {"state": "failed", "message": str(error)}
        except MemoryError:
            return {
                "state": "failed",
                "message": say("The memory is not enough for this run. Use fewer sentences."),
            }
        except Exception as error:  # noqa: BLE001 - a defect costs one job, not the worker
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


def _run(job: Message, hear: Callable[[Progress], None]) -> None:
    from dashboard import kept
    from probing import runs, store
    from probing.scratch import Scratch
    from probing.settings import Settings

    folder, out = Path(job["folder"]), Path(job["out"])
    settings = Settings(**{**job["settings"], "poolings": tuple(job["settings"]["poolings"])})
    with kept.begun(folder, lambda: hear(Progress("load", 0, 1))):
        if (out / store.RUN).is_file():
            return  # a worker that outlived its server has done it
        runs.execute(
            kept.sentences_of(folder),
            settings,
            out=out,
            listener=hear,
            run_id=job["id"],
            load=_load,
            scratch=Scratch(folder / kept.CELLS),
            owner=job.get("owner", ""),
        )


def _map(job: Message, hear: Callable[[Progress], None]) -> None:
    import numpy as np

    from probing import projections, store

    folder = Path(job["folder"])
    run = store.load_run(folder)
    if run.representations is None:
        raise ProbingError("This run was stored without its vectors; no new map can be drawn.")
    number = {name: i for i, name in enumerate(run.sentences.classes)}
    labels = run.sentences.labels if run.kind == "classes" else None
    drawn = projections.draw(
        run.representations,
        None if labels is None else np.array([number[label] for label in labels]),
        [(job["method"], job["dimensions"], job["layer"], job["pooling"])],
        seed=run.record["settings"]["seed"],
        there=run.projections,
        report=lambda done, total: hear(Progress("map", done, total)),
    )
    for projection in drawn:
        store.add_projection(folder, projection)


def _inside(job: Message, hear: Callable[[Progress], None]) -> None:
    from probing.mechanism.exploring import explore_folder

    explore_folder(Path(job["folder"]), load=_load, listener=hear)


def _look(job: Message, hear: Callable[[Progress], None]) -> Message:
    from probing.mechanism.exploring import readers_of
    from probing.mechanism.looking import look

    folder = Path(job["folder"])
    subject = _subject(folder, (folder / "run.json").stat().st_mtime_ns)
    hear(Progress("look", 0, 1))
    return asdict(look(job["text"], subject, readers_of(folder, subject), subject.maps))


def _pictures(job: Message, hear: Callable[[Progress], None]) -> None:
    from probing import store
    from probing.exports.figure_files import write_figures
    from probing.hiding import hide_run
    from probing.progress import Reporter

    folder, out = Path(job["folder"]), Path(job["out"])
    if out.is_dir():
        return
    kind = out.name.partition("-")[0]
    for half in out.parent.glob(store.partials(f"{kind}-*")):  # of a worker that was killed
        shutil.rmtree(half, ignore_errors=True)
    run = store.load_run(folder)
    run = run if job["texts"] else hide_run(run)
    write_figures(run, out, ("svg", "png"), report=Reporter(hear).stage("picture"))
    gone = not (folder / store.RUN).is_file()  # deleted meanwhile
    for other in out.parent.glob(f"{kind}-*"):
        if gone or other != out:
            shutil.rmtree(other, ignore_errors=True)


def _place(job: Message, hear: Callable[[Progress], None]) -> Message:
    from probing import store
    from probing.mechanism.looking import places

    folder = Path(job["folder"])
    subject = _subject(folder, (folder / "run.json").stat().st_mtime_ns)
    hear(Progress("look", 0, 1))
    # the subject's own maps are those of when it was first asked for
    maps = [map_ for map_ in store.load_run(folder).projections if map_.name in job["maps"]]
    return {place.name: place.point for place in places(job["text"], subject, maps)}


@lru_cache(maxsize=2)
def _subject(folder: Path, stamp: int) -> Any:
    """A run that sentences are looked at by, ready for the next one."""
    from probing import store
    from probing.mechanism.subject import subject_of

    return subject_of(store.load_run(folder), _load)


_KINDS: dict[str, Callable[[Message, Callable[[Progress], None]], Message | None]] = {
    "run": _run,
    "map": _map,
    "inside": _inside,
    "look": _look,
    "pictures": _pictures,
    "place": _place,
}


def _load(name: str, *, revision: str | None = None, device: str = "auto") -> Any:
    """``load_encoder``, keeping the bundled encoder: the one that most runs use."""
    from probing.encoders import BUNDLED, load_encoder

    if name in ("bundled", BUNDLED) and revision is None:
        return _bundled()
    return load_encoder(name, revision=revision, device=device)


@cache
def _bundled() -> Any:
    from probing.encoders import load_encoder

    return load_encoder(device="auto")


def _warm_encoder() -> None:
    from probing.extraction import extract

    extract(["a first sentence", "and a second one"], _bundled())


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
