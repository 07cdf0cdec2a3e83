"""The command line as a person meets it: a process of its own, its streams and exit status."""

import csv
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from probing.store import load_run
from tests.conftest import Finished, Toy

Command = Callable[..., Finished]
Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    coarse: Callable[[], AbstractContextManager[None]],
) -> Main:
    """The command line in this process and an empty folder: status, stdout, stderr."""
    from probing.cli import main

    monkeypatch.chdir(tmp_path)

    def start(*arguments: str | Path) -> tuple[int, str, str]:
        try:
            with coarse():
                status = main([str(part) for part in arguments])
        except SystemExit as end:  # of --help
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return start


@pytest.fixture
def reviews(tmp_path: Path, toy: Toy) -> Path:
    path = tmp_path / "reviews.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "kind"])
        writer.writerows(zip(*toy, strict=True))
    return path


@pytest.fixture
def quick(checkpoint: Callable[..., Path]) -> list[str]:
    """Arguments for a run of a second or so."""
    return ["--encoder", str(checkpoint(layers=1)), "--poolings", "cls,mean", "--maps", "none"]


def test_a_run(command: Command, reviews: Path, quick: list[str], tmp_path: Path) -> None:
    done = command(["run", reviews, *quick, "--out", "result"])
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:5] == ["layer", "pooling", "accuracy", "ci_low", "ci_high"]
    cells = [line.split() for line in lines[1:5]]
    assert [cell[:2] for cell in cells] == [
        [str(layer), pooling] for pooling in ("cls", "mean") for layer in range(2)
    ]
    run = load_run(tmp_path / "result")
    for cell, probe in zip(cells, run.probes, strict=True):
        assert float(cell[2]) == pytest.approx(probe.accuracy, abs=5e-4)
        assert float(cell[3]) == pytest.approx(probe.ci_low, abs=5e-4)
    assert cells[0][5:] == [*["–"] * 7, "60", "constant"]
    assert lines[5].startswith("majority baseline (pos): 0.400 [")
    assert "n = 60; 5-fold cross-validation" in lines[5]
    names = [line.split()[0] for line in lines[5:9]]
    assert names == ["majority", "length", "tfidf", "embeddings"]
    assert " ".join(lines[10:]) == run.record["verdict"]["text"]
    for words in (
        "60 of 60 rows; text review, label kind, split –",
        "Loading the encoder",
        "Encoding sentences: 60/60",
        "Fitting probes: 4/4",
        "run folder: result",
    ):
        assert words in done.stderr
    assert (tmp_path / "result" / "report.html").exists()


def test_quiet_is_silent(command: Command, reviews: Path, quick: list[str]) -> None:
    done = command(["run", reviews, *quick, "--quiet", "--slim", "--label", "none"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no labels: no probes; geometry and maps are in the run's folder\n"


def test_the_default_folder_is_below_runs(here: Main, reviews: Path, quick: list[str]) -> None:
    status, out, err = here("run", reviews, *quick, "--label", "none")
    assert (status, bool(out)) == (0, True)
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("reviews-")
    assert f"run folder: {folder}" in err
    assert len(load_run(folder).sentences) == 60


def test_help_names_every_documented_option(here: Main) -> None:
    status, out, _ = here("run", "--help")
    assert status == 0
    for option in ("--text", "--label", "--split", "--encoder", "--poolings", "--folds", "--seed",
                   "--out", "--quiet"):  # fmt: skip
        assert option in out
    assert "130" in out
    assert here("--help")[0] == 0


BAD: dict[str, tuple[list[str], str]] = {
    "no command": ([], "required: COMMAND"),
    "unknown command": (["walk"], "invalid choice: 'walk'"),
    "no file": (["run"], "required: CSV"),
    "missing file": (["run", "nowhere.csv"], "there is no file nowhere.csv"),
    "folder": (["run", "."], "is a folder"),
    "empty file": (["run", "empty.csv"], "empty"),
    "text column": (["run", "CSV", "--text", "txt"], "column 'txt' is not in reviews.csv; it has"),
    "label column": (["run", "CSV", "--label", "lbl"], "column 'lbl' is not in reviews.csv"),
    "split column": (["run", "CSV", "--split", "kind"], "column 'kind' of reviews.csv is no split"),
    "pooling": (["run", "CSV", "--poolings", "cls,max"], "poolings is cls,max; choose"),
    "no pooling": (["run", "CSV", "--poolings", ","], "poolings is nothing; choose"),
    "one fold": (["run", "CSV", "--folds", "1"], "folds is 1; it must be between 2 and 20"),
    "folds in words": (["run", "CSV", "--folds", "five"], "--folds: invalid int value: 'five'"),
    "seed": (["run", "CSV", "--seed", "-1"], "seed is -1"),
    "maps": (["run", "CSV", "--maps", "some"], "--maps: invalid choice: 'some'"),
    "encoder": (["run", "CSV", "--encoder", "./nowhere"], "nowhere"),
    "out is a file": (["run", "CSV", "--out", "reviews.csv"], "reviews.csv is a file"),
    "out is full": (["run", "CSV", "--out", "."], "exists and is not empty"),
    "unknown option": (["run", "CSV", "--epochs", "3"], "unrecognized arguments: --epochs 3"),
    "one class": (["run", "one.csv", "--label", "kind"], "nothing to tell apart"),
    "bytes": (["run", "picture.csv"], "picture.csv"),
    "export nothing": (["export", "nowhere", "a.zip"], "nowhere holds no finished run"),
    "export without a name": (["export", "nowhere"], "required: ZIP. See python -m probing export"),
    "import nothing": (["import", "nowhere.zip"], "there is no file nowhere.zip. Name a zip"),
    "import a folder": (["import", "."], "cannot be read (Is a directory)"),
    "import a table": (["import", "CSV"], "it is damaged, or no zip file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_2(case: str, here: Main, reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "one.csv").write_text("text,kind\n" + "some words,a\nother words,a\n" * 5)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    arguments, words = BAD[case]
    status, out, err = here(*[str(reviews) if part == "CSV" else part for part in arguments])
    assert (status, out) == (2, "")
    error = err.splitlines()[-1]
    assert error.startswith("error: ")
    assert words in error
    assert err.count("error:") == 1
    assert not (tmp_path / "runs").exists()


def test_bad_input_in_a_process_of_its_own(command: Command, reviews: Path) -> None:
    done = command(["run", reviews, "--text", "txt"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: column 'txt' is not in reviews.csv; it has: review, kind. Name one with --text."
    ]


def test_a_reader_that_goes_away_is_no_error(
    environment: dict[str, str], reviews: Path, quick: list[str], tmp_path: Path
) -> None:
    """``… | head -0``: the pipe is closed before the table comes."""
    arguments = [sys.executable, "-m", "probing", "run", str(reviews), *quick, "--label", "none"]
    process = subprocess.Popen(
        arguments,
        cwd=tmp_path,
        env={**environment, "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read()
    process.stderr.close()
    status = process.wait(timeout=120)
    assert "BrokenPipe" not in error
    assert "Traceback" not in error
    assert status == 0


def test_a_narrow_character_set_is_no_error(
    command: Command, tmp_path: Path, toy: Toy, quick: list[str]
) -> None:
    """A terminal without the dash and the class name's letters shows something in their place."""
    names = {"pos": "ดี", "neg": "แย่", "mid": "—"}
    lines = [f"{text},{names[label]}" for text, label in zip(*toy, strict=True)]
    (tmp_path / "thai.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    arguments = ["run", "thai.csv", *quick, "--poolings", "cls", "--out", "result"]
    done = command(arguments, PYTHONIOENCODING="ascii")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
    assert "majority baseline" in done.stdout


# ---- interrupted

START = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('probing', run_name='__main__', alter_sys=True)"
)


@contextmanager
def running(
    reviews: Path, environment: dict[str, str], encoder: Path, until: str
) -> Iterator[subprocess.Popen[str]]:
    """A long run that has just written ``until`` to its progress."""
    arguments = ["run", str(reviews), "--encoder", str(encoder), "--out", "result"]
    arguments += ["--poolings", "cls,pooled,mean,mean_words", "--folds", "20", "--maps", "all"]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        cwd=reviews.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith(until):
                break
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("until", ["Loading the encoder", "Fitting probes"])
def test_ctrl_c_leaves_nothing(
    until: str, reviews: Path, environment: dict[str, str], checkpoint: Callable[..., Path]
) -> None:
    with running(reviews, environment, checkpoint(), until) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "interrupted; nothing was written"
    assert "Traceback" not in err
    assert [p.name for p in reviews.parent.iterdir()] == ["reviews.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_nothing_looks_finished(
    reviews: Path, environment: dict[str, str], checkpoint: Callable[..., Path]
) -> None:
    with running(reviews, environment, checkpoint(), "Fitting probes") as process:
        process.kill()
        assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (reviews.parent / "result").exists()
    assert list(reviews.parent.rglob("run.json")) == []
    assert [p for p in reviews.parent.iterdir() if not p.name.startswith(".")] == [reviews]


def test_labels_that_look_like_numbers_or_nothing(
    here: Main, tmp_path: Path, toy: Toy, quick: list[str]
) -> None:
    numbers = {"pos": "007", "neg": "NA", "mid": "null"}
    lines = [f"{text};{numbers[label]}" for text, label in zip(*toy, strict=True)]
    (tmp_path / "odd.csv").write_text("\n".join(["text;label", *lines]), encoding="utf-8")
    status, out, _ = here("run", "odd.csv", *quick, "--poolings", "mean", "--out", "r", "--quiet")
    assert status == 0
    assert "majority baseline (007)" in out
    assert load_run(tmp_path / "r").sentences.classes == ("007", "NA", "null")


def test_a_run_goes_out_and_comes_back(here: Main, stored: Path, tmp_path: Path) -> None:
    assert here("export", stored, "run.zip") == (0, "run.zip\n", "")
    status, out, _ = here("import", "run.zip", "--out", "back")
    assert (status, out) == (0, "back\n")
    old, new = load_run(stored), load_run(tmp_path / "back")
    assert new.sentences.texts == old.sentences.texts
    assert new.table.equals(old.table)
    assert new.id != old.id
    assert new.representations is None
    status, _, err = here("export", stored, "run.zip")
    assert (status, err) == (2, "error: run.zip exists. Name a new file.\n")
    status, _, err = here("import", "run.zip", "--out", "back")
    assert status == 2
    assert "back exists and is not empty" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "run.zip"]


def test_a_run_goes_out_without_its_sentences_or_with_its_vectors(
    here: Main, stored: Path, tmp_path: Path
) -> None:
    for option in ("--without-sentences", "--representations"):
        assert here("export", stored, f"{option[2:]}.zip", option)[0] == 0
    with zipfile.ZipFile(tmp_path / "without-sentences.zip") as slim:
        assert not {name for name in slim.namelist() if name.startswith("representations/")}
    assert here("import", "without-sentences.zip", "--out", "slim")[0] == 0
    assert not set(load_run(stored).sentences.texts) & set(load_run("slim").sentences.texts)
    assert here("import", "representations.zip", "--out", "whole")[0] == 0
    assert load_run("whole").representations is not None
    both = here("export", stored, "x.zip", "--without-sentences", "--representations")
    assert both[0] == 2
    assert not (tmp_path / "x.zip").exists()


def test_an_imported_run_lies_below_runs_by_default(here: Main, stored: Path) -> None:
    here("export", stored, "reviews.zip")
    status, out, _ = here("import", "reviews.zip")
    (folder,) = Path("runs").iterdir()
    assert (status, out) == (0, f"{folder}\n")
    assert folder.name.startswith("reviews-")


def test_a_zip_that_cannot_be_written_is_said(here: Main, stored: Path, tmp_path: Path) -> None:
    status, out, err = here("export", stored, "nowhere/run.zip")
    assert (status, out) == (2, "")
    assert "cannot be written (No such file or directory)" in err
    assert not list(tmp_path.iterdir())
