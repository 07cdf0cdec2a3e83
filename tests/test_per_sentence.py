"""Views of a run sentence by sentence: by hand, by brute force, and on planted mistakes."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy
from sklearn.metrics import log_loss

from probing import per_sentence
from probing.answers import information
from probing.cross_table import Quarter, cross_table, quarter
from probing.errors import SettingsError
from probing.evidence import Best, Estimate, Evidence
from probing.per_sentence import by_cell, hardest
from probing.probes import nested
from probing.probes.folds import Fold, Plan, cross_validation
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.probes.scoring import majority, score
from probing.record import Run
from probing.sentences import Sentences
from probing.suspects import about_suspects, suspects
from probing.voters import good_cells
from tests.test_imports import loaded

HOSTILE = (
    '<img src=x onerror=alert(1)> & "quoted" ${x}',
    "=cmd|' /C calc'!A0",
    "line\r\nbreak\tand \x00 nul",
    "\u202eright to left \ud83d",  # with half of a surrogate pair
    "nan",
    "  NA  ",
)
"""Texts that a page must escape, and that tables like to turn into something else."""


def cell_of(
    y: np.ndarray, p: np.ndarray, layer: int = 1, pooling: str = "cls", **own: Any
) -> ProbeResult:
    """A cell that gave these probabilities (n, classes); NaN rows were not scored."""
    with np.errstate(divide="ignore"):
        return score(ProbeResult, y, np.log(p), 1.0, layer=layer, pooling=pooling, **own)


def says(predicted: Sequence[int], confidence: Sequence[float], classes: int = 2) -> np.ndarray:
    """Probabilities (n, classes) with this confidence in a class, the rest spread evenly."""
    p = np.repeat((1 - np.array(confidence, float))[:, None] / (classes - 1), classes, axis=1)
    p[np.arange(len(p)), list(predicted)] = confidence
    return p


def constant_cell(y: np.ndarray, layer: int = 0, pooling: str = "cls") -> ProbeResult:
    everything = np.arange(len(y))
    plan = Plan((Fold(everything, everything, ()),), "", ())
    return majority(ProbeResult, y, plan, layer=layer, pooling=pooling)


def run_of(
    y: np.ndarray,
    probes: Sequence[ProbeResult],
    evidence: Evidence | None = None,
    texts: Sequence[str] = (),
) -> Run:
    """A run of classes a, b, c …; every third row of the file was used."""
    sentences = Sentences(
        texts=tuple(texts) or tuple(f"text {i}" for i in range(len(y))),
        labels=tuple("abcdefgh"[k] for k in y),
        rows=tuple(3 * i + 1 for i in range(len(y))),
    )
    record = {"id": "0" * 32, "evidence": evidence.to_json() if evidence else None}
    return Run(record, sentences, tuple(probes), ())


def best_of(score: float, accuracy: float | None = None) -> Best:
    estimate = Estimate(score, 0.0, 1.0, 100)
    plain = None if accuracy is None else Estimate(accuracy, 0.0, 1.0, 100)
    return Best(1, "cls", estimate, plain, {"cls_1": 5}, 1.0)


def with_accuracy(y: np.ndarray, right: int, layer: int) -> ProbeResult:
    """A cell that is right on the first ``right`` sentences of two classes, and sure of it."""
    predicted = np.where(np.arange(len(y)) < right, y, 1 - y)
    return cell_of(y, says(predicted, [0.9] * len(y)), layer)


def names(cells: Sequence[ProbeResult]) -> list[str]:
    return [cell.name for cell in cells]


def random_run(n: int, classes: int, cells: int, seed: int) -> Run:
    """Cells that lean to the label; a fifth of the sentences is not scored."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), rng.integers(classes, size=n - classes)]
    unscored = rng.random(n) < 0.2
    probes = []
    for k in range(cells):
        logits = 2 * rng.normal(size=(n, classes)) + 3 * np.eye(classes)[y]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        p[unscored] = np.nan
        probes.append(cell_of(y, p, k % 7, ("cls", "pooled", "mean")[k // 7]))
    return run_of(y, probes)


# ---- pointwise information


def test_information_by_hand() -> None:
    y = np.array([0, 0, 0, 1, 1])
    p = np.array([[0.75, 0.25], [1, 0], [0.375, 0.625], [0.5, 0.5], [np.nan, np.nan]])
    got = information(cell_of(y, p), y)
    # the last is not scored, so a has 3/4 of the labels and b 1/4
    np.testing.assert_allclose(got, [0, np.log2(4 / 3), -1, 1, np.nan])


@pytest.mark.parametrize("seed", range(5))
def test_mean_information_is_the_cells_usable_information(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, 2, rng.integers(3, size=97)]
    p = rng.dirichlet([1, 1, 1], 100)
    p[::7] = np.nan
    cell, scored = cell_of(y, p), ~np.isnan(p[:, 0])
    got = np.nanmean(information(cell, y))
    prior = entropy(np.bincount(y[scored]), base=2)
    loss = log_loss(y[scored], p[scored], labels=[0, 1, 2]) / np.log(2)
    assert got == pytest.approx(prior - loss, abs=1e-6)
    assert got == pytest.approx(cell.usable_information_bits, abs=1e-6)


def test_a_probability_below_float32_stays_finite() -> None:
    y = np.array([0, 0, 1, 1])
    p = np.array([[1, 1e-150], [1e-150, 1], [0.5, 0.5], [0.5, 0.5]])
    cell = cell_of(y, p)
    assert cell.true_probability[1] == 0
    np.testing.assert_allclose(information(cell, y), [1, -148, 0, 0])


def test_a_constant_cell_has_no_information() -> None:
    y = np.array([0, 0, 1])
    assert np.isnan(information(constant_cell(y), y)).all()


# ---- cells that may vote


def test_cells_whose_interval_reaches_the_best_may_vote() -> None:
    y = np.arange(100) % 2
    # Wilson: 85 of 100 reaches to .907, 75 to .825
    cells = [with_accuracy(y, right, k) for k, right in enumerate((75, 85, 90))]
    assert names(good_cells(run_of(y, cells))) == ["cls_1", "cls_2"]
    # a cell chosen on inner folds, less flattered than the highest, is easier to reach
    run = run_of(y, cells, Evidence(best=best_of(0.82, 0.82)))
    assert names(good_cells(run)) == ["cls_0", "cls_1", "cls_2"]
    run = run_of(y, cells, Evidence(best=best_of(0.83, 0.83)))
    assert names(good_cells(run)) == ["cls_1", "cls_2"]


def test_a_cell_that_does_not_beat_one_class_for_all_may_not_vote() -> None:
    y = (np.arange(100) >= 70).astype(int)
    # Wilson: 79 of 100 begins at .700, 78 at .689
    assert good_cells(run_of(y, [with_accuracy(y, 78, 1)])) == ()
    assert names(good_cells(run_of(y, [with_accuracy(y, 80, 1)]))) == ["cls_1"]


def test_the_majority_is_that_of_the_scored_sentences() -> None:
    """Half of the scored sentences are a, while most of all sentences are."""
    y = np.r_[np.arange(40) % 2, np.zeros(160, dtype=int)]
    p = says(y, [0.9] * 200)
    p[:10] = p[:10, ::-1]
    p[40:] = np.nan
    assert cell_of(y, p).accuracy == 0.75
    assert len(good_cells(run_of(y, [cell_of(y, p)]))) == 1


def test_constant_cells_never_vote() -> None:
    y = np.arange(100) % 2
    blank = replace(constant_cell(y), accuracy=1.0, ci_low=0.99, ci_high=1.0)
    assert good_cells(run_of(y, [blank])) == ()
    # nor are they what the others must reach
    assert names(good_cells(run_of(y, [blank, with_accuracy(y, 75, 1)]))) == ["cls_1"]
    alone = hardest(run_of(y, [blank, with_accuracy(y, 75, 1)]), [blank])
    assert len(alone) == 0
    one = with_accuracy(y, 75, 1)
    run = run_of(y, [blank, one])
    pd.testing.assert_frame_equal(hardest(run, [blank, one]), hardest(run, [one]))


def test_balanced_accuracy_leads_where_it_has_intervals() -> None:
    y = (np.arange(100) >= 80).astype(int)
    low = {"balanced_low": 0.45, "balanced_high": 0.55}
    high = {"balanced_low": 0.55, "balanced_high": 0.75}
    best = best_of(0.7, 0.96)
    evidence = Evidence(metric="balanced_accuracy", best=best)
    cells = [replace(with_accuracy(y, 95, 1), **low), replace(with_accuracy(y, 70, 2), **high)]
    assert names(good_cells(run_of(y, cells, evidence))) == ["cls_2"]
    # against 1/2, one class for all by balanced accuracy, not against .8
    even = replace(cells[1], balanced_low=0.49)
    assert good_cells(run_of(y, [cells[0], even], evidence)) == ()
    # without an interval the score is both ends of it
    bare = [cell_of(y, says(y, [0.9] * 100), 1), with_accuracy(y, 95, 2)]
    assert names(good_cells(run_of(y, bare, Evidence(metric="balanced_accuracy")))) == ["cls_1"]


def test_no_cell_is_good_without_cells() -> None:
    y = np.arange(10) % 2
    assert good_cells(run_of(y, [])) == ()
    assert good_cells(run_of(y, [constant_cell(y)])) == ()


# ---- the hardest


def test_hardest_by_hand() -> None:
    """Sentence 2 has less probability than 0, but of a rarer label."""
    y = np.array([0, 0, 1, 1])
    p = np.array([[0.25, 0.75], [0.5, 0.5], [0.875, 0.125], [np.nan, np.nan]])
    q = np.array([[0.75, 0.25], [1, 0], [0.5, 0.5], [np.nan, np.nan]])
    run = run_of(y, [cell_of(y, p, 1), cell_of(y, q, 2)])
    got = hardest(run, run.probes)
    share = np.log2([2 / 3, 2 / 3, 1 / 3])
    assert list(got.columns) == [
        "row", "text", "label", "predicted", "probability", "information_bits", "wrong",
    ]  # fmt: skip
    assert got.index.tolist() == [0, 2, 1]
    assert got["row"].tolist() == [1, 7, 4]
    assert got["text"].tolist() == ["text 0", "text 2", "text 1"]
    assert got["label"].tolist() == ["a", "b", "a"]
    # sentence 0: one cell each way and equally sure, so the first class; 2: both a
    assert got["predicted"].tolist() == ["a", "a", "a"]
    np.testing.assert_allclose(got["probability"], [0.5, 0.3125, 0.75])
    bits = np.array([(np.log2(0.25) + np.log2(0.75)) / 2, -2, -0.5]) - share[[0, 2, 1]]
    np.testing.assert_allclose(got["information_bits"], bits, rtol=1e-6)
    assert got["wrong"].tolist() == [1, 2, 0]


def test_of_equally_many_votes_the_surer_counts() -> None:
    y = np.array([0, 1, 2])
    surer = says([1, 1, 2], [0.98, 1, 1], 3)
    less = says([0, 1, 2], [0.4, 1, 1], 3)
    cells = [cell_of(y, surer, 1), cell_of(y, less, 2)]
    assert hardest(run_of(y, cells), cells)["predicted"].tolist() == ["b", "b", "c"]
    # but two unsure ones outvote a sure one
    cells.append(cell_of(y, less, 3))
    assert hardest(run_of(y, cells), cells)["predicted"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("seed", range(3))
def test_hardest_by_brute_force(seed: int) -> None:
    run = random_run(120, 3, 4, seed)
    y = [run.sentences.classes.index(label) for label in run.sentences.labels or ()]
    scored = [i for i in range(120) if run.probes[0].predicted[i] >= 0]
    bits = {
        i: np.mean(
            [
                np.log2(c.true_probability[i] / (sum(y[j] == y[i] for j in scored) / len(scored)))
                for c in run.probes
            ]
        )
        for i in scored
    }
    order = sorted(scored, key=lambda i: bits[i])
    got = hardest(run, run.probes, most=30)
    assert got.index.tolist() == order[:30]
    np.testing.assert_allclose(got["information_bits"], [bits[i] for i in order[:30]], atol=1e-5)
    assert got["wrong"].tolist() == [
        sum(c.predicted[i] != y[i] for c in run.probes) for i in order[:30]
    ]
    assert hardest(run, run.probes, most=1000).index.tolist() == order


def test_hardest_is_of_the_good_cells_and_empty_without_any() -> None:
    y = np.arange(100) % 2
    good, poor = with_accuracy(y, 90, 1), with_accuracy(y, 50, 2)
    run = run_of(y, [good, poor])
    pd.testing.assert_frame_equal(hardest(run), hardest(run, [good]))
    assert hardest(run)["wrong"].max() == 1
    nothing = hardest(run_of(y, [poor]))
    assert list(nothing.columns) == list(hardest(run).columns)
    assert len(nothing) == 0


def test_equally_hard_sentences_keep_the_order_of_the_file() -> None:
    y = np.arange(60) % 2
    cell = with_accuracy(y, 30, 1)
    assert hardest(run_of(y, [cell]), [cell]).index.tolist() == [*range(30, 60), *range(20)]


# ---- labels that may be wrong


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


# ---- one cell, one sentence, two cells


def test_of_cell_lists_every_scored_sentence_in_order() -> None:
    y = np.array([0, 1, 1, 0])
    p = np.array([[0.75, 0.25], [np.nan, np.nan], [0.625, 0.375], [0.5, 0.5]])
    got = per_sentence.of_cell(run_of(y, [cell_of(y, p, 2, "mean")]), 2, "mean")
    assert got.index.tolist() == [0, 2, 3]
    assert got["row"].tolist() == [1, 7, 10]
    assert got["label"].tolist() == ["a", "b", "a"]
    assert got["predicted"].tolist() == ["a", "a", "a"]
    assert got["probability"].tolist() == [0.75, 0.375, 0.5]
    assert got["confidence"].tolist() == [0.75, 0.625, 0.5]
    assert got["right"].tolist() == [True, False, True]
    share = np.array([2 / 3, 1 / 3, 2 / 3])
    np.testing.assert_allclose(
        got["information_bits"], np.log2(got["probability"].to_numpy() / share)
    )


def test_of_a_constant_cell_the_figures_are_blank() -> None:
    y = np.array([0, 1, 0])
    got = per_sentence.of_cell(run_of(y, [constant_cell(y)]), 0, "cls")
    assert got["predicted"].tolist() == ["a", "a", "a"]
    assert got["right"].tolist() == [True, False, True]
    assert got[["probability", "confidence", "information_bits"]].isna().all(axis=None)


def test_a_sentences_path_through_the_layers() -> None:
    y = np.array([0, 1, 1])
    probes = [constant_cell(y)]
    for layer, pooling, p in ((1, "cls", 0.25), (0, "mean", 0.5), (1, "mean", 0.75)):
        values = np.array([[1 - p, p], [1 - p, p], [np.nan, np.nan]])
        probes.append(cell_of(y, values, layer, pooling))
    run = run_of(y, probes)
    expected = pd.DataFrame(
        [[np.nan, 0.5], [0.25, 0.75]],
        pd.Index([0, 1], name="layer"),
        pd.Index(["cls", "mean"], name="pooling"),
    )
    pd.testing.assert_frame_equal(by_cell(run, 1), expected)
    assert by_cell(run, 0).loc[1, "cls"] == 0.75
    assert by_cell(run, 2).isna().all(axis=None)
    for index in (-1, 3):
        with pytest.raises(SettingsError, match=rf"no sentence {index}; this run has 3"):
            by_cell(run, index)


@pytest.mark.parametrize("seed", range(3))
def test_cross_table_by_brute_force(seed: int) -> None:
    run = random_run(200, 3, 8, seed)
    a, b = run.cell(3, "cls"), run.cell(0, "pooled")
    # let each miss some that the other scored
    a, b = (
        replace(c, predicted=np.where(np.arange(200) % 7 == k, -1, c.predicted).astype(np.int32))
        for k, c in enumerate((a, b))
    )
    run = replace(run, probes=(a, b))
    label = [run.sentences.classes.index(name) for name in run.sentences.labels or ()]
    quarters: dict[str, list[int]] = {"both": [], "only_a": [], "only_b": [], "neither": []}
    for i in range(200):
        if a.predicted[i] >= 0 and b.predicted[i] >= 0:
            right = (a.predicted[i] == label[i], b.predicted[i] == label[i])
            name = {(1, 1): "both", (1, 0): "only_a", (0, 1): "only_b", (0, 0): "neither"}
            quarters[name[right]].append(i)
    got = cross_table(run, 3, "cls", 0, "pooled")
    assert (got.a, got.b) == ("cls_3", "pooled_0")
    assert got.counts == (
        (len(quarters["both"]), len(quarters["only_a"])),
        (len(quarters["only_b"]), len(quarters["neither"])),
    )
    assert all(quarters.values())
    for which, expected in quarters.items():
        frame = quarter(run, got, which)  # type: ignore[arg-type]
        assert frame.index.tolist() == expected
        assert frame["row"].tolist() == [3 * i + 1 for i in expected]
        assert frame["predicted_a"].tolist() == ["abc"[a.predicted[i]] for i in expected]
        assert frame["predicted_b"].tolist() == ["abc"[b.predicted[i]] for i in expected]


# ---- what holds everywhere


def frames(run: Run) -> dict[str, pd.DataFrame]:
    """Every table that lists sentences."""
    a, b = run.probes[0], run.probes[1]
    table = cross_table(run, a.layer, a.pooling, b.layer, b.pooling)
    quarters: tuple[Quarter, ...] = ("both", "only_a", "only_b", "neither")
    everything = len(run.sentences)
    return {
        "hardest": hardest(run, most=everything),
        "suspects": suspects(run, most=everything),
        "of_cell": per_sentence.of_cell(run, a.layer, a.pooling),
        **{which: quarter(run, table, which) for which in quarters},
    }


def test_sentences_that_were_not_scored_never_appear() -> None:
    run = random_run(300, 2, 7, 0)
    scored = set(np.flatnonzero(run.probes[0].scored).tolist())
    assert len(scored) < 270
    for name, frame in frames(run).items():
        assert set(frame.index) <= scored, name
    assert set(frames(run)["hardest"].index) == scored


def test_texts_and_labels_pass_through_unchanged() -> None:
    y = np.arange(36) % 6
    wrong = np.where(np.arange(36) < 6, (y + 1) % 6, y)
    cell = cell_of(y, says(wrong, [0.95] * 36, 6))
    run = run_of(y, [cell, replace(cell, layer=2)])
    sentences = Sentences(texts=HOSTILE * 6, labels=HOSTILE * 6)
    run = replace(run, sentences=sentences)
    for name, frame in frames(run).items():
        assert frame["text"].tolist() == [sentences.texts[i] for i in frame.index], name
        assert all(type(text) is str for text in frame["text"])
        assert frame["label"].tolist() == [sentences.texts[i] for i in frame.index], name
        for column in {"predicted", "suggested", "predicted_a"} & set(frame.columns):
            assert set(frame[column]) <= set(HOSTILE), name


# ---- numbers


def numeric_run(true: np.ndarray, cells: Sequence[RegressionResult]) -> Run:
    """Every third row of the file was used; numbers with a decimal comma."""
    labels = tuple(f"{value:.2f}".replace(".", ",") for value in true)
    texts = tuple(f"text {i}" for i in range(len(true)))
    sentences = Sentences(texts, labels, rows=tuple(3 * i + 1 for i in range(len(true))))
    return Run({"id": "0" * 32}, sentences, (), (), regressions=tuple(cells))


def regression(
    predicted: Sequence[float], r2: float, low: float, high: float, layer: int, **own: Any
) -> RegressionResult:
    values = {"spearman": 0.5, "C": 1.0, "constant": False, "pooling": "cls", **own}
    n = int(np.isfinite(predicted).sum())
    return RegressionResult(
        r2=r2, ci_low=low, ci_high=high, n=n, layer=layer, predicted=np.array(predicted), **values
    )


TRUE = np.array([0.5, 1.5, 2.5, 3.5, 4.5])
GUESSES = (
    regression([0.5, 3.5, 2.0, 3.5, np.nan], 0.6, 0.4, 0.8, 1),
    regression([1.5, 2.5, 1.0, 3.5, np.nan], 0.5, 0.1, 0.7, 2),
    regression([9.5, 9.5, 9.5, 9.5, np.nan], -5.0, -6.0, 0.9, 3),
    regression([2.0, 2.0, 2.0, 2.0, np.nan], 0.9, 0.8, 0.95, 0, constant=True),
)


def test_which_regressions_are_good() -> None:
    cells = [
        *GUESSES,
        regression(TRUE.tolist(), 0.3, 0.1, 0.59, 4),  # does not reach .6
        regression(TRUE.tolist(), 0.3, 0.0, 0.7, 5),  # may be no better than the mean
    ]
    run = numeric_run(TRUE, cells)
    assert [cell.layer for cell in good_cells(run)] == [1, 2]
    assert [cell.layer for cell in good_cells(numeric_run(TRUE, cells[2:]))] == [4]
    bare = [replace(cell, ci_low=None, ci_high=None) for cell in cells]
    assert [cell.layer for cell in good_cells(numeric_run(TRUE, bare))] == [1]


def test_the_hardest_numbers_are_those_missed_by_most() -> None:
    run = numeric_run(TRUE, GUESSES)
    got = hardest(run)
    # mean absolute errors 0.5, 1.5, 1.0, 0
    assert list(got.columns) == ["row", "text", "label", "predicted", "error"]
    assert got.index.tolist() == [1, 2, 0, 3]
    assert got["row"].tolist() == [4, 7, 1, 10]
    assert got["label"].tolist() == ["1,50", "2,50", "0,50", "3,50"]
    assert got["predicted"].tolist() == [3.0, 1.5, 1.0, 3.5]
    assert got["error"].tolist() == [1.5, 1.0, 0.5, 0.0]
    assert hardest(run, most=1).index.tolist() == [1]
    assert hardest(run, [GUESSES[1]]).index.tolist() == [2, 0, 1, 3]
    assert len(hardest(numeric_run(TRUE, GUESSES[2:]))) == 0


def test_predictions_and_errors_of_a_numeric_cell() -> None:
    run = numeric_run(TRUE, GUESSES)
    got = per_sentence.of_cell(run, 2, "cls")
    assert list(got.columns) == ["row", "text", "label", "predicted", "error"]
    assert got.index.tolist() == [0, 1, 2, 3]
    assert got["predicted"].tolist() == [1.5, 2.5, 1.0, 3.5]
    assert got["error"].tolist() == [1.0, 1.0, -1.5, 0.0]
    by_size = per_sentence.largest_errors(run, 2, "cls")
    assert by_size.index.tolist() == [2, 0, 1, 3]
    assert by_size["error"].tolist() == [-1.5, 1.0, 1.0, 0.0]
    assert per_sentence.largest_errors(run, 2, "cls", most=2).index.tolist() == [2, 0]
    with pytest.raises(KeyError, match="no probe on mean at layer 2"):
        per_sentence.of_cell(run, 2, "mean")


def test_the_path_of_a_number() -> None:
    path = by_cell(numeric_run(TRUE, GUESSES), 1)
    assert path.index.tolist() == [0, 1, 2, 3]
    assert path["cls"].tolist() == [2.0, 3.5, 2.5, 9.5]
    assert by_cell(numeric_run(TRUE, GUESSES), 4).isna().all(axis=None)


def test_what_needs_classes_refuses_numbers() -> None:
    run = numeric_run(TRUE, GUESSES)
    refused = {
        "list of labels that may be wrong needs classes": lambda: suspects(run),
        "may be wrong needs classes": lambda: about_suspects(run),
        "right and wrong needs classes": lambda: cross_table(run, 1, "cls", 2, "cls"),
    }
    for words, ask in refused.items():
        with pytest.raises(SettingsError, match=rf"{words}; .* Look at the largest errors"):
            ask()
    y = np.arange(10) % 2
    with pytest.raises(SettingsError, match="the labels of this run are no numbers"):
        per_sentence.largest_errors(run_of(y, [with_accuracy(y, 9, 1)]), 1, "cls")


def test_nothing_is_changed_in_the_run() -> None:
    run = random_run(100, 3, 7, 1)
    before = [(c.predicted.copy(), c.true_probability.copy()) for c in run.probes]
    frames(run)
    for cell, (predicted, p) in zip(run.probes, before, strict=True):
        np.testing.assert_array_equal(cell.predicted, predicted)
        np.testing.assert_array_equal(cell.true_probability, p)


def test_five_thousand_sentences_take_less_than_a_second() -> None:
    run = random_run(5_000, 4, 21, 0)
    frames(random_run(50, 2, 2, 0))  # imports pandas
    began = time.process_time()
    frames(run)
    about_suspects(run)
    by_cell(run, 4_999)
    assert time.process_time() - began < 1


def test_importing_it_is_light(environment: dict[str, str]) -> None:
    heavy = {"torch", "sklearn", "scipy", "plotly", "pandas", "transformers", "umap"}
    assert not loaded("import probing.per_sentence", environment) & heavy


def test_without_labels_it_says_what_to_do() -> None:
    y = np.zeros(0, dtype=int)
    run = replace(run_of(y, []), sentences=Sentences(texts=("one", "two")))
    assert good_cells(run) == ()
    with pytest.raises(SettingsError, match=r"this run has none\. Name a label column"):
        hardest(run)
    with pytest.raises(SettingsError, match="wrong needs labels"):
        suspects(run)
