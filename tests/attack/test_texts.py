"""A person's texts, labels, columns and file names stay data: in figures, the report, tables, lines
printed and Markdown."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dashboard.words import plain, said
from probing import cli, figures, report, terminal
from probing.errors import DataError, SettingsError
from probing.record import Run
from probing.runs import run
from probing.sentences import Sentences
from tests.figures.reading import every_text

EVIL = (
    '</script><script>alert(1)</script><img src="http://e.org/x" onerror=alert(1)>'
    '<a href="javascript:alert(1)">x</a> %{x} [a](javascript:alert(1)) $\\href{http://e.org}{y}$'
)
MARKS = ("=", "+", "-", "@", "\t", "\r", "\u202e", "\u200b", "%{text}", "<b>", "&lt;")
OURS = re.compile(
    r"</?b>|<br>|<i>|</i>|<extra></extra>|</?sub>|</?sup>|<span style='color:#\w{6}'>|</span>"
)


@pytest.fixture(scope="module")
def evil(finished: Run) -> Run:
    """A finished run whose every text, label and name would do something if it were obeyed."""
    names = {name: f"{MARKS[i]}{EVIL} {name}" for i, name in enumerate(finished.sentences.classes)}
    texts = tuple(f"{MARKS[i % len(MARKS)]}{EVIL}{i}" for i in range(len(finished.sentences.texts)))
    labels = tuple(names[label] for label in finished.sentences.labels or ())
    data = {**finished.record["data"], "name": EVIL, "classes": dict.fromkeys(names.values(), 20)}
    data["columns"] = {"all": [EVIL], "text": EVIL, "label": EVIL, "split": None}
    encoder = {**finished.record["encoder"], "id": EVIL, "family_title": EVIL}
    majority = {**finished.record["baselines"]["majority"], "class": f"a\nb\x1b[31m{EVIL}"}
    record = {
        **finished.record,
        "data": data,
        "encoder": encoder,
        "baselines": {**finished.record["baselines"], "majority": majority},
        "notices": [EVIL, "two\nlines"],
    }
    sentences = replace(finished.sentences, texts=texts, labels=labels)
    return replace(finished, sentences=sentences, record=record)


def drawn(given: Run) -> dict[str, Any]:
    found = {}
    for name in figures.FIGURES:
        try:
            found[name] = given.figure(name)
        except SettingsError:  # this run has nothing of the kind
            continue
    return found | {
        "counts": figures.class_counts(given.sentences),
        "lengths": figures.lengths(given.sentences),
    }


def obeyed(texts: list[str]) -> list[str]:
    """Texts with markup that is not the charts' own."""
    return [text for text in texts if "<" in OURS.sub("", text)]


def test_no_figure_holds_markup_of_the_persons(evil: Run) -> None:
    found = drawn(evil)
    assert {"accuracy", "map", "counts"} <= set(found)
    seen = [text for figure in found.values() for text in every_text(figure)]
    assert any("alert(1)" in text for text in seen), "the texts are in no figure: a vain test"
    assert obeyed(seen) == []
    assert obeyed([f"<b>{EVIL}</b>"]), "the check can fail"


def test_no_template_of_a_figure_holds_the_persons_text(evil: Run) -> None:
    def templates(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [str(v) for k, v in part.items() if k in ("hovertemplate", "texttemplate") and v]
            return own + [t for value in part.values() for t in templates(value)]
        return [t for each in part for t in templates(each)] if isinstance(part, list) else []

    for name, figure in drawn(evil).items():
        parts = json.loads(figure.to_json())
        assert not [text for text in templates(parts) if "alert" in text], name


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def test_the_report_has_no_element_of_the_persons(evil: Run, finished: Run) -> None:
    tame = replace(finished, record={**finished.record, "notices": ["one", "two"]})
    found, clean = _Elements(report.html(evil)).found, _Elements(report.html(tame)).found
    assert [tag for tag, _ in found] == [tag for tag, _ in clean]
    for _, attrs in found:
        for name, value in attrs:
            assert not name.startswith("on")
            assert "alert" not in (value or "")
            assert "javascript:" not in (value or "").lower()


def test_tables_of_a_run_hold_no_formula(
    tmp_path: Path, checkpoint: Callable[..., Path], coarse: Callable[[], Any]
) -> None:
    """The person's words are in no CSV that is written; numbers keep their minus."""
    texts = [f"{'=+-@'[i % 4]}cmd the film {i} was {'good' if i % 2 else 'bad'}" for i in range(40)]
    labels = ["=1+1" if i % 2 else "@SUM(A1)" for i in range(40)]
    with coarse():
        run(texts, labels, encoder=str(checkpoint(layers=1)), maps="none", out=tmp_path / "run")
    assert [file.name for file in (tmp_path / "run").rglob("*.csv")] == ["probes.csv"]
    written = (tmp_path / "run" / "probes.csv").read_text(encoding="utf-8")
    for row in csv.reader(io.StringIO(written)):
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r")
            assert not cell.startswith("-") or float(cell) < 0
    assert json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["data"]["classes"] == {
        "=1+1": 20,
        "@SUM(A1)": 20,
    }


def test_what_is_printed_stays_in_its_line(
    evil: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **named: object) -> None:
        raise DataError("a\nerror: b\r\x1b[31m\u202ec\u2028d")

    monkeypatch.setattr("probing.reading.read_csv", fail)
    assert cli.main(["run", "x.csv"]) == 2
    assert capsys.readouterr().err == "error: a error: b [31m c d\n"
    show = terminal.ProgressLine(True)
    show.line("note: a\x1b[2Jb\nc")
    assert capsys.readouterr().err == "note: a [2Jb c\n"
    assert "\x1b" not in terminal.table(evil)
    assert "majority baseline (a b [31m" in terminal.table(evil)


@pytest.mark.parametrize(
    "text",
    [EVIL, "`a` **b** ~~c~~ :red[d] :material/x:", "# h", "1. a\n2. b", "www.e.org a@e.org"],
)
def test_markdown_shows_it_as_it_is(text: str) -> None:
    for shown in (plain(text), said(DataError(text))):
        assert "\n" not in shown
        bare = re.sub(r"\\(.)", r"\1", shown)
        assert not re.search(r"https?://|www\.|\w@\w", bare), "it would be made a link"
        assert bare.replace("\u2060", "") == " ".join(text.split())
        assert not re.search(r"(?<!\\)[<>\[\]`*_$:#~]", shown)


def test_a_text_cannot_turn_the_figures_beside_it() -> None:
    turned = figures.class_counts(Sentences(("a", "b", "c"), ("\u202eabc\u202c", "\u2066x", "y")))
    assert not any(c in text for text in every_text(turned) for c in "\u202e\u202c\u2066")
