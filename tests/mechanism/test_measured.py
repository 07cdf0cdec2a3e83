"""Figures of the bundled encoder on 400 Banking77 sentences: the first 40 of the first 10 intents.

They are those of another implementation: without one of the layers 1–5 nothing is lost, without the
last one the score falls from .957 to .100; rollout gives 20 % to words and punctuation where the
ledger says 93 % (last layer, norms token by token, of what attention brings).
"""

import csv

import numpy as np
import pytest

from probing.encoders import Encoder
from probing.extraction import extract
from probing.mechanism.knockout import knockout
from probing.mechanism.ledger import ledger, sentence_ledger
from probing.mechanism.readers import fit_folds
from probing.mechanism.values import Knockout, Ledger
from probing.preparation import Task, from_lists, prepare
from probing.settings import Settings
from tests.conftest import SHARED

BANKING = SHARED / "data" / "csv" / "banking77.csv"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BANKING.is_file(), reason=f"needs {BANKING}, which is not here"),
]


@pytest.fixture(scope="module")
def task() -> Task:
    """The sentences in the file's order, five folds."""
    chosen: dict[str, list[str]] = {}
    with BANKING.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            chosen.setdefault(row["label"], []).append(row["text"])
    texts = [(text, label) for label in list(chosen)[:10] for text in chosen[label][:40]]
    return prepare(from_lists(*zip(*texts, strict=True)), Settings())


@pytest.fixture(scope="module")
def ladder(bundled: Encoder, task: Task) -> Knockout:
    """The knockout ladder, read out by the probe of the last layer's [CLS]."""
    assert task.y is not None
    assert task.plan is not None
    x = extract(task.sentences.texts, bundled, ("cls",)).arrays["cls"][-1]
    C = [1.0] * 5  # what the inner folds choose, each time
    readers = fit_folds(x, task.y, 10, task.plan.folds, C, layer=6, pooling="cls")
    found = knockout(task.sentences.texts, task.y, bundled, readers, np.arange(400))
    assert isinstance(found, Knockout)
    return found


@pytest.fixture(scope="module")
def book(bundled: Encoder, task: Task) -> Ledger:
    """The ledger of the same sentences."""
    found = ledger(task.sentences.texts, bundled)
    assert isinstance(found, Ledger)
    return found


def score(ladder: Knockout, kind: str, layer: int) -> float:
    (found,) = [r.score for r in ladder.rungs if (r.kind, r.layer) == (kind, layer)]
    assert found is not None
    return found.value


def test_the_last_layer_alone_matters(ladder: Knockout) -> None:
    assert ladder.intact is not None
    assert ladder.intact.n == 400
    assert ladder.intact.value == pytest.approx(0.957, abs=0.02)
    assert ladder.majority == pytest.approx(0.1)
    for layer in range(1, 6):
        assert score(ladder, "single", layer) >= ladder.intact.value - 0.01
        assert score(ladder, "up to", layer) >= ladder.intact.value - 0.01
    for layer in range(1, 7):
        assert score(ladder, "from", layer) == pytest.approx(0.1, abs=0.02)
    assert score(ladder, "single", 6) == pytest.approx(0.1, abs=0.02)
    assert ladder.blocked_variance < 1e-9


def test_what_moves_cls_is_the_last_layer(ladder: Knockout) -> None:
    moved = {(rung.kind, rung.layer): rung.moved for rung in ladder.rungs}
    assert max(moved["single", layer] for layer in range(1, 6)) < 0.02
    assert moved["single", 6] == pytest.approx(1.45, abs=0.1)


def test_rollout_and_the_ledger_disagree(bundled: Encoder, task: Task, book: Ledger) -> None:
    assert book.error < 1e-4
    last = book.layers[-1]
    assert sum(last.rollout[2:]) == pytest.approx(0.20, abs=0.02)
    assert sum(last.attention[2:]) == pytest.approx(0.57, abs=0.03)
    shares = []
    for text in task.sentences.texts[::8]:
        found = sentence_ledger(text, bundled)
        assert isinstance(found, tuple)
        parts = np.array(found[-1].parts)  # token by token, [CLS] first and [SEP] last
        shares.append(parts[1:-1].sum() / parts.sum())
    assert np.mean(shares) == pytest.approx(0.93, abs=0.01)
    words = sum(last.parts[2:]) / sum(last.parts)  # summed within groups before the norm
    assert words == pytest.approx(0.89, abs=0.02)


def test_the_last_layer_is_where_words_enter(book: Ledger) -> None:
    words = [layer.parts[3] for layer in book.layers]
    assert max(words[:-1]) < 0.1
    assert words[-1] == pytest.approx(0.31, abs=0.03)
