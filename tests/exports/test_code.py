"""A run as code: executed in a fresh process, it gives the same scores."""

import argparse
import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

import probing
from probing import cli
from probing.errors import SettingsError
from probing.exports import code
from probing.hiding import hide_run
from probing.record import Run
from probing.settings import Settings
from tests.conftest import Toy

NASTY = (
    '=HYPERLINK("http://a.example","x")',
    "@SUM(1;1)\r\n=1+1",
    "'quoted' \"twice\"",
    "-- the film, it was good;",
    "tab\there\u2028and",
)


@pytest.fixture(scope="module")
def run(
    toy: Toy, checkpoint: Callable[..., Path], coarse: Callable[[], AbstractContextManager[None]]
) -> Run:
    """A run on classes that are numbers, with texts and a name that want to be code."""
    texts, labels = list(toy[0]), ["-1" if label == "neg" else "=a" for label in toy[1]]
    texts[: len(NASTY)] = NASTY
    found = probing.Sentences(
        tuple(texts), tuple(labels), ("train", "train", "test") * 20, tuple(range(5, 65))
    )
    found = replace(found, beside={'"""\n{x}': ("=1", "'@", "", "x\n") * 15, "text": tuple(labels)})
    source = replace(found.source, name='x"""\nimport os\n# \\.csv')
    with coarse():
        return probing.run(
            replace(found, source=source),
            encoder=str(checkpoint(layers=1)),
            poolings=("cls", "mean"),
            maps="none",
        )


def ran(text: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    (folder / "reproduce.py").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "reproduce.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_sentences_come_back_as_they_were(run: Run, tmp_path: Path) -> None:
    code.write_sentences(run, tmp_path / code.SENTENCES)
    with (tmp_path / code.SENTENCES).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            assert all(cell[:1] not in ("=", "@", "+") for cell in row.values())
    found: dict[str, Any] = {}
    script = code.script(run)
    start = script.index("HERE ="), script.index("run = probing.run(")
    lines = script[start[0] : start[1]].replace("__file__", repr(str(tmp_path / "x.py")))
    exec(script[script.index("import csv") : start[0]] + lines, found)
    again = found["sentences"]
    assert again.fingerprint == run.sentences.fingerprint
    assert again.rows == run.sentences.rows
    assert again.beside == run.sentences.beside != {}
    assert set(NASTY) <= set(again.texts)


def test_the_script_makes_the_same_run(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    # the fixture's probes stop early: what is compared is a run that stops when it should
    whole = probing.run(run.sentences, **json.loads(json.dumps(chosen(run))))
    code.write_sentences(whole, tmp_path / code.SENTENCES)
    whole.table.to_csv(tmp_path / "probes.csv", index=False)
    done = ran(code.script(whole), tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("largest difference of a score: 0.0")
    assert len([line for line in done.stdout.splitlines() if " mean " in line]) == 2


def chosen(run: Run) -> dict[str, Any]:
    """The settings of a run, as somebody would give them."""
    kept = run.record["settings"]
    return {name: kept[name] for name in ("encoder", "poolings", "maps", "seed", "folds")}


def test_the_notebooks_cells_run(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    coarse: Callable[[], AbstractContextManager[None]],
) -> None:
    code.write_sentences(run, tmp_path / code.SENTENCES)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    with coarse():
        for cell in json.loads(code.notebook(run))["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), found)
    assert found["run"].table["accuracy"].tolist() == run.table["accuracy"].tolist()


def test_the_notebook_is_one(run: Run) -> None:
    content = nbformat.reads(code.notebook(run), as_version=4)
    nbformat.validate(content)
    kinds = [cell.cell_type for cell in content.cells]
    assert kinds[0] == "markdown"
    assert kinds.count("code") == 6
    assert "import os" not in content.cells[0].source


def test_a_name_stays_within_its_comment(run: Run) -> None:
    lines = code.script(run).splitlines()
    (line,) = (line for line in lines if "import os" in line)
    assert line.startswith('# data: x""" import os # \\.csv, 60 of')
    compile(code.script(run), "reproduce.py", "exec")


@pytest.mark.parametrize("depth", ["quick", "full"])
def test_every_setting_is_there(run: Run, depth: str) -> None:
    settings = Settings(
        encoder="a/'b",
        poolings=("mean",),
        folds=3,
        seed=7,
        maps="all",
        depth=depth,  # type: ignore[arg-type]
    )
    hub = {**run.record["encoder"], "source": "hub", "revision": "abc"}
    record = {**run.record, "settings": settings.to_json(), "encoder": hub}
    text = code.script(replace(run, record=record))
    call = text[text.index("run = probing.run(") : text.index("print(run.table")]
    found: dict[str, Any] = {}
    exec(f"class probing:\n  run = lambda *a, **k: k\nsentences = None\n{call}", found)
    kept = settings.to_json()
    assert found["run"] == {
        **kept, "poolings": ("mean",), "target": "classes", "revision": "abc"
    }  # fmt: skip


def test_a_run_without_its_sentences_is_not_made_again(run: Run, tmp_path: Path) -> None:
    hidden = hide_run(run)
    for act in (
        lambda: code.script(hidden),
        lambda: code.notebook(hidden),
        lambda: code.write_sentences(hidden, tmp_path / "x.csv"),
    ):
        with pytest.raises(SettingsError, match="shown without its sentences"):
            act()
    assert list(tmp_path.iterdir()) == []


# ---- the command, and what to cite


def parsed(command: str, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """What the command line makes of a command."""
    asked: list[argparse.Namespace] = []
    monkeypatch.setattr(cli, "_run", lambda arguments: asked.append(arguments) or 0)
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "probing"]
    assert cli.main(words[3:]) == 0
    return asked[0]


def test_the_command_line_understands_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = parsed(code.command(run), monkeypatch)
    kept = run.record["settings"]
    assert asked.csv == run.record["data"]["name"]
    assert asked.poolings == "cls,mean"
    assert (asked.encoder, asked.maps, asked.target) == (kept["encoder"], "none", "classes")
    assert (asked.folds, asked.seed, asked.depth) == (kept["folds"], kept["seed"], kept["depth"])


def test_a_column_that_was_not_used_is_not_guessed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {**run.record["data"], "columns": {"text": "a b", "label": None, "split": None}}
    asked = parsed(code.command(replace(run, record={**run.record, "data": data})), monkeypatch)
    assert (asked.text, asked.label, asked.split) == ("a b", "none", "none")


def test_hidden_sentences_have_no_command(run: Run) -> None:
    with pytest.raises(SettingsError, match="without its sentences"):
        code.command(hide_run(run))


def test_a_citation_names_what_others_need(run: Run) -> None:
    said = code.cite(run)
    assert all(line.isprintable() for line in said.splitlines())
    for part in (run.id, "60 sentences", "poolings cls, mean", "torch", f"{run.record['scoring']}"):
        assert part in said
    assert code.cite(hide_run(run)) == said
