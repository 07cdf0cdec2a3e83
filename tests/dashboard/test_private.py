"""Nobody learns, by what is shown or how fast it comes, that somebody else uploaded the same."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from dashboard import apart, cached, visitors
from dashboard.jobs import Jobs
from dashboard.worker import Worker
from probing import vector_cache
from probing.sentences import Sentences
from probing.settings import Settings
from tests.batches import counted_batches
from tests.benchmarks.faults import sentences

ANNE, BERT = visitors.new_id(), visitors.new_id()
DIGESTS = [bytes([i]) * 32 for i in range(5)]
VECTORS = {"cls": np.arange(60, dtype=np.float32).reshape(3, 5, 4)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def public(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    return home


def found(owner: str) -> int:
    """How many of the vectors are there for somebody."""
    cache = vector_cache.of_installation(owner)
    assert cache is not None
    blank = {"cls": np.zeros((3, 5, 4), np.float32)}
    there = cache.fetch("encoder", DIGESTS, blank, np.arange(5))
    assert np.array_equal(blank["cls"][:, there], VECTORS["cls"][:, there])
    return int(there.sum())


def keep(owner: str) -> None:
    cache = vector_cache.of_installation(owner)
    assert cache is not None
    cache.keep("encoder", DIGESTS, VECTORS, np.arange(5))


@pytest.mark.usefixtures("public")
def test_on_a_public_server_each_visitor_has_vectors_of_their_own() -> None:
    keep(visitors.owner(ANNE))
    assert found(visitors.owner(ANNE)) == 5
    assert found(visitors.owner(BERT)) == 0
    assert vector_cache.of_installation() is None, "nobody's would be everybody's"


@pytest.mark.usefixtures("home")
def test_at_home_vectors_are_everybodys() -> None:
    keep(visitors.owner(ANNE))
    assert found(visitors.owner(BERT)) == found("") == 5


def test_room_is_shared_by_all_visitors(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(visitors.owner(ANNE))
    (one,) = (public / "vectors").rglob("*.vectors")
    monkeypatch.setenv("PROBING_CACHE_GB", f"{one.stat().st_size * 1.5e-9:.9f}")
    keep(visitors.owner(BERT))
    assert (found(visitors.owner(ANNE)), found(visitors.owner(BERT))) == (0, 5)


def test_a_run_of_anothers_sentences_is_encoded_anew(
    public: Path, checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the queue to the encoder: who asks is not lost on the way."""
    encoded = counted_batches(monkeypatch)
    settings = Settings(encoder=str(checkpoint(layers=1)), poolings=("mean",), maps="none")
    texts = Sentences(texts=sentences(30).texts)  # without labels nothing is fitted
    jobs = Jobs(public, desks=0)
    sizes = []
    for visitor in (ANNE, BERT, ANNE):
        run = jobs.start_run(texts, settings, visitor)
        (job,) = (job for job in jobs._queue.order() if job.id == run)
        assert Worker(io.StringIO()).do(dict(job.order))["state"] == "done"
        sizes.append(sum(encoded))
    jobs.close()
    assert sizes == [30, 60, 60]


def test_a_look_at_the_same_sentence_is_another_visitors_own(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, desks=0)
    asked = [jobs.start_look(tmp_path, "a secret", visitor) for visitor in (ANNE, BERT, ANNE)]
    waiting = jobs.waiting
    jobs.close()
    assert asked[0] == asked[2] != asked[1]
    assert waiting == 2


def test_the_same_file_is_read_anew_for_another_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(data: bytes, name: str, limits: object) -> object:
        read.append(name)
        return object()

    monkeypatch.setattr(apart, "read", counted)
    st.cache_resource.clear()
    for whose in (ANNE, BERT, ANNE):
        cached.table("d" * 64, b"text\n", "a.csv", whose)
    st.cache_resource.clear()
    assert len(read) == 2


def test_what_lies_on_the_disk_does_not_name_the_visitor() -> None:
    assert visitors.owner("") == ""
    assert ANNE not in visitors.owner(ANNE)
    assert visitors.owner(ANNE) == visitors.owner(ANNE) != visitors.owner(BERT)
