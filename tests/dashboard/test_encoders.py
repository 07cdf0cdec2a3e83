"""The choice of an encoder, how fast this machine reads, and questions asked in the background."""

import threading
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import pace
from dashboard.asking import FAILED, KEPT, MOST, Questions
from dashboard.index import Entry
from dashboard.panels import encoders
from probing.encoders.known import KNOWN
from probing.errors import DataError, RunFolderError
from probing.record import Run
from probing.sentences import Sentences

# ---- the dialog


def _page() -> None:
    import streamlit as st

    from dashboard import selection
    from dashboard.panels import encoders

    st.text(selection.encoder())
    if st.button("open", key="open"):
        encoders.choose()


pytestmark = pytest.mark.usefixtures("fresh")


def opened() -> AppTest:
    page = AppTest.from_function(_page, default_timeout=60).run()
    page.button(key="open").click().run()
    assert not page.exception
    return page


def test_a_card_for_each_known_encoder_and_its_button_chooses() -> None:
    page = opened()
    offered = {each.key for each in page.button if each.key}
    assert offered >= {f"use {name}" for name in KNOWN}
    refused = {each.key for each in page.button if each.disabled}
    assert refused == {"use microsoft/deberta-v3-base"}, "the hub has a pickle only"
    said = "\n".join(str(each.value) for each in page.caption)
    assert "pooler never trained" in said
    assert "sentences in about" not in said, "nothing was measured yet"
    page.button(key="use albert/albert-base-v2").click().run()
    assert page.text[0].value == "albert/albert-base-v2"


def test_a_public_server_offers_its_list_and_says_why_not_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    monkeypatch.setenv("PROBING_ENCODERS", "bundled,someone/own-bert")
    page = opened()
    allowed = {each.key for each in page.button if not each.disabled}
    assert allowed == {"open", "use bundled", "use someone/own-bert"}
    said = "\n".join(str(each.value) for each in page.caption)
    assert said.count("This server does not load it.") == len(KNOWN) - 2
    assert not page.segmented_control, "no search, no other id"


@pytest.mark.parametrize("name", KNOWN)
def test_facts_fit_into_a_line(name: str) -> None:
    said = encoders.facts(KNOWN[name])
    assert "\n" not in said
    assert (f"{KNOWN[name].layers} layers × {KNOWN[name].hidden}") in said
    assert ("MB to download" in said) == (name != "bundled")


# ---- time on this machine


MADE = "2026-11-01T12:00:00+00:00"


def run_of(seconds: float, reused: int = 0) -> Run:
    """What a finished run of the bundled encoder says of its time."""
    record = {
        "created": MADE,
        "timings": {"encode": seconds},
        "encoder": {"id": "all-MiniLM-L6-v2", "layers": 6, "hidden": 384, "reused": reused},
    }
    return Run(record, Sentences(("a sentence", "and another one", "a sentence")), (), ())


def entry(name: str = "a", after: float = -5.0) -> Entry:
    """What the list of runs says of it, begun some seconds after its record was written."""
    begun = datetime.fromisoformat(MADE).timestamp() + after
    return Entry(name, None, begun, begun, None)


def test_a_run_tells_the_rate_and_the_rate_tells_the_time() -> None:
    run = run_of(2.0)
    rate = pace.of_runs([entry()], lambda _: run)
    assert rate is not None
    texts, bundled = run.sentences.texts, KNOWN["bundled"]
    assert pace.seconds(bundled.products, texts, rate) == pytest.approx(2.0)
    bert = KNOWN["google-bert/bert-base-uncased"]
    assert pace.seconds(bert.products, texts, rate) == pytest.approx(16.0)  # 12 × 768² : 6 × 384²
    assert pace.seconds(bundled.products, texts * 3, rate) == pytest.approx(2.0), "read once each"


def test_runs_that_tell_nothing() -> None:
    assert pace.of_runs([], lambda _: run_of(2.0)) is None
    assert pace.of_runs([entry()], lambda _: run_of(2.0, reused=3)) is None
    assert pace.of_runs([entry()], lambda _: run_of(0.5)) is None
    assert pace.of_runs([entry(after=86_400.0)], lambda _: run_of(2.0)) is None, "imported"

    def load(name: str) -> Run:
        if name == "a":
            raise RunFolderError("not finished yet")
        return run_of(2.0)

    assert pace.of_runs([entry("a"), entry("b")], load) is not None, "the next one is asked"


# ---- questions


def test_a_question_is_asked_once_and_remembered_for_a_while() -> None:
    now, asked = [0.0], list[int]()

    def answer() -> int:
        asked.append(1)
        return len(asked)

    questions = Questions(lambda: now[0])
    assert questions.ask("a", answer).result(10) == 1
    now[0] = KEPT
    assert questions.ask("a", answer).result(10) == 1
    assert questions.ask("b", answer).result(10) == 2
    now[0] = KEPT + 1
    assert questions.ask("a", answer).result(10) == 3
    questions.forget("a")
    assert questions.ask("a", answer).result(10) == 4


def test_a_refusal_is_forgotten_sooner() -> None:
    now = [0.0]
    questions = Questions(lambda: now[0])

    def refuse() -> None:
        raise DataError("no")

    with pytest.raises(DataError):
        questions.ask("a", refuse).result(10)
    now[0] = FAILED + 1
    assert questions.ask("a", lambda: 5).result(10) == 5


def test_who_comes_back_finds_the_question_under_way_and_few_are_kept() -> None:
    now, gate = [0.0], threading.Event()
    questions = Questions(lambda: now[0])
    first = questions.ask("slow", lambda: gate.wait(10))
    now[0] = 10 * KEPT
    assert questions.ask("slow", lambda: None) is first
    gate.set()
    assert first.result(10) is True
    for i in range(MOST):
        questions.ask(i, lambda: None)
    assert questions.ask("slow", lambda: "anew").result(10) == "anew"
