"""The report is one file: nothing is fetched, nothing of the user's is obeyed."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from probing import load_run, report
from probing.errors import SettingsError
from probing.hiding import hide_run
from probing.record import Run
from probing.report_sections import SECTIONS

FINISHED = Path(__file__).resolve().parents[1] / "data" / "sample_run"

EVIL = '</script><script>alert(1)</script><a href="https://example.org">x</a><img src=x>'
FETCHES = {"src", "href", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.texts.append(data)


def fetched(html: str) -> list[str]:
    """What a browser would load or follow."""
    page = Page(html)
    named = [v for _, attrs in page.tags for k, v in attrs.items() if k in FETCHES and v]
    styles = re.findall(r"<style.*?</style>", html, re.DOTALL)
    return named + [url for style in styles for url in re.findall(r"url\(|@import", style)]


def changed(run: Run, **data: Any) -> Run:
    return replace(run, record={**run.record, "data": {**run.record["data"], **data}})


@pytest.fixture(scope="module")
def html(stored: Path) -> str:
    return (stored / "report.html").read_text(encoding="utf-8")


def test_nothing_is_fetched(html: str) -> None:
    assert fetched(html) == []
    assert len(html) > 1_000_000  # plotly itself is inside
    assert "cdn.plot.ly" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_the_check_above_can_fail() -> None:
    assert fetched('<script src="https://cdn.plot.ly/plotly.js"></script>')
    assert fetched("<style>body{background:url(https://example.org)}</style>")


def test_plotly_is_inside_once(html: str) -> None:
    scripts = [len(s) for s in re.findall(r"<script.*?</script>", html, re.DOTALL)]
    assert sum(size > 1_000_000 for size in scripts) == 1


def test_every_cell_is_in_the_table_as_it_is(html: str, finished: Run) -> None:
    rows = re.findall(r"<tr><td>(.*?)</td></tr>", html.replace(" class=text", ""))
    assert len(rows) == len(finished.probes)
    for row, probe in zip(rows, finished.probes, strict=True):
        cells = row.split("</td><td>")
        assert cells[:3] == [str(probe.layer), probe.pooling, f"{probe.accuracy:.3f}"]
        assert cells[3:5] == [f"{probe.ci_low:.3f}", f"{probe.ci_high:.3f}"]
        assert cells[-1] == "60"
        assert (cells[5] == "–") == probe.constant
    assert "nan" not in " ".join(rows).lower()


def test_what_it_rests_on_is_said(html: str, finished: Run) -> None:
    text = " ".join(Page(html).texts)
    assert "60 of 60 sentences, 3 classes. 5-fold cross-validation." in text
    for notice in finished.record["notices"]:
        assert notice in text
    assert finished.record["encoder"]["pooler"]["evidence"] in text


def test_a_users_text_is_shown_and_not_obeyed(finished: Run) -> None:
    sentences = replace(
        finished.sentences,
        texts=tuple(EVIL for _ in finished.sentences.texts),
        labels=tuple(f"{label} {EVIL}" for label in finished.sentences.labels or ()),
    )
    evil = replace(changed(finished, name=EVIL), sentences=sentences)
    evil = replace(evil, record={**evil.record, "notices": [EVIL], "scoring": EVIL})
    found = report.html(evil)
    assert "alert(1)" in found
    assert "<script>alert" not in found
    assert "<img" not in found
    page = Page(found)
    assert not any(tag in ("a", "img") for tag, _ in page.tags)
    assert fetched(found) == []
    clean = Page(report.html(finished))
    assert [tag for tag, _ in page.tags if tag == "script"] == [
        tag for tag, _ in clean.tags if tag == "script"
    ]


def test_without_labels_there_is_no_table(finished: Run) -> None:
    bare = replace(finished, probes=(), record={**finished.record, "scoring": None})
    found = report.html(bare)
    assert "All cells" not in found
    assert "No probes: geometry and maps only" in found
    assert "Relative variance" in found
    assert "UMAP of mean" in found


def test_without_maps_and_labels_it_still_stands(finished: Run) -> None:
    found = report.html(replace(finished, probes=(), projections=()))
    assert found.startswith("<!doctype html>")
    assert fetched(found) == []
    assert "Relative variance" in found, "the vectors have a shape without labels or maps"


def test_each_chart_can_be_saved_under_a_name_of_its_own(html: str) -> None:
    tags = Page(html).tags
    names = [attrs["data-name"] for tag, attrs in tags if tag == "figure"]
    assert names[0] == "01-score-by-layer"
    assert len(set(names)) == len(names) > 5
    kinds = [attrs.get("data-save") for tag, attrs in tags if tag == "button"]
    assert kinds == ["svg", "png"] * len(names)


def test_plotly_may_lie_elsewhere(finished: Run) -> None:
    found = report.html(finished, ["scores"], plotly="/there/plotly.min.js")
    assert fetched(found) == ["/there/plotly.min.js"]
    assert len(found) < 100_000


# ---- sections to choose


def headings(html: str) -> list[str]:
    return re.findall(r"<h[23]>(.*?)</h[23]>", html)


def test_the_reports_own_order_holds(finished: Run) -> None:
    one = report.html(finished, ("cells", "scores"))
    assert headings(one) == ["Score by layer", "All cells"]
    two = report.html(finished, ("scores", "cells"))
    assert headings(two) == headings(one)


def test_a_run_folder_holds_the_default_sections(html: str, finished: Run) -> None:
    assert headings(html) == headings(report.html(finished, report.DEFAULT))
    assert "Hardest sentences" not in headings(html)


def test_an_unknown_section_is_refused(finished: Run) -> None:
    with pytest.raises(SettingsError, match="no section 'pie'; the sections are verdict, scores"):
        report.html(finished, ["pie"])


def test_classes_are_counted_as_scikit_learn_counts_them(finished: Run) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    best = finished.evidence.best
    assert best is not None
    cell = finished.cell(best.layer, best.pooling)
    classes = finished.sentences.classes
    predicted = [classes[k] for k in cell.predicted]
    figures = precision_recall_fscore_support(
        finished.sentences.labels, predicted, labels=classes, zero_division=0
    )
    rows = re.findall(r"<tr><td class=text>(.*?)</td></tr>", report.html(finished, ["classes"]))
    assert len(rows) == len(classes)
    for row in rows:
        name, n, recall, _, _, precision, f1, _ = re.split(r"</td><td(?: class=text)?>", row)
        expected = [values[classes.index(name)] for values in figures]
        assert [precision.replace("–", "0.000"), recall, f1] == [f"{v:.3f}" for v in expected[:3]]
        assert int(n) == expected[3]


def test_hard_sentences_are_in_it_and_obey_nobody(finished: Run) -> None:
    texts = tuple(f"{text} {EVIL}" for text in finished.sentences.texts)
    evil = replace(finished, sentences=replace(finished.sentences, texts=texts))
    evil = changed(evil, fingerprint=evil.sentences.fingerprint)
    found = report.html(evil, report.available(evil))
    page = Page(found)
    assert any(text.startswith("the ") and EVIL in text for text in page.texts)
    assert not any(tag in ("a", "img") for tag, _ in page.tags)
    assert fetched(found) == []


def test_a_run_without_its_sentences_has_no_section_of_them(finished: Run) -> None:
    hidden = hide_run(finished)
    assert set(report.available(finished)) - set(report.available(hidden)) == {"sentences"}
    found = report.html(hidden, SECTIONS)
    for text in finished.sentences.texts:
        assert text not in found
    assert str(finished.record["data"]["fingerprint"]) not in found
    assert "Make it again" not in found


def test_settings_and_citation_are_the_runs(finished: Run) -> None:
    text = unescape(report.html(finished, ["settings"]))
    for part in (finished.id, "5-fold cross-validation; poolings cls, pooled, mean, mean_words"):
        assert part in text
    assert "python -m probing run" in text


def test_what_was_measured_inside_is_in_it(finished: Run) -> None:
    assert "inside" not in report.available(finished)
    sample = load_run(FINISHED)
    assert headings(report.html(sample, ["inside"])) == [
        "CLS kept from reading",
        "What CLS receives, by layer",
        "What the classification error trains",
    ]


def test_the_report_is_english_whoever_asks(finished: Run) -> None:
    from probing import language

    language.choose_by(lambda: "zh")
    try:
        assert language.language() == "zh"
        found = report.html(finished, ["scores", "classes", "cells"])
        assert language.language() == "zh"
    finally:
        language.choose_by(lambda: "en")
    apart = re.sub(r"<script.*?</script>", "", found, flags=re.DOTALL)
    drawn = [s for s in re.findall(r"<script.*?</script>", found, re.DOTALL) if len(s) < 10**6]
    assert not re.search(r"[\u4e00-\u9fff]|\\u[4-9]", apart + "".join(drawn))
