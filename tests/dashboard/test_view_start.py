"""Start: the finished run, the way to one's own, the samples as cards."""

import csv
from collections import Counter
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import starting
from dashboard.draft import of_sample
from dashboard.samples import FINISHED, FINISHED_OF, SAMPLES
from dashboard.words import plain
from probing import load_run
from tests.dashboard.asked import opened

pytestmark = pytest.mark.usefixtures("fresh")


def words(page: AppTest) -> str:
    elements = [*page.title, *page.header, *page.markdown, *page.caption]
    return "\n".join(str(element.value) for element in elements)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_card_says_what_is_in_its_file(name: str) -> None:
    sample = SAMPLES[name]
    with sample.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    label = "category" if name == "reviews" else "label"
    assert sample.sentences == len(rows)
    assert sample.labels == tuple(sorted(Counter(row[label] for row in rows)))
    assert [row[label] for row in rows if row["text"] == sample.example] == [sample.label]


def test_a_sample_is_read_with_the_columns_that_its_card_names() -> None:
    for name, sample in SAMPLES.items():
        assert of_sample(name).classes == sample.labels
        assert len(of_sample(name)) == sample.sentences


def test_the_finished_run_is_the_samples() -> None:
    assert load_run(FINISHED).record["data"]["name"] == SAMPLES[FINISHED_OF].path.name


def test_every_sample_has_a_card_and_one_is_for_ones_own() -> None:
    page = opened()
    said = words(page)
    for sample in SAMPLES.values():
        assert plain(sample.example) in said
        assert sample.title in said
    buttons = [button.key for button in page.button]
    assert {f"sample:{name}" for name in SAMPLES if name != FINISHED_OF} <= set(buttons)
    assert {"sample", "start_upload", "card_upload"} <= set(buttons)


@pytest.mark.parametrize("key", ["start_upload", "card_upload"])
def test_one_click_leads_to_where_a_file_is_given(key: str) -> None:
    page = opened()
    page.button(key=key).click().run()
    assert not page.exception
    assert page.session_state["source"] == "upload"
    assert len(page.get("file_uploader")) == 1


def test_a_click_on_a_sample_starts_a_run_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, Any]] = []
    monkeypatch.setattr(starting, "start", lambda *given: asked.append(given))
    page = opened()
    page.button(key="sample:tense").click().run()
    assert not page.exception
    ((sentences, settings),) = asked
    assert sentences.fingerprint == of_sample("tense").fingerprint
    assert (settings.encoder, settings.depth) == ("bundled", "quick")


def test_a_server_without_the_bundled_encoder_runs_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dashboard.panels import sample_cards

    monkeypatch.setenv("PROBING_ENCODERS", "somebody/small,somebody/large")
    assert sample_cards._settings().encoder == "somebody/small"


def test_start_speaks_chinese() -> None:
    said = words(opened(language="zh"))
    for text in ("[CLS] 向量知道什么", "或者试试示例", "1,200 个句子", "可以得出的结论"):
        assert text in said
    for text in ("Or try a sample", "sentences ·", "What is the sentence about?"):
        assert text not in said
