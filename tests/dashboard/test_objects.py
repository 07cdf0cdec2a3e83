"""Equal vectors of two runs take the disk once, and each run stays whole by itself."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard import metrics, objects, retention
from dashboard.library import Library
from dashboard.visitors import new_id
from probing.environment import Limits
from probing.errors import RunFolderError

PUBLIC = Limits(public=True, store_gb=None)
ANNE, BERT = new_id(), new_id()
A, B, C = ("a" * 32, "b" * 32, "c" * 32)
SIZE = 300_000


@pytest.fixture
def runs(tmp_path: Path) -> Library:
    return Library(tmp_path, PUBLIC, lambda: 2e9)


def made(runs: Library, run: str, content: bytes = b"x", visitor: str = ANNE) -> Path:
    """A stored run of two files of vectors; gives the first."""
    runs.claim(run, visitor)
    folder = runs.folder(run)
    (folder / "representations").mkdir(parents=True)
    (folder / "run.json").write_bytes(b"{}")
    (folder / "representations" / "mean.npy").write_bytes(run.encode())
    path = folder / "representations" / "cls.npy"
    path.write_bytes(content * SIZE)
    return path


def taken(home: Path) -> int:
    """Bytes that all below a folder takes on the disk."""
    inodes = {p.stat().st_ino: p.stat().st_size for p in home.rglob("*") if p.is_file()}
    return sum(inodes.values())


def nobody(run: str) -> bool:
    return False


def test_two_runs_of_the_same_vectors_take_them_once(runs: Library) -> None:
    first, second = made(runs, A), made(runs, B, visitor=BERT)
    other = made(runs, C, b"y")
    before, modes = taken(runs.home / "runs"), [p.stat().st_mode for p in (first, second)]
    retention.tidy(runs, nobody)
    assert first.samefile(second)
    assert not first.samefile(other)
    assert before - taken(runs.home / "runs") == pytest.approx(SIZE, abs=5_000)
    assert [p.stat().st_mode for p in (first, second)] == modes
    assert second.read_bytes() == b"x" * SIZE
    assert not list((runs.home / "runs").rglob("representations/.*"))


def test_a_deleted_runs_vectors_go_with_the_last_who_has_them(runs: Library) -> None:
    first, second = made(runs, A), made(runs, B, visitor=BERT)
    objects.share(runs.home)
    kept = first.stat().st_ino
    runs.delete(A, ANNE)
    assert second.read_bytes() == b"x" * SIZE
    assert kept in {p.stat().st_ino for p in (runs.home / objects.NAME).iterdir()}
    runs.delete(B, BERT)
    assert not list((runs.home / objects.NAME).iterdir()), "delete now means that they are gone"


def test_who_reads_a_run_while_it_is_shared_goes_on_reading(runs: Library) -> None:
    first, second = made(runs, A), made(runs, B)
    for path in (first, second):
        np.save(path, np.arange(1_000.0))
    mapped = np.load(second, mmap_mode="r")
    objects.share(runs.home)
    assert first.samefile(second)
    assert mapped.sum() == np.load(second, mmap_mode="r").sum() == 499_500


def test_a_damaged_object_is_given_to_no_other_run(runs: Library) -> None:
    first = made(runs, A)
    objects.share(runs.home)
    with first.open("r+b") as file:
        file.write(b"rot")
    second = made(runs, B)
    objects.share(runs.home)
    assert second.read_bytes() == b"x" * SIZE
    third = made(runs, C)
    objects.share(runs.home)
    assert third.samefile(second)


def test_without_hard_links_each_run_keeps_its_own(
    runs: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = made(runs, A), made(runs, B)

    def refuses(*arguments: object, **options: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", refuses)
    objects.share(runs.home)
    assert not first.samefile(second)
    assert first.read_bytes() == second.read_bytes() == b"x" * SIZE


def test_a_link_that_a_killed_server_left_goes(runs: Library) -> None:
    first, second = made(runs, A), made(runs, B)
    left = second.with_name(".cls.npy.0123abcd")
    left.hardlink_to(first)
    objects.share(runs.home)
    assert not left.exists()
    objects.share(runs.home)
    assert first.samefile(second)


def test_another_server_may_do_the_same_at_once(
    runs: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the link: the file has become the object already."""
    first, digest = made(runs, A), objects._digest

    def raced(path: Path) -> str:
        found = digest(path)
        if path == first and path.stat().st_nlink == 1:
            (runs.home / objects.NAME / f"{found}.npy").hardlink_to(path)
        return found

    monkeypatch.setattr(objects, "_digest", raced)
    objects.share(runs.home)
    assert sorted(p.name for p in first.parent.iterdir()) == ["cls.npy", "mean.npy"]
    assert first.stat().st_nlink == 2


def test_what_is_shared_counts_once(runs: Library) -> None:
    made(runs, A)
    made(runs, B)
    objects.share(runs.home)
    assert SIZE < metrics.stored_bytes(runs.home) < 1.1 * SIZE
    both = objects.shared(runs.folder(run) for run in (A, B))
    assert SIZE < both.size < 1.1 * SIZE
    assert both.remove(A) < SIZE / 10, "the other still has it"
    assert both.remove(B) > SIZE


def test_a_full_store_counts_what_goes(runs: Library) -> None:
    """Deleting one of two that share frees next to nothing: both have to go."""
    for number, run in enumerate((A, B, C)):
        made(replace(runs, clock=lambda n=number: 1e9 + n), run, b"y" if run == C else b"x")
    objects.share(runs.home)
    full = replace(runs, limits=Limits(store_gb=1.5 * SIZE / 1e9))
    assert retention.tidy(full, nobody) == (A, B)
    assert runs.folder(C).is_dir()
    assert taken(runs.home / objects.NAME) < 1.1 * SIZE


def test_a_run_that_vanishes_meanwhile_is_no_error(
    runs: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(runs, A)
    digest = objects._digest

    def gone(asked: Path) -> str:
        found = digest(asked)
        if asked == path:
            runs.remove(A)
        return found

    monkeypatch.setattr(objects, "_digest", gone)
    objects.share(runs.home)
    assert not list((runs.home / objects.NAME).iterdir())
    with pytest.raises(RunFolderError):
        runs.change(A, ANNE, title="x")
