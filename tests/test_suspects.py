"""Labels that may be wrong: by hand, and on planted mistakes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from probing.per_sentence import hardest
from probing.probes import nested
from probing.probes.folds import cross_validation
from probing.record import Run
from probing.suspects import about_suspects, suspects
from probing.voters import good_cells
from tests.answered import (
    cell_of,
    constant_cell,
    run_of,
    says,
)


def doubting(changes: dict[int, tuple[int, float]]) -> np.ndarray:
    """Probabilities of 60 sentences of three classes in turn, right and sure but for changes."""
    predicted, confidence = np.arange(60) % 3, np.full(60, 0.96)
    for i, (k, sure) in changes.items():
        predicted[i], confidence[i] = k, sure
    return says(predicted, confidence, 3)


def test_suspects_by_hand() -> None:
    y = np.arange(60) % 3
    first = {0: (1, 0.9), 3: (1, 0.9), 6: (1, 0.9), 9: (2, 0.99), 12: (1, 0.8), 15: (1, 0.99)}
    second = {0: (1, 0.8), 3: (1, 0.79), 6: (2, 0.9), 9: (2, 0.97), 12: (1, 0.8)}
    p, q = doubting(first), doubting(second)
    run = run_of(y, [cell_of(y, p, 1), cell_of(y, q, 2), constant_cell(y)])
    assert len(good_cells(run)) == 2
    got = suspects(run)
    # 3: one is not sure enough; 6: two other classes; 15: one says the label is right
    assert list(got.columns) == ["row", "text", "label", "suggested", "confidence"]
    assert got.index.tolist() == [9, 0, 12]
    assert got["row"].tolist() == [28, 1, 37]
    assert got["label"].tolist() == ["a", "a", "a"]
    assert got["suggested"].tolist() == ["c", "b", "b"]
    np.testing.assert_allclose(got["confidence"], [0.98, 0.85, 0.8], rtol=1e-6)
    assert suspects(run, most=2).index.tolist() == [9, 0]


def test_a_cell_that_is_not_good_cannot_veto() -> None:
    y = np.arange(60) % 3
    poor = cell_of(y, says([0] * 60, [0.5] * 60, 3), 2)
    run = run_of(y, [cell_of(y, doubting({9: (2, 0.9)})), poor])
    assert suspects(run).index.tolist() == [9]
    assert len(suspects(run_of(y, [poor]))) == 0


def blob_run(mislabel: Sequence[int], seed: int, shuffled: bool = False) -> Run:
    """Three cells that see the same three classes through noise of their own, really probed."""
    rng = np.random.default_rng(seed)
    truth = np.arange(210) % 3
    y = rng.permutation(truth) if shuffled else truth.copy()
    y[list(mislabel)] = (y[list(mislabel)] + 1) % 3
    plan = cross_validation(y, np.arange(210), 5, seed)
    probes = []
    for layer in range(3):
        x = 3 * rng.normal(size=(3, 16))[truth] + rng.normal(size=(210, 16))
        probes.append(nested.probe(x.astype(np.float32), y, 3, plan, layer=layer, pooling="mean"))
    return run_of(y, probes)


@pytest.mark.parametrize("seed", range(3))
def test_planted_mistakes_are_found_and_clean_labels_are_not(seed: int) -> None:
    planted = {3, 50, 101, 152, 203}
    run = blob_run(sorted(planted), seed)
    got = suspects(run)
    assert len(good_cells(run)) == 3
    # one may stay just below the confidence that is asked for
    assert len(got) >= 4
    assert set(got.index) <= planted
    assert got["suggested"].tolist() == ["abc"[i % 3] for i in got.index]
    assert set(hardest(run, most=5).index) == planted
    assert len(suspects(blob_run([], seed))) == 0


def test_shuffled_labels_give_no_suspects() -> None:
    found = voters = 0
    for seed in range(6):
        run = blob_run([], seed, shuffled=True)
        found, voters = found + len(suspects(run)), voters + len(good_cells(run))
    assert voters <= 3
    assert found == 0


def test_confident_noise_is_kept_out_by_its_accuracy() -> None:
    """Cells that agree and are sure, and are right no more often than chance, doubt nothing."""
    y = np.arange(90) % 3
    noise = np.random.default_rng(0).integers(3, size=90)
    run = run_of(y, [cell_of(y, says(noise, [0.99] * 90, 3), layer) for layer in range(2)])
    assert len(suspects(run)) == 0
    assert (run.probes[0].predicted != y).sum() > 40


def test_words_about_suspects_never_say_that_a_label_is_wrong() -> None:
    y = np.arange(60) % 3
    changes = {9: (2, 0.9), 12: (1, 0.9)}
    cell, other = cell_of(y, doubting(changes), 1), cell_of(y, doubting(changes), 2)
    several = about_suspects(run_of(y, [cell, other]))
    assert several.startswith("All 2 cells that score about as well as the best predict the same")
    assert "80% confidence or more for 2 sentences: their labels may be wrong." in several
    one = about_suspects(run_of(y, [cell_of(y, doubting({9: (2, 0.9)}))]))
    assert "for 1 sentence: its label may be wrong." in one
    none = about_suspects(run_of(y, [cell_of(y, doubting({}))]))
    assert "for no sentence" in none
    poor = about_suspects(run_of(y, [constant_cell(y)]))
    assert "no label can be doubted" in poor
    for text in (several, one, none, poor):
        assert "is wrong" not in text
        assert "are wrong" not in text


def test_without_confidence_nothing_is_said_of_labels() -> None:
    """A run from before it was kept."""
    y = np.arange(60) % 3
    cell = cell_of(y, doubting({9: (2, 0.9)}))
    old = replace(cell, confidence=np.full(60, np.nan, dtype=np.float32))
    run = run_of(y, [old])
    assert len(suspects(run)) == 0
    assert "before confidence was kept. Run again" in about_suspects(run)
    assert len(hardest(run)) == 50


def test_more_suspects_than_are_listed_are_all_counted() -> None:
    y = np.arange(300) % 3
    predicted = np.where(np.arange(300) < 60, (y + 1) % 3, y)
    run = run_of(y, [cell_of(y, says(predicted, [0.9] * 300, 3))])
    assert len(suspects(run)) == 50
    assert "60 sentences" in about_suspects(run)
