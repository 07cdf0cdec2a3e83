"""Servers and workers killed in the midst of runs: nothing half done shows, and no run is lost.

``python -m tests.benchmarks.faults --kills 50`` kills 50 servers, each the heir of the one before,
and as many workers, at seeded moments. A handful of the same is in ``tests/dashboard``.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from dashboard.jobs import Jobs, Status
from probing.progress import DEEP, STAGES
from probing.sentences import Sentences
from probing.settings import Maps, Settings
from probing.store import load_run

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
MOMENTS = (None, *(stage for stage in STAGES if stage not in DEEP))
"""Stages of a run at which something is killed; None while it waits."""
PATIENCE = 240.0  # seconds


def sentences(n: int) -> Sentences:
    """n short sentences of two classes."""
    words = ("good", "bad")
    texts = tuple(f"the {words[i % 2]} film number {i} was on time" for i in range(n))
    return Sentences(texts=texts, labels=tuple(words[i % 2] for i in range(n)))


def settings(encoder: Path, maps: Maps = "none") -> Settings:
    """Of a run with every stage but the in-depth ones; maps take most of a small run's time."""
    return Settings(encoder=str(encoder), poolings=("cls", "mean"), maps=maps)


def until(look: "Callable[[], T | None]") -> T:
    """The first thing that ``look`` finds."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.005)
    raise AssertionError("nothing came")


def reached(status: Status | None, moment: str | None) -> bool:
    """Whether a run is at a stage or beyond it."""
    if status is None or status.over:
        return True
    stage = MOMENTS.index(status.stage) if status.stage in MOMENTS else 0
    return stage >= MOMENTS.index(moment)  # type: ignore[arg-type]


def over(jobs: Jobs, run: str) -> Status:
    """How a run ended."""
    return until(lambda: found if (found := jobs.status(run)) and found.over else None)


# ---- a server, which a process of its own plays


def serve(home: Path, encoder: Path, n: int, maps: Maps, moment: str | None) -> None:
    """Take up what is there, start a run, say its id; say so again when it has come to a stage."""
    jobs = Jobs(home)
    run = jobs.start_run(sentences(n), settings(encoder, maps))
    print(run, flush=True)
    until(lambda: True if reached(jobs.status(run), moment) else None)
    print(run, flush=True)
    sys.stdin.read()


@contextmanager
def server(
    home: Path, encoder: Path, n: int, maps: Maps, moment: str | None
) -> Iterator["subprocess.Popen[str]"]:
    """That process."""
    words = [str(home), str(encoder), str(n), maps, moment or ""]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.faults", "--serve", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def kill_servers(
    home: Path,
    encoder: Path,
    n: int,
    moments: Sequence[str | None],
    jitter: Callable[[], float] = lambda: 0.0,
    maps: Maps = "none",
) -> tuple[list[str], int]:
    """Kill a server at each of the moments; the runs that they were given, and how many of these
    were not stored when their server was killed.

    What lies in the store after each is looked at; see ``check``.
    """
    runs, cut = [], 0
    for moment in moments:
        before = check(home)
        with server(home, encoder, n, maps, moment) as process:
            assert process.stdout is not None
            runs.append(process.stdout.readline().strip())
            assert process.stdout.readline().strip() == runs[-1], "the server died by itself"
            time.sleep(jitter())
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            after = check(home)
            changed = {name for name, digest in before.items() if after.get(name) != digest}
            assert not changed, f"stored runs changed: {changed}"
            cut += runs[-1] not in after
    return runs, cut


def check(home: Path) -> dict[str, str]:
    """The digest of every stored run; each that is listed must load."""
    found = {}
    for folder in (home / "runs").glob("[!.]*"):
        assert load_run(folder).id == folder.name
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        found[folder.name] = sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return found


def check_clean(home: Path) -> None:
    """Nothing half done is left."""
    assert not list((home / "jobs").glob("*")), "an input stays behind"
    assert not list((home / "runs").glob(".*")), "half a run stays behind"


def recover(home: Path, runs: Sequence[str]) -> None:
    """A last server, which is not killed, finishes every run."""
    jobs = Jobs(home)
    try:
        for run in runs:
            if jobs.status(run) is None:
                assert (jobs.run_folder(run) / "run.json").is_file(), f"{run} is lost"
            else:
                assert over(jobs, run) == Status("done")
        assert set(runs) <= set(check(home))
        check_clean(home)
    finally:
        jobs.close()


# ---- workers of a server that lives


def kill_workers(
    jobs: Jobs,
    encoder: Path,
    n: int,
    moments: Sequence[str | None],
    jitter: Callable[[], float] = lambda: 0.0,
    maps: Maps = "none",
) -> int:
    """Kill the worker at each of the moments; how many runs failed of it, and said so."""
    failed = 0
    for moment in moments:
        before = check(jobs.home)
        worker = until(lambda: jobs.worker_pid)
        run = jobs.start_run(sentences(n), settings(encoder, maps))
        until(lambda run=run, at=moment: True if reached(jobs.status(run), at) else None)  # type: ignore[misc]
        time.sleep(jitter())
        os.kill(worker, signal.SIGKILL)
        status = over(jobs, run)
        assert status.state in ("done", "failed")
        if status.state == "failed":
            failed += 1
            assert "ended unexpectedly" in status.message
            assert not jobs.run_folder(run).exists()
        assert {**check(jobs.home), **before} == check(jobs.home)
        until(lambda old=worker: True if jobs.worker_pid not in (None, old) else None)  # type: ignore[misc]
    check_clean(jobs.home)
    return failed


def main() -> None:
    """Kill and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="servers, and workers, to kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", nargs=5, metavar=("HOME", "ENCODER", "N", "MAPS", "MOMENT"))
    asked = parser.parse_args()
    if asked.serve:
        home, encoder, n, maps, moment = asked.serve
        serve(Path(home), Path(encoder), int(n), maps, moment or None)
        return
    from tests.tiny import tiny_checkpoint

    choice = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as scratch:
        encoder, home = tiny_checkpoint(Path(scratch) / "tiny", "bert"), Path(scratch) / "home"
        os.environ["PROBING_HOME"] = str(home)
        moments = [choice.choice(MOMENTS) for _ in range(asked.kills)]
        began = time.monotonic()
        runs, cut = kill_servers(home, encoder, 60, moments, lambda: choice.uniform(0, 0.3), "last")
        recover(home, runs)
        said("servers", len(runs), began, {"taken up": cut})
        began, jobs = time.monotonic(), Jobs(home)
        failed = kill_workers(jobs, encoder, 60, moments, lambda: choice.uniform(0, 0.3), "last")
        jobs.close()
        said("workers", len(moments), began, {"failed and said so": failed})


def said(what: str, killed: int, began: float, found: dict[str, int]) -> None:
    """A line on what came of it; any loss has raised by now."""
    seconds = round(time.monotonic() - began)
    print(json.dumps({what: killed, **found, "lost": 0, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
