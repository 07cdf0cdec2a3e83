"""Views of a run sentence by sentence: by hand, by brute force, and on planted mistakes."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from probing import per_sentence
from probing.cross_table import Quarter, cross_table, quarter
from probing.errors import SettingsError
from probing.per_sentence import by_cell, hardest
from probing.record import Run
from probing.sentences import Sentences
from probing.suspects import about_suspects, suspects
from probing.voters import good_cells
from tests.answered import (
    GUESSES,
    HOSTILE,
    TRUE,
    cell_of,
    constant_cell,
    numeric_run,
    random_run,
    run_of,
    says,
    with_accuracy,
)
from tests.test_imports import loaded

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


# ---- one cell, one sentence


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
    assert not loaded("import probing.suspects, probing.cross_table", environment) & heavy


def test_without_labels_it_says_what_to_do() -> None:
    y = np.zeros(0, dtype=int)
    run = replace(run_of(y, []), sentences=Sentences(texts=("one", "two")))
    assert good_cells(run) == ()
    with pytest.raises(SettingsError, match=r"this run has none\. Name a label column"):
        hardest(run)
    with pytest.raises(SettingsError, match="wrong needs labels"):
        suspects(run)
