"""The index of runs: whose they are, who may look, what goes when; time is made, not waited for."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import index, retention
from dashboard.index import BESIDE, Entry
from dashboard.library import DAY, DESCRIPTION, TITLE, Library, Rights, maker_of
from dashboard.visitors import new_id
from probing.environment import Limits
from probing.errors import RunFolderError

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = Limits(public=True, retention_days=30, store_gb=None)
ANNE, BERT = new_id(), new_id()
ALL = Rights(texts=True, change=True, compute=True)
A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


class Clock:
    """Seconds since 1970, as a test wants them."""

    def __init__(self) -> None:
        self.now = 2e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runs(tmp_path: Path, clock: Clock) -> Library:
    """A public installation's, empty."""
    return Library(tmp_path, PUBLIC, clock)


def made(runs: Library, run: str, visitor: str | None = ANNE, size: int = 10) -> Path:
    """A stored run of a visitor's; of nobody's where that is None."""
    if visitor is not None:
        runs.claim(run, visitor)
    folder = runs.folder(run)
    for name in ("run.json", "mechanism/inside.json", "projections/pca2_cls_1.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * (size if name == "run.json" else 1))
    return folder


def nothing(run: str) -> bool:
    """No run is known to the queue."""
    return False


def private(runs: Library) -> Library:
    return replace(runs, limits=Limits())


# ---- who may what


def test_until_it_is_shared_a_run_is_its_makers_alone(runs: Library) -> None:
    made(runs, A)
    assert runs.rights(A, ANNE) == ALL
    assert runs.rights(A, BERT) is None
    runs.change(A, ANNE, shared=True)
    assert runs.rights(A, BERT) == Rights(texts=True, change=False, compute=False)
    runs.change(A, ANNE, without_texts=True)
    assert runs.rights(A, BERT) == Rights(texts=False, change=False, compute=False)
    assert runs.rights(A, ANNE) == ALL
    runs.change(A, ANNE, shared=False)
    assert runs.rights(A, BERT) is None


def test_nobody_learns_whether_a_foreign_run_is_there(runs: Library) -> None:
    made(runs, A)
    made(runs, B)
    runs.delete(B, ANNE)
    for run in (A, B, C, "unknown", ""):
        assert runs.rights(run, BERT) is None
    said = set()
    for run in (A, B, C):
        for act in (
            lambda run: runs.delete(run, BERT),
            lambda run: runs.change(run, BERT, title="mine"),
            lambda run: runs.extend(run, BERT),
        ):
            with pytest.raises(RunFolderError, match="only the browser that made this run") as got:
                act(run)
            said.add(str(got.value))
    assert len(said) == 1
    assert runs.folder(A).is_dir()


def test_a_list_has_ones_own_runs_only(runs: Library, clock: Clock) -> None:
    for number, (run, visitor) in enumerate(((A, ANNE), (B, BERT), (C, ANNE), (D, None))):
        clock.now += number
        made(runs, run, visitor)
    runs.change(B, BERT, shared=True)
    assert [entry.id for entry in runs.of(ANNE)] == [C, A]
    assert [entry.id for entry in runs.of(BERT)] == [B]
    assert runs.of(new_id()) == ()


def test_shared_runs_are_only_looked_at(runs: Library) -> None:
    made(runs, A)
    runs.change(A, ANNE, shared=True)
    for act in (
        lambda: runs.delete(A, BERT),
        lambda: runs.change(A, BERT, title="mine"),
        lambda: runs.extend(A, BERT),
    ):
        with pytest.raises(RunFolderError):
            act()
    assert runs.entry(A) == replace(runs.entry(A) or Entry("", None, 0, 0, 0), title="")


def test_on_a_private_installation_every_run_opens_by_its_link(runs: Library) -> None:
    home = private(runs)
    made(home, A)
    made(home, B, None)
    assert home.rights(A, BERT) == Rights(texts=True, change=False, compute=True)
    assert home.rights(B, BERT) == ALL, "nobody's: whoever is here"
    assert home.rights(C, BERT) is None
    assert [entry.id for entry in home.of(BERT)] == [B]
    home.change(A, ANNE, without_texts=True)
    assert home.rights(A, BERT) == Rights(texts=False, change=False, compute=False)
    entry = home.entry(A)
    assert entry is not None
    assert entry.expires is None, "nothing expires where nobody said so"


def test_a_visitors_id_is_stored_nowhere(runs: Library) -> None:
    made(runs, A)
    runs.look(A)
    files = [path for path in runs.home.rglob("*") if path.is_file()]
    assert any(maker_of(ANNE).encode() in path.read_bytes() for path in files)
    assert not [path for path in files if ANNE.encode() in path.read_bytes()]


def test_a_title_is_as_long_as_it_may_be(runs: Library) -> None:
    made(runs, A)
    entry = runs.change(A, ANNE, title=" x" * 500, description="y" * 9_000)
    assert (len(entry.title), len(entry.description)) == (TITLE, DESCRIPTION)
    assert runs.entry(A) == entry


# ---- the index can be lost


def damage(home: Path, how: str) -> None:
    path = home / index.NAME
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "noise":
        path.write_bytes(bytes(range(256)) * 64)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:5_000])
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE runs")


@pytest.mark.parametrize("how", ["missing", "empty", "noise", "cut", "no table"])
def test_a_lost_index_is_made_again_from_the_folders(how: str, runs: Library) -> None:
    made(runs, A)
    made(runs, B)
    made(runs, C, None)
    runs.look(A)
    runs.look(B)
    runs.change(A, ANNE, title="first", shared=True, without_texts=True)
    before = runs.entry(A)
    damage(runs.home, how)
    after = runs.entry(A)
    assert before is not None
    assert after is not None
    assert replace(after, viewed=before.viewed) == before, "the folders say whose they are"
    assert runs.rights(A, BERT) == Rights(texts=False, change=False, compute=False)
    assert runs.rights(B, BERT) is None, "and what is not shared"
    nobody = runs.rights(C, BERT)
    assert nobody == Rights(texts=True, change=False, compute=False), "nobody's opens by link"
    assert {entry.id for entry in runs.of(ANNE)} == {A, B}
    assert all(runs.folder(run).is_dir() for run in (A, B, C)), "no run is lost"


def test_a_file_of_access_that_is_nonsense_is_nobodys(runs: Library) -> None:
    for number, text in enumerate(("", "[]", "{", '{"maker": 1}', "\udcff")):
        run = f"{number}" * 32
        made(runs, run, None)
        (runs.folder(run) / BESIDE).write_bytes(text.encode("utf-8", "surrogateescape"))
        entry = runs.entry(run)
        assert entry is not None
        assert entry.maker is None


def test_a_newer_index_is_refused_and_left_as_it_is(runs: Library) -> None:
    made(runs, A)
    with closing(sqlite3.connect(runs.home / index.NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(RunFolderError, match=r"newer version \(schema 99.*Update CLS Probe"):
        runs.entry(A)
    with closing(sqlite3.connect(runs.home / index.NAME)) as connection:
        assert connection.execute("SELECT id FROM runs").fetchall() == [(A,)]


def test_an_older_index_is_migrated(runs: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made(runs, A)
    more = (*index.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN colour TEXT DEFAULT 'red'",))
    monkeypatch.setattr(index, "MIGRATIONS", more)
    assert runs.rights(A, ANNE) == ALL
    with closing(sqlite3.connect(runs.home / index.NAME)) as connection:
        assert connection.execute("SELECT colour FROM runs").fetchall() == [("red",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    monkeypatch.undo()
    with pytest.raises(RunFolderError, match="newer version"):
        runs.entry(A)


def test_a_store_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot use its index of runs .*set PROBING_HOME"):
        Library(tmp_path / "file" / "home", PUBLIC).entry(A)
    (tmp_path / "folder" / index.NAME).mkdir(parents=True)
    with pytest.raises(RunFolderError, match="cannot use its index"):
        Library(tmp_path / "folder", PUBLIC).entry(A)


WRITER = """
import sys
from pathlib import Path
from dashboard.library import Library
from probing.environment import Limits
runs = Library(Path(sys.argv[1]), Limits(public=True))
sys.stdin.readline()
for number in range(60):
    run = f"{sys.argv[2]}{number:031x}"
    runs.claim(run, sys.argv[2])
    runs.change(run, sys.argv[2], title=str(number))
assert len(runs.of(sys.argv[2])) == 60
"""


def test_two_processes_write_at_once(runs: Library) -> None:
    (runs.home / index.NAME).write_bytes(b"not an index" * 1_000)  # both find it damaged
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(runs.home), letter], cwd=ROOT, stdin=subprocess.PIPE
        )
        for letter in "ef"
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    assert [writer.wait(120) for writer in writers] == [0, 0]
    for letter in "ef":
        titles = [entry.title for entry in runs.of(letter)]
        assert sorted(titles, key=int) == [str(number) for number in range(60)]


# ---- what goes by itself


def test_delete_now_means_that_the_files_are_gone(runs: Library) -> None:
    mine, other = made(runs, A), made(runs, B)
    runs.delete(A, ANNE)
    assert not mine.exists()
    assert not [path for path in runs.home.rglob("*") if A in path.name]
    assert (other / "mechanism" / "inside.json").exists()
    assert runs.entry(A) is None
    assert runs.of(ANNE) == tuple(entry for entry in runs.of(ANNE) if entry.id == B)
    with pytest.raises(RunFolderError):
        runs.delete(A, ANNE)


def test_a_deleted_run_that_is_stored_after_all_goes_again(runs: Library) -> None:
    runs.claim(A, ANNE)
    runs.delete(A, ANNE)  # while it computes
    folder = made(runs, A, None)  # the job was not quick enough to stop
    assert runs.rights(A, ANNE) is None
    assert runs.rights(A, BERT) is None
    retention.tidy(runs, nothing)
    assert not folder.exists()


def test_a_run_past_its_time_goes(runs: Library, clock: Clock) -> None:
    folders = [made(runs, run) for run in (A, B, C, D)]
    clock.now += 29 * DAY
    runs.extend(B, ANNE)
    clock.now += 1 * DAY + 1
    runs.look(C)
    assert retention.tidy(runs, lambda run: run == D) == (A,), "B extended, C seen, D computes"
    assert [folder.exists() for folder in folders] == [False, True, True, True]
    assert runs.rights(A, ANNE) is None
    clock.now += 601
    assert retention.tidy(runs, nothing) == (C, D)
    clock.now += 29 * DAY
    assert retention.tidy(runs, nothing) == (B,)


def test_nobodys_runs_do_not_stay_for_ever(runs: Library, clock: Clock) -> None:
    home = private(runs)
    made(home, A, None)
    made(home, B)
    assert retention.tidy(home, nothing) == ()
    clock.now += 365 * DAY
    assert retention.tidy(home, nothing) == (), "on a private installation they do"
    assert retention.tidy(runs, nothing) == ()
    clock.now += 31 * DAY
    assert retention.tidy(runs, nothing) == (A, B)


def test_runs_that_nobody_looked_at_for_longest_go_first(runs: Library, clock: Clock) -> None:
    full = replace(runs, limits=replace(PUBLIC, store_gb=0.002))
    for run in (A, B, C, D):
        clock.now += 1_000
        made(runs, run, size=900_000)
    clock.now += 1_000
    runs.look(A)
    clock.now += 1_000
    assert retention.tidy(full, lambda run: run == B) == (C, D), "A seen since, B computes"
    assert {path.name for path in index.run_folders(runs.home)} == {A, B}
    for run in ("e" * 32, "f" * 32):
        made(runs, run, size=900_000)
    assert retention.tidy(full, lambda run: run == B) == (A,), "those made now stay"


def test_runs_looked_at_now_stay_even_in_a_full_store(runs: Library, clock: Clock) -> None:
    full = replace(runs, limits=replace(PUBLIC, store_gb=0.001))
    for run in (A, B):
        made(runs, run, size=900_000)
    clock.now += 700
    runs.look(A)
    runs.look(B)
    assert retention.tidy(full, nothing) == ()


def test_leftovers_of_a_killed_server_go(runs: Library) -> None:
    kept = made(runs, A)
    jobs = runs.home / "jobs"
    jobs.mkdir()
    leftovers = [
        runs.home / "runs" / f".{B}.partial-01ab",
        runs.home / "runs" / f".{C}.deleted-01ab",
    ]
    for path in leftovers:
        (path / "projections").mkdir(parents=True)
    inputs = [jobs / f"{run}.parquet" for run in (B, C)]
    others = [jobs / "queue.json", runs.home / "runs" / ".notes", runs.home / "vectors"]
    for path in (*inputs, *others):
        path.write_text("x")
    retention.clean(runs, lambda run: run == C)
    assert [path.exists() for path in leftovers] == [False, True], "C waits in the queue"
    assert [path.exists() for path in inputs] == [False, True]
    assert all(path.exists() for path in others)
    assert kept.is_dir()


OTHER = """
import sys
from pathlib import Path
from dashboard.retention import alone
print(alone(Path(sys.argv[1])), flush=True)
sys.stdin.readline()
"""


def test_leftovers_may_be_another_servers(runs: Library, clock: Clock) -> None:
    leftover = runs.home / "runs" / f".{B}.partial-01ab"
    leftover.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(runs.home)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        clock.now = leftover.stat().st_mtime + 3_600
        retention.clean(runs, nothing)
        assert leftover.exists(), "of an hour ago, and somebody else is here"
        clock.now += DAY
        retention.clean(runs, nothing)
        assert not leftover.exists()
        other.communicate("\n")


def test_entries_of_runs_that_failed_are_forgotten(runs: Library, clock: Clock) -> None:
    runs.claim(A, ANNE)
    runs.claim(B, ANNE)
    made(runs, C)
    clock.now += DAY + 1
    retention.tidy(runs, lambda run: run == B)
    assert {entry.id for entry in runs.of(ANNE)} == {B, C}
