"""The queue and its worker process: order, cancel, failure, crash."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import probing
from dashboard.jobs import Jobs, Status
from probing.errors import SettingsError
from probing.mechanism import shelf
from probing.sentences import Sentences
from probing.settings import Settings
from probing.store import load_run


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    queue = Jobs(tmp_path_factory.mktemp("home"))
    yield queue
    queue.close()


@pytest.fixture
def settings(checkpoint: Callable[..., Path]) -> Settings:
    return Settings(encoder=str(checkpoint()), maps="none")


def sentences(n: int) -> Sentences:
    """n short sentences of two classes."""
    words = ("good", "bad")
    texts = tuple(f"the {words[i % 2]} film number {i} was on time" for i in range(n))
    return Sentences(texts=texts, labels=tuple(words[i % 2] for i in range(n)))


def until(jobs: Jobs, job: str, holds: Callable[[Status], bool]) -> Status:
    """The first status of a job for which something holds."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        status = jobs.status(job)
        assert status is not None
        if holds(status):
            return status
        time.sleep(0.01)
    pytest.fail(f"{job} stays {status}")


def over(status: Status) -> bool:
    return status.over


def test_a_run_is_stored_under_its_id(jobs: Jobs, settings: Settings) -> None:
    run = jobs.start_run(sentences(40), settings)
    assert until(jobs, run, over) == Status("done")
    stored = load_run(jobs.run_folder(run))
    assert stored.id == run
    assert stored.cell(2, "mean").n == 40
    assert not list((jobs.home / "jobs").iterdir()), "the input stays behind"


def test_a_map_is_added_to_a_stored_run(jobs: Jobs, settings: Settings) -> None:
    run = jobs.start_run(sentences(40), settings)
    until(jobs, run, over)
    folder = jobs.run_folder(run)
    job = jobs.start_map(folder, "pca", 3, 2, "mean")
    assert jobs.start_map(folder, "pca", 3, 2, "mean") == job, "asked for twice, drawn once"
    assert until(jobs, job, over) == Status("done")
    middle, asked = load_run(folder).projections
    assert (middle.name, asked.name) == ("pca3_mean_1", "pca3_mean_2"), "and what it lies on"
    assert asked.points.shape == (40, 3)


def names(folder: Path) -> set[str]:
    """The maps that a stored run has."""
    return {projection.name for projection in load_run(folder).projections}


def test_expected_maps_are_drawn_while_nothing_else_is_to_be_done(
    jobs: Jobs, settings: Settings
) -> None:
    run = jobs.start_run(sentences(40), settings)
    folder = jobs.run_folder(run)
    until(jobs, run, over)
    jobs.expect_maps(folder, [("pca", 2, 1, "mean"), ("pca", 2, 2, "mean")])
    job = f"{run}/pca2_mean_2"
    deadline = time.monotonic() + 60
    while jobs.status(job) != Status("done") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert names(folder) == {"pca2_mean_1", "pca2_mean_2"}
    before = (folder / "projections" / "pca2_mean_2.parquet").stat().st_mtime_ns
    assert jobs.start_map(folder, "pca", 2, 2, "mean") == job
    jobs.expect_maps(folder, [("pca", 2, 2, "mean")])
    until(jobs, jobs.start_map(folder, "pca", 2, 0, "mean"), over)
    assert (folder / "projections" / "pca2_mean_2.parquet").stat().st_mtime_ns == before


def test_expected_maps_give_way_and_can_be_asked_for_later(jobs: Jobs, settings: Settings) -> None:
    run = jobs.start_run(sentences(400), settings)
    folder = jobs.run_folder(run)
    until(jobs, run, over)
    jobs.expect_maps(folder, [("umap", 3, 2, "mean"), ("umap", 3, 1, "mean")])
    ahead = f"{run}/umap3_mean_2"
    deadline = time.monotonic() + 60
    while jobs.status(ahead) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    urgent = jobs.start_run(sentences(40), settings)
    jobs.expect_maps(folder, [])
    assert until(jobs, urgent, over) == Status("done")
    assert jobs.status(ahead) is None, "as if it had never been begun"
    assert names(folder) == set()
    assert until(jobs, jobs.start_map(folder, "umap", 3, 2, "mean"), over) == Status("done")
    assert names(folder) == {"umap3_mean_1", "umap3_mean_2"}


def test_what_a_person_can_put_right_is_said(jobs: Jobs, settings: Settings) -> None:
    one_class = Sentences(texts=("a good film", "a bad film"), labels=("x", "x"))
    run = jobs.start_run(one_class, settings)
    status = until(jobs, run, over)
    assert status.state == "failed"
    assert "nothing to tell apart" in status.message
    assert not jobs.run_folder(run).exists()


def test_one_waits_while_another_runs_and_can_be_cancelled(jobs: Jobs, settings: Settings) -> None:
    first = jobs.start_run(sentences(3_000), settings)
    second = jobs.start_run(sentences(40), settings)
    until(jobs, first, lambda s: s.state == "running" and s.stage == "encode")
    waiting = jobs.status(second)
    assert waiting is not None
    assert (waiting.state, waiting.ahead) == ("waiting", 1)
    jobs.cancel(second)
    assert until(jobs, second, over).state == "cancelled"
    jobs.cancel(first)
    assert until(jobs, first, over).state == "cancelled"
    for run in (first, second):
        assert not jobs.run_folder(run).exists()
    assert not list((jobs.home / "runs").glob(".*")), "half a run stays behind"


def test_a_killed_worker_costs_its_run_only(jobs: Jobs, settings: Settings) -> None:
    lost = jobs.start_run(sentences(3_000), settings)
    next_one = jobs.start_run(sentences(40), settings)
    until(jobs, lost, lambda s: s.stage == "encode")
    worker = jobs.worker_pid
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    status = until(jobs, lost, over)
    assert status.state == "failed"
    assert "ended unexpectedly" in status.message
    assert not list((jobs.home / "runs").glob(".*")), "half a run stays behind"
    assert until(jobs, next_one, over).state == "done"


def test_nothing_is_known_of_a_job_that_never_was(jobs: Jobs) -> None:
    assert jobs.status("0" * 32) is None


def test_a_stored_run_is_explored_once_and_a_sentence_looked_at(
    jobs: Jobs, settings: Settings
) -> None:
    run = jobs.start_run(sentences(40), settings)
    until(jobs, run, over)
    folder = jobs.run_folder(run)
    job = jobs.start_inside(folder)
    assert jobs.start_inside(folder) == job
    assert until(jobs, job, over) == Status("done")
    found = shelf.load(folder)
    assert found is not None
    assert found.complete
    text = "the film was never good"
    looked = until(jobs, jobs.start_look(folder, text), over)
    assert looked.result is not None
    assert shelf.look_from_json(looked.result).text == text
    assert text not in "".join(
        path.read_text(errors="ignore") for path in folder.rglob("*") if path.is_file()
    ), "a typed sentence is stored nowhere"


def test_a_sentence_is_placed_on_maps_of_any_layer(jobs: Jobs, settings: Settings) -> None:
    run = jobs.start_run(sentences(40), settings)
    until(jobs, run, over)
    folder = jobs.run_folder(run)
    stored = load_run(folder)
    text = stored.sentences.texts[3]
    until(jobs, jobs.start_place(folder, text, []), over)  # the run is at hand from now on
    until(jobs, jobs.start_map(folder, "pca", 3, 1, "mean"), over)
    found = until(jobs, jobs.start_place(folder, text, ["pca3_mean_1", "pca2_cls_9"]), over)
    assert found.result is not None
    assert list(found.result) == ["pca3_mean_1"], "also where the map is newer than the first look"
    map_ = next(p for p in load_run(folder).projections if p.name == "pca3_mean_1")
    np.testing.assert_allclose(found.result["pca3_mean_1"], map_.points[3], atol=1e-4)


def test_of_many_looks_the_last_are_kept(
    jobs: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = jobs.start_run(sentences(40), settings)
    until(jobs, run, over)
    monkeypatch.setattr("dashboard.status.LOOKS", 2)
    looks = [jobs.start_look(jobs.run_folder(run), f"film number {i}") for i in range(4)]
    until(jobs, looks[-1], over)
    assert [jobs.status(look) is None for look in looks] == [True, True, False, False]


def test_a_blank_sentence_is_refused(jobs: Jobs, settings: Settings) -> None:
    run = jobs.start_run(sentences(40), settings)
    until(jobs, run, over)
    status = until(jobs, jobs.start_look(jobs.run_folder(run), "  "), over)
    assert status.state == "failed"
    assert "no sentence" in status.message


# ---- how many may wait


@pytest.fixture
def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """A queue that lets six wait, and nobody who works."""
    monkeypatch.setenv("PROBING_QUEUE", "6")
    queue = Jobs(tmp_path, desks=0)
    yield queue
    queue.close()


@pytest.mark.parametrize("kind", ["map", "look", "inside"])
def test_hundreds_of_maps_or_looks_are_refused_and_leave_room_for_others(
    idle: Jobs, settings: Settings, kind: str
) -> None:
    def ask(i: int, visitor: str) -> str:
        folder = idle.run_folder(f"{i if kind == 'inside' else 0:032x}")
        if kind == "map":
            return idle.start_map(folder, "umap", 2, i, "cls", visitor)
        if kind == "look":
            return idle.start_look(folder, f"sentence {i}", visitor)
        return idle.start_inside(folder, visitor)

    taken = [ask(i, "greedy") for i in range(3)]
    for i in range(300):
        if i < 3:
            assert ask(i, "greedy") == taken[i], "what waits already can be asked for again"
            continue
        with pytest.raises(SettingsError, match="3 jobs of yours wait already"):
            ask(i, "greedy")
    with pytest.raises(SettingsError, match="3 jobs of yours"):
        idle.start_run(sentences(4), settings, "greedy")
    assert idle.waiting == 3
    for i in range(3):
        ask(300 + i, f"somebody else {i}")
    with pytest.raises(SettingsError, match="6 jobs wait already, and this server lets 6 wait"):
        idle.start_run(sentences(4), settings, "the seventh")
    assert not (idle.home / "jobs").exists(), "of what is refused nothing is written"
    idle.cancel(taken[0])
    idle.start_run(sentences(4), settings, "the seventh")


def test_a_run_refused_at_the_last_moment_leaves_nothing(
    idle: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = idle.run_folder("0" * 32)
    monkeypatch.setattr(idle, "check_room", lambda visitor: None)
    for i in range(6):
        idle.start_map(folder, "umap", 2, i, "cls", f"visitor {i}")
    with pytest.raises(SettingsError, match="6 jobs wait"):
        idle.start_run(sentences(4), settings)
    assert not list((idle.home / "jobs").iterdir())


def test_maps_that_nobody_asked_for_take_up_no_room(idle: Jobs) -> None:
    folder = idle.run_folder("0" * 32)
    for i in range(100):
        idle.expect_maps(folder, [("umap", 2, i, "cls"), ("umap", 3, i, "cls")])
    assert idle.waiting == 0
    for i in range(6):
        idle.start_map(folder, "pca", 2, i, "cls", f"visitor {i}")
    idle.expect_maps(folder, [("umap", 2, 200, "cls")])  # as silently as before
    assert idle.waiting == 6


# ---- two workers


@pytest.mark.slow
def test_two_workers_work_at_once_and_alone(tmp_path: Path, settings: Settings) -> None:
    jobs = Jobs(tmp_path, desks=2, threads=1)
    try:
        asked = {jobs.start_run(sentences(n), settings, "ada"): n for n in (1_500, 1_498)}
        for run in asked:
            until(jobs, run, lambda status: status.stage is not None)
        lost, other = asked
        assert all(not status.over for run in asked if (status := jobs.status(run)))
        killed, left = jobs.worker_of(lost), jobs.worker_of(other)
        assert killed is not None
        assert left is not None
        assert killed != left
        waiting = [jobs.start_run(sentences(40), settings, name) for name in ("ada", "bob")]
        stands = [jobs.status(run) for run in waiting]
        assert [(s.state, s.ahead) for s in stands if s] == [("waiting", 3), ("waiting", 2)]
        os.kill(killed, signal.SIGKILL)
        assert "ended unexpectedly" in until(jobs, lost, over).message
        assert until(jobs, other, over) == Status("done")
        for run in waiting:
            assert until(jobs, run, over) == Status("done")
        alone = {n: probing.run(sentences(n), settings=settings) for n in (asked[other], 40)}
        for run, n in ((other, asked[other]), *((run, 40) for run in waiting)):
            stored = load_run(jobs.run_folder(run))
            pd.testing.assert_frame_equal(
                stored.table, alone[n].table, rtol=1e-3
            )  # threads round differently
    finally:
        jobs.close()
