"""A stored run explored: its sample, what is kept, what cannot be had, a new sentence."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import probing
from probing.errors import DataError, EncoderError, RunFolderError
from probing.mechanism import exploring, shelf
from probing.mechanism.exploring import explore, explore_folder, readers_of
from probing.mechanism.looking import look
from probing.mechanism.subject import Subject, subject_of
from probing.mechanism.values import Inside, Knockout, Ledger, Missing
from probing.progress import Progress
from probing.record import Run
from probing.store import load_run
from tests.conftest import Toy

Stored = Callable[..., Path]


@pytest.fixture(scope="module")
def make(
    tmp_path_factory: pytest.TempPathFactory,
    checkpoint: Stored,
    toy: Toy,
    coarse: Callable[[], AbstractContextManager[None]],
) -> Stored:
    """A stored run of the toy sentences on a tiny encoder; ``labels`` as given."""

    def store(
        labels: list[str] | None, family: str = "bert", *, exact: bool = False, **choices: Any
    ) -> Path:
        folder = tmp_path_factory.mktemp("run") / "run"
        choices = {"poolings": ("cls", "mean"), "maps": "none", **choices}
        with nullcontext() if exact else coarse():
            probing.run(toy[0], labels, encoder=checkpoint(family), out=folder, **choices)
        return folder

    return store


@pytest.fixture(scope="module")
def folder(make: Stored, toy: Toy) -> Path:
    """Of classes, explored."""
    folder = make(toy[1], maps="last", exact=True)
    explore_folder(folder)
    return folder


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:
    return subject_of(load_run(folder), probing.encoders.load_encoder)


def test_what_is_kept_comes_back_the_same(folder: Path, subject: Subject) -> None:
    kept = shelf.load(folder)
    assert kept is not None
    assert kept.complete
    assert kept == explore(subject, subject.readers())


def test_each_stage_is_kept_as_it_ends(subject: Subject) -> None:
    seen: list[Inside] = []
    told: list[Progress] = []
    explore(subject, subject.readers(), keep=seen.append, listener=told.append)
    parts = [[getattr(i, n) is not None for n in ("ledger", "knockout", "gradients")] for i in seen]
    assert parts == [[True, False, False], [True, True, False], [True, True, True]]
    assert list(dict.fromkeys(p.stage for p in told)) == ["ledger", "knockout", "gradients"]
    assert told[-1].done == told[-1].total


def test_what_is_there_is_not_measured_again(
    folder: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = shelf.load(folder)
    monkeypatch.setattr(exploring, "ledger", None)
    monkeypatch.setattr(exploring, "knockout", None)
    assert explore(subject, subject.readers(), there=there) == there


def test_the_sample_is_of_different_sentences_and_no_larger_than_said(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "SENTENCES", 25)
    found = explore(subject, subject.readers())
    rows = found.sample.rows
    assert len(rows) == len({subject.texts[row] for row in rows}) == 25
    assert list(rows) == sorted(rows)
    assert found.sample.of == 60
    assert isinstance(found.ledger, Ledger)
    assert found.ledger.sentences == 25


def test_a_deep_encoder_is_knocked_out_on_fewer_sentences(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "PASSES", 1)
    found = explore(subject, subject.readers()).knockout
    assert isinstance(found, Knockout)
    assert found.sentences == 60 // subject.encoder.info.layers


def test_intact_vectors_are_scored_as_the_run_scored_them(folder: Path, subject: Subject) -> None:
    found = shelf.load(folder)
    assert found is not None
    assert isinstance(found.knockout, Knockout)
    assert found.knockout.intact is not None
    assert len(found.sample.rows) == 60, "or the scores would be of different sentences"
    last = subject.representations.layers - 1
    assert found.knockout.intact.value == pytest.approx(subject.run.cell(last, "cls").accuracy)


def test_a_run_without_vectors_makes_them_again(folder: Path, tmp_path: Path) -> None:
    slim = tmp_path / "run"
    shutil.copytree(folder, slim, ignore=shutil.ignore_patterns("representations", "mechanism"))
    assert load_run(slim).representations is None
    one, two = explore_folder(slim), shelf.load(folder)
    assert two is not None
    assert one.sample == two.sample
    assert isinstance(one.ledger, Ledger)
    assert isinstance(two.ledger, Ledger)
    for here, there in zip(one.ledger.layers, two.ledger.layers, strict=True):
        np.testing.assert_allclose(here.parts, there.parts, rtol=1e-4)


@pytest.mark.parametrize("labels", ["none", "numbers"])
def test_without_classes_there_is_a_word_where_something_is_missing(
    make: Stored, labels: str
) -> None:
    given = None if labels == "none" else [str(i * 1.5) for i in range(60)]
    folder = make(given)
    found = explore_folder(folder)
    assert isinstance(found.ledger, Ledger)
    assert isinstance(found.knockout, Knockout)
    assert all(rung.score is None for rung in found.knockout.rungs)
    assert isinstance(found.gradients, Missing)
    assert "without classes" in found.gradients.reason
    subject = subject_of(load_run(folder), probing.encoders.load_encoder)
    seen = look("the film was good", subject, readers_of(folder, subject))
    assert seen.classes == ()
    assert seen.proof.steps


def test_a_family_without_attention_says_so(make: Stored) -> None:
    found = explore_folder(make(None, "fnet"))
    assert isinstance(found.ledger, Missing)
    assert isinstance(found.knockout, Missing)
    assert "attention" in found.ledger.reason


def test_a_look_at_a_new_sentence_goes_through_json(folder: Path, subject: Subject) -> None:
    readers = readers_of(folder, subject)
    seen = look("the food was never bad", subject, readers, subject.maps)
    assert seen.classes == ("mid", "neg", "pos")
    assert [token.text for token in seen.tokens][1:-1] == ["the", "food", "was", "never", "bad"]
    assert {place.name for place in seen.places} == {m.name for m in subject.maps}
    assert shelf.look_from_json(json.loads(json.dumps(asdict(seen)))) == seen


def test_readers_are_fitted_once(
    folder: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = readers_of(folder, subject)
    monkeypatch.setattr(Subject, "readers", None)
    again = readers_of(folder, subject)
    assert [r.layer for r in again.all] == [r.layer for r in first.all]
    np.testing.assert_array_equal(again.all[-1].weights, first.all[-1].weights)


@pytest.mark.parametrize(
    ("text", "said"), [("  \n", "no sentence"), ("a" * 20_001, "20,001 characters")]
)
def test_a_sentence_that_cannot_be_looked_at_is_refused(
    subject: Subject, text: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        look(text, subject, subject.readers())


def test_another_encoder_under_the_same_name_is_refused(folder: Path, checkpoint: Stored) -> None:
    run = load_run(folder)
    other = probing.encoders.load_encoder(checkpoint("roberta"))
    with pytest.raises(EncoderError, match="not the encoder of this run any more"):
        subject_of(run, lambda *_, **__: other)


@pytest.mark.parametrize("name", [shelf.INSIDE, shelf.READERS])
def test_a_damaged_file_is_said_to_be_damaged(folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    (copy / shelf.FOLDER / name).write_bytes(b'{"format": 1, "inside": {}}')
    with pytest.raises(RunFolderError, match=f"{name} is damaged"):
        shelf.load(copy) if name == shelf.INSIDE else shelf.load_readers(copy)


def test_another_format_is_as_if_it_were_not_there(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    path = copy / shelf.FOLDER / shelf.INSIDE
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    assert shelf.load(copy) is None


def test_the_run_itself_is_not_changed(folder: Path, toy: Toy) -> None:
    run: Run = load_run(folder)
    assert len(run.sentences) == len(toy[0])
    assert run.kind == "classes"
