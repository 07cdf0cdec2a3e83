"""What a crash, a full disk or a damaged file costs: that run, in clear words, and nothing else."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from dashboard import kept
from dashboard.jobs import Jobs
from dashboard.queue import Job
from dashboard.status import Status
from dashboard.worker import Worker
from probing import runs
from probing.errors import ProbingError, RunFolderError
from probing.progress import STAGES, Progress
from probing.scratch import Scratch
from probing.settings import Settings
from probing.store import load_run
from tests.benchmarks.faults import (
    check,
    check_clean,
    kill_servers,
    kill_workers,
    over,
    recover,
    sentences,
    settings,
    until,
)


@pytest.fixture
def quick(checkpoint: Callable[..., Path]) -> Settings:
    return Settings(encoder=str(checkpoint(layers=1)), poolings=("mean",), maps="none")


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Callable[[], Jobs]]:
    """Queues over one home, whose workers never start: what is asked for waits."""
    opened: list[Jobs] = []

    def start(home: Path = tmp_path) -> Jobs:
        opened.append(Jobs(home, desks=0))
        return opened[-1]

    yield start
    for jobs in opened:
        jobs.close()


def worked(home: Path, run: str) -> dict[str, object]:
    """What a worker, in this process, says of a job that lies in a store."""
    order = json.loads((home / "jobs" / run / kept.JOB).read_text())["order"]
    return Worker(io.StringIO()).do(order)


# ---- killed


@pytest.mark.slow
def test_runs_outlive_servers_that_are_killed(
    tmp_path: Path, checkpoint: Callable[..., Path]
) -> None:
    moments = (None, "encode", "save")
    found, _ = kill_servers(tmp_path, checkpoint(), 40, moments)
    assert len(set(found)) == 3
    recover(tmp_path, found)


@pytest.mark.slow
def test_a_killed_worker_costs_its_run_only(
    tmp_path: Path, checkpoint: Callable[..., Path]
) -> None:
    jobs = Jobs(tmp_path)
    try:
        first = jobs.start_run(sentences(40), settings(checkpoint()))
        assert over(jobs, first) == Status("done")
        assert kill_workers(jobs, checkpoint(), 40, ("load", "probe")) == 2
        assert set(check(tmp_path)) == {first}
    finally:
        jobs.close()


def test_a_run_that_takes_too_long_is_stopped_and_told_why(
    tmp_path: Path, checkpoint: Callable[..., Path]
) -> None:
    jobs = Jobs(tmp_path, minutes=0.0001)
    try:
        status = over(jobs, jobs.start_run(sentences(3_000), settings(checkpoint())))
        assert status.state == "failed"
        assert "longer than the 0.0001 minutes" in status.message
        assert "fewer sentences" in status.message
        check_clean(tmp_path)
    finally:
        jobs.close()


# ---- started again


def test_what_waits_is_taken_up_in_its_order(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    jobs = idle()
    asked = [jobs.start_run(sentences(9), quick, visitor) for visitor in ("ada", "ada", "bob")]
    again = idle()
    states = [again.status(run) for run in asked]
    assert [(s.state, s.ahead) for s in states if s] == [("waiting", i) for i in (0, 2, 1)]
    stored = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "ada" not in stored, "who asked is nobody's business"
    again.cancel(asked[1])
    assert idle().status(asked[1]) is None


def test_a_run_that_is_stored_is_not_done_again(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    run = idle().start_run(sentences(30), quick)
    assert worked(tmp_path, run)["state"] == "done"
    before = check(tmp_path)
    assert worked(tmp_path, run)["state"] == "done", "a worker outlived its server"
    assert check(tmp_path) == before
    assert idle().status(run) is None
    check_clean(tmp_path)


def test_a_run_that_takes_its_worker_down_is_given_up(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    run = idle().start_run(sentences(9), quick)
    tries = tmp_path / "jobs" / run / kept.TRIES
    tries.write_text("1")
    waiting = idle().status(run)
    assert waiting is not None
    assert waiting.state == "waiting", "once may be chance"
    tries.write_text(str(kept.CRASHES))
    assert idle().status(run) == Status("failed", message=kept.GIVEN_UP)
    check_clean(tmp_path)


def test_a_try_counts_until_it_ends(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs" / idle().start_run(sentences(9), quick)
    with suppress(ProbingError), kept.begun(folder, lambda: None):
        assert kept.tries(folder) == 1
        raise ProbingError("its sentences are to blame")
    assert kept.tries(folder) == 0


def test_two_workers_do_not_do_the_same_run(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs" / idle().start_run(sentences(9), quick)

    def waits() -> None:
        raise TimeoutError("still locked")

    with kept.begun(folder, waits):
        with pytest.raises(TimeoutError), kept.begun(folder, waits):
            pytest.fail("both are at it")
        assert kept.tries(folder) == 1, "one that only waited is no try"


@pytest.mark.parametrize(
    ("name", "content"),
    [(kept.JOB, b"{"), (kept.JOB, b"[]"), (kept.JOB, b'{"order": {}}'), (kept.SENTENCES, None)],
)
def test_a_damaged_job_costs_no_other(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path, name: str, content: bytes | None
) -> None:
    jobs = idle()
    lost, whole = jobs.start_run(sentences(9), quick), jobs.start_run(sentences(9), quick)
    path = tmp_path / "jobs" / lost / name
    path.unlink() if content is None else path.write_bytes(content)
    again = idle()
    assert again.status(lost) == Status("failed", message=kept.DAMAGED)
    status = again.status(whole)
    assert status is not None
    assert status.state == "waiting"


def test_damaged_sentences_are_said_to_be_damaged(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    run = idle().start_run(sentences(9), quick)
    (tmp_path / "jobs" / run / kept.SENTENCES).write_bytes(b"PAR1 and no more")
    assert worked(tmp_path, run) == {"state": "failed", "message": kept.DAMAGED}


def test_leftovers_are_cleared_away(idle: Callable[[], Jobs], tmp_path: Path) -> None:
    (tmp_path / "jobs" / ("a" * 32)).mkdir(parents=True)  # killed before job.json was written
    half = tmp_path / "runs" / f".{'b' * 32}.partial-01234567"
    half.mkdir(parents=True)
    (half / "run.json").write_text("{}")
    idle()
    check_clean(tmp_path)


def test_half_a_run_that_is_taken_up_again_is_replaced(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    run = idle().start_run(sentences(30), quick)
    half = tmp_path / "runs" / f".{run}.partial-01234567"
    half.mkdir(parents=True)
    idle()
    assert half.exists(), "it may belong to a worker that is still at it"
    assert worked(tmp_path, run)["state"] == "done"
    assert not half.exists()


# ---- what is finished is not made again


WORK = (
    "probing.probes.nested.probe",
    "probing.controls.type_control",
    "probing.controls.memorised",
    "probing.controls.permutation_test",
    "probing.neighbours.nearest",
    "probing.baselines.length",
    "probing.baselines.tfidf",
    "probing.baselines.embeddings",
    "probing.description.online_code",
    "probing.encoders.twin.random_twin",
    "probing.projections.layouts.graph_of",
    "probing.projections.layouts.umap",
    "probing.projections.layouts.pca",
)
"""What takes the time of a run."""


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of these was done."""
    done: Counter[str] = Counter()
    for path in WORK:
        module, _, name = path.rpartition(".")
        do = getattr(import_module(module), name)

        def counted(*arguments: Any, _do: Any = do, _path: str = path, **options: Any) -> Any:
            done[_path] += 1
            return _do(*arguments, **options)

        monkeypatch.setattr(path, counted)
    return done


def content(folder: Path) -> dict[str, Any]:
    """All that a run's folder says, but when and how fast it was made, and its report."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".parquet":
            table = parquet.read_table(path)
            found[name] = (table.to_pydict(), table.schema.metadata)
        elif name == "run.json":
            record = json.loads(path.read_text())
            record["encoder"].pop("reused")
            found[name] = {k: v for k, v in record.items() if k not in ("created", "timings")}
        elif name != "report.html":
            found[name] = path.read_bytes()
    return found


@pytest.mark.slow
def test_a_run_interrupted_at_every_stage_loses_nothing(
    checkpoint: Callable[..., Path],
    tmp_path: Path,
    work: Counter[str],
    coarse: Callable[[], AbstractContextManager[None]],
) -> None:
    asked = Settings(
        encoder=str(checkpoint(layers=1)), poolings=("cls", "mean"), maps="last", depth="full"
    )

    def execute(name: str, scratch: Scratch, stop: tuple[str, int] | None = None) -> None:
        def hear(progress: Progress) -> None:
            if stop is not None and progress.stage == stop[0] and progress.done >= stop[1]:
                raise KeyboardInterrupt

        runs.execute(
            sentences(24),
            asked,
            out=tmp_path / name,
            listener=hear,
            run_id="0" * 32,
            scratch=scratch,
        )

    with coarse():
        execute("whole", Scratch())
        once = Counter(work)
        assert set(once) == set(WORK), "every kind of work is in this run"
        work.clear()
        scratch = Scratch(tmp_path / "scratch")
        within = {"probe": 1, "check": 1, "conditional": 1, "control": 1, "map": 1}
        for stop in ((stage, within.get(stage, 0)) for stage in STAGES):
            with pytest.raises(KeyboardInterrupt):
                execute("resumed", scratch, stop)
            assert not (tmp_path / "resumed").exists(), stop
        execute("resumed", scratch)
    assert work == once, "nothing is done twice"
    whole, resumed = content(tmp_path / "whole"), content(tmp_path / "resumed")
    assert whole.keys() == resumed.keys()
    for name in whole:
        assert whole[name] == resumed[name], name


@pytest.mark.parametrize("damage", ["other vectors", "cut", "noise"])
def test_what_does_not_fit_is_made_anew(tmp_path: Path, damage: str) -> None:
    scratch, x = Scratch(tmp_path), np.arange(6.0)
    made: list[Job] = []

    def make() -> Job:
        made.append(Job("a", {}, size=len(made) + 1))
        return made[-1]

    assert scratch.piece("cls_1", x, Job, make) == scratch.piece("cls_1", x, Job, make)
    assert len(made) == 1
    path = tmp_path / "cls_1.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "noise":
        path.write_bytes(b"noise")
    assert scratch.piece("cls_1", x + (damage == "other vectors"), Job, make).size == 2


# ---- disks


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB: a run's report does not fit."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True
    )
    if made.returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remounted(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_a_full_disk_fails_the_run_in_words_and_room_mends_it(
    small: Path, idle: Callable[[Path], Jobs], quick: Settings
) -> None:
    jobs = idle(small)
    run = jobs.start_run(sentences(30), quick)
    said = worked(small, run)
    assert said["state"] == "failed"
    assert "No space left" in str(said["message"])
    assert not list((small / "runs").glob("*")), "half a run stays behind"
    (small / "filler").write_bytes(bytes(shutil.disk_usage(small).free))
    with pytest.raises(RunFolderError, match=r"cannot store runs .No space left"):
        jobs.start_run(sentences(3_000), quick)
    assert [path.name for path in (small / "jobs").iterdir()] == [run]
    remounted(small, "size=64m")
    assert worked(small, run)["state"] == "done"
    assert load_run(small / "runs" / run).id == run


def test_a_store_that_is_read_only_is_said_to_be(
    small: Path, idle: Callable[[Path], Jobs], quick: Settings
) -> None:
    jobs = idle(small)
    remounted(small, "size=64m")
    run = jobs.start_run(sentences(30), quick)
    remounted(small, "ro")
    with pytest.raises(RunFolderError, match=r"cannot store runs .Read-only"):
        jobs.start_run(sentences(9), quick)
    said = worked(small, run)
    assert said["state"] == "failed"
    assert "Read-only" in str(said["message"])
    again = idle(small)
    assert again.status(run) is not None, "a server starts on it all the same"
    remounted(small, "rw")
    assert worked(small, run)["state"] == "done"


def test_a_full_disk_while_a_job_is_written_down_leaves_none(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("probing.store.write_json", full)
    with pytest.raises(RunFolderError, match="cannot store runs"):
        idle().start_run(sentences(9), quick)
    check_clean(tmp_path)


# ---- damaged runs


def test_a_damaged_run_costs_no_other(
    idle: Callable[[], Jobs], quick: Settings, tmp_path: Path
) -> None:
    jobs = idle()
    cut, whole = (jobs.start_run(sentences(30), quick) for _ in range(2))
    assert all(worked(tmp_path, run)["state"] == "done" for run in (cut, whole))
    folder = jobs.run_folder(cut)
    array = folder / "representations" / "mean.npy"
    array.write_bytes(array.read_bytes()[:-100])
    order = {"id": f"{cut}/pca2", "kind": "map", "folder": str(folder)}
    order |= {"method": "pca", "dimensions": 2, "layer": 1, "pooling": "mean"}
    said = Worker(io.StringIO()).do(order)
    assert said["state"] == "failed"
    assert "is damaged" in str(said["message"])
    again = idle()
    assert again.status(cut) is again.status(whole) is None
    assert load_run(again.run_folder(whole)).id == whole
    until(lambda: True if not list((tmp_path / "jobs").iterdir()) else None)


@pytest.mark.parametrize(("public", "state"), [("1", "failed"), ("0", "done")])
def test_a_public_worker_is_held_to_its_memory(public: str, state: str) -> None:
    pytest.importorskip("resource")
    code = (
        "from dashboard import deeds, worker as w; "
        "deeds.KINDS['eat'] = lambda job, hear: len(bytearray(2_000_000_000)); "
        "w._warm_encoder = w._warm_probe = w._warm_maps = lambda: None; w.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input='{"id": "a", "kind": "eat"}\n',
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PROBING_PUBLIC": public, "PROBING_MEMORY_GB": "1"},
        check=False,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["state"] == state
    assert ("memory is not enough" in answer["message"]) == (state == "failed")
