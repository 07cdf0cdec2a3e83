"""A Run as a notebook shows it, and what it knows of the inside of its encoder."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

import probing
from probing import verdict
from probing.errors import SettingsError
from probing.hiding import hide_run
from probing.mechanism import shelf
from probing.mechanism.values import Inside, Sample
from probing.record import Run
from tests.figures import made_inside
from tests.figures.made import made, made_of_numbers
from tests.test_imports import loaded

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "data" / "example.ipynb"
SAMPLE = ROOT / "data" / "sample_run"


class Read(HTMLParser):
    """Tags, and the words of each cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert attrs == []
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def told(run: Run, name: str = "reviews.csv", **encoder: Any) -> Run:
    """``run`` with what the HTML says of data and encoder."""
    about = {"id": "an encoder", "family_title": "BERT", **run.record["encoder"], **encoder}
    return replace(run, record={**run.record, "data": {"name": name}, "encoder": about})


def test_a_run_shows_its_verdict_and_its_scores(finished: Run) -> None:
    read = Read(finished._repr_html_())
    text = " ".join(read.words)
    assert verdict.sentences(finished)[0] in text
    assert f"{finished.cell(1, 'mean').accuracy:.3f} [" in text
    assert "60 sentences, 3 classes" in text
    assert read.tags.count("tr") == 3
    assert "constant" in read.words  # CLS at layer 0


def test_what_was_named_is_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>.csv"
    read = Read(told(made(), evil, id="<script>alert(1)</script>")._repr_html_())
    assert set(read.tags) <= {
        *("div", "strong", "br", "p", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
    assert evil in read.words


@pytest.mark.parametrize("layers", [1, 6, 24])
def test_the_table_is_small_and_has_the_last_layer(layers: int) -> None:
    html = told(made(layers))._repr_html_()
    assert 3 <= html.count("<tr>") <= 11
    assert f"<tr><th>{layers}</th>" in html
    assert "<tr><th>0</th>" in html


def test_numbers_and_no_labels_have_one_too() -> None:
    assert "R², 95% interval" in told(made_of_numbers())._repr_html_()
    bare = replace(told(made()), probes=(), record={**told(made()).record, "evidence": {}})
    assert "No labels: maps and geometry only." in bare._repr_html_()


def test_it_needs_neither_plotly_nor_torch(stored: Path, environment: dict[str, str]) -> None:
    statement = f"import probing; assert probing.load_run({str(stored)!r})._repr_html_()"
    names = loaded(statement, environment)
    assert not names & {"torch", "transformers", "sklearn", "umap", "numba", "plotly"}


# ---- what was measured inside


def test_a_run_has_what_was_measured_inside(stored: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stored, tmp_path / "run"))
    assert probing.load_run(folder).inside is None
    found = Inside(Sample((0, 1), 60), made_inside.ledger(), None, made_inside.gradients())
    shelf.save(folder, found)
    run = probing.load_run(folder)
    assert run.inside == found
    assert run.figure("ledger").data
    with pytest.raises(SettingsError, match="knockout of this run was not measured yet"):
        run.figure("knockout")
    hidden = hide_run(run)
    assert hidden.figure("gradients").data
    with pytest.raises(SettingsError, match="they name words, which are hidden"):
        hidden.figure("rows")
    (folder / shelf.FOLDER / shelf.INSIDE).write_text("{")
    assert probing.load_run(folder).inside is None


def test_the_sample_run_draws_every_figure_but_those_of_vectors() -> None:
    run = probing.load_run(SAMPLE)
    from probing.figures import FIGURES

    for name in FIGURES:
        assert run.figure(name).data, name


# ---- the example


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    coarse: Callable[[], AbstractContextManager[None]],
) -> None:
    content = nbformat.read(EXAMPLE, as_version=4)
    nbformat.validate(content)
    assert not any(cell.get("outputs") for cell in content.cells)
    shutil.copy(ROOT / "data" / "reviews.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    with coarse():
        for cell in content.cells:
            if cell.cell_type == "code":
                exec(cell.source, found)
    run = found["run"]
    assert run.kind == "classes"
    assert found["search"].best_score_ > 0.2 + run.record["baselines"]["majority"]["accuracy"]


def test_every_code_cell_of_the_example_is_introduced() -> None:
    kinds = [cell.cell_type for cell in nbformat.read(EXAMPLE, as_version=4).cells]
    assert kinds[0] == "markdown"
    assert all(b == "code" or a == "code" for a, b in pairwise(kinds))
