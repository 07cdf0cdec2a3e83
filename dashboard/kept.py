"""What a run needs to be taken up again, on disk until the run is stored or given up.

A folder for each run under ``PROBING_HOME/jobs``: ``sentences.parquet``, ``cells/`` with the probes
that are finished, ``tries``, and ``job.json``, which is written last: without it nothing is a job.
Who asked for it is not written down.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dashboard.queue import Job
from probing import store
from probing.errors import ProbingError, RunFolderError
from probing.language import say
from probing.locks import locked
from probing.sentences import Sentences

JOB, SENTENCES, CELLS, TRIES = "job.json", "sentences.parquet", "cells", "tries"
CRASHES = 2
"""Times that a run may take its worker down with it before it is given up."""

GIVEN_UP = say(
    "This run was begun {crashes} times, and each time the process that computes ended "
    "unexpectedly, most likely because the memory was not enough. It is not tried again. "
    "Start it anew with fewer sentences, fewer poolings or a smaller encoder.",
    crashes=CRASHES,
)
DAMAGED = say(
    "The server stopped before this run was done, and what was kept of its sentences cannot "
    "be read. Start it anew."
)


def keep(folder: Path, job: Job, sentences: Sentences) -> None:
    """Write a job down. Raises ``RunFolderError`` where the disk does not allow it."""
    try:
        folder.mkdir(parents=True, mode=0o700)
        store.save_sentences(sentences, folder / SENTENCES)
        about = {"id": job.id, "order": dict(job.order), "like": job.like, "size": job.size}
        # the time it came, for the order; the turn only says which came from the same visitor
        about |= {"came": time.time(), "turn": job.turn}
        store.write_json(about, folder / JOB)
    except OSError as error:
        drop(folder)
        raise RunFolderError(
            "this server cannot store runs ({reason}). Its operator has to make room or set "
            "PROBING_HOME.",
            reason=store.reason(error),
        ) from error


def sentences_of(folder: Path) -> Sentences:
    """Those of a job. Raises ``ProbingError`` where they cannot be read."""
    try:
        return store.load_sentences(folder / SENTENCES)
    except (OSError, ValueError, KeyError, TypeError) as error:  # pyarrow's own are ValueErrors
        raise ProbingError(DAMAGED) from error


def drop(folder: Path) -> None:
    """Remove a job; from the first step on it is none."""
    with suppress(OSError):
        (folder / JOB).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def left_over(home: Path) -> list[tuple[str, Job | str]]:
    """(id, job) of what a server that ended left to do, in the order of its coming.

    In place of a job that cannot be done there is the reason, for the person. What is stored
    already, and what nobody can ever need, is removed; so are runs half written.
    """
    found = []
    for folder in _folders(home / "jobs"):
        if (home / "runs" / folder.name / store.RUN).is_file() or not (folder / JOB).is_file():
            drop(folder)
            continue
        try:
            about = json.loads((folder / JOB).read_text(encoding="utf-8"))
            job = Job(folder.name, about["order"], about["turn"], about["like"], about["size"])
            came = float(about["came"])
            gone = None if (folder / SENTENCES).is_file() else DAMAGED
        except (OSError, ValueError, KeyError, TypeError):
            job, came, gone = None, 0.0, DAMAGED
        if tries(folder) >= CRASHES:
            gone = GIVEN_UP
        if gone is not None:
            drop(folder)
        found.append((came, folder.name, job if gone is None and job is not None else gone))
    for half in _folders(home / "runs"):
        name = store.partial_of(half)
        if name is not None and not (home / "jobs" / name).exists():
            shutil.rmtree(half, ignore_errors=True)
    found.sort(key=lambda one: one[0])
    return [(name, job) for _, name, job in found if job is not None]


def _folders(home: Path) -> list[Path]:
    try:
        return sorted(path for path in home.iterdir() if path.is_dir())
    except OSError:
        return []


def tries(folder: Path) -> int:
    """How many times a worker began this job and came to no end of any kind."""
    try:
        return int((folder / TRIES).read_text())
    except (OSError, ValueError):
        return 0


def forgive(folder: Path) -> None:
    """The last try does not count: the job ended in order, or was ended on purpose."""
    with suppress(OSError):  # also where the disk was full
        (folder / TRIES).unlink(missing_ok=True)


@contextmanager
def begun(folder: Path, wait: Callable[[], None]) -> Iterator[None]:
    """The worker's side: this process alone does the job, and counts as a try until it ends.

    A server that was killed may have left a worker that has not noticed yet: ``wait`` is called
    until it lets go. Raises ``ProbingError`` where the job is gone.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / SENTENCES, wait))
        except (FileNotFoundError, PermissionError) as error:
            raise ProbingError(DAMAGED) from error
        for half in folder.parent.parent.glob(f"runs/{store.partials(folder.name)}"):
            shutil.rmtree(half, ignore_errors=True)
        with suppress(OSError):
            (folder / TRIES).write_text(str(tries(folder) + 1))
        try:
            yield
        finally:
            forgive(folder)
