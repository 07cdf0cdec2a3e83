"""Single sentences through the layers, and a run's sentences searched."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from probing import paths
from probing.errors import SettingsError
from probing.record import Run
from probing.representations import Representations
from probing.sentence_table import RIGHT, WRONG, Filter, table
from probing.sentences import Sentences
from tests.figures.made import N, Y, made, made_of_numbers


@pytest.fixture
def run() -> Run:
    """Predictions at random, and vectors whose first dimension is large."""
    found, rng = made(4), np.random.default_rng(3)
    for probe in found.probes:
        predicted = np.where(rng.uniform(size=N) < 0.7, Y, (Y + 1) % 5).astype(np.int32)
        predicted[:7] = -1
        object.__setattr__(probe, "predicted", predicted)
    x = rng.normal(size=(5, N, 8)).astype(np.float32)
    x[:, :, 0] = x[:, :, 0] * 20 + 50
    x[0] = 1.0
    return replace(found, representations=Representations({"cls": x}))


def test_right_from_is_the_start_of_the_last_unbroken_row(run: Run) -> None:
    found = paths.right_from(run, "mean")
    for i in range(N):
        expected = paths.NEVER
        for layer in range(4, -1, -1):
            if run.cell(layer, "mean").predicted[i] != Y[i]:
                break
            expected = layer
        assert found[i] == expected
    assert len(set(found.tolist())) == 6


def test_right_from_needs_classes_and_the_pooling(run: Run) -> None:
    with pytest.raises(SettingsError, match="asked of classes"):
        paths.right_from(made_of_numbers(), "cls")
    with pytest.raises(SettingsError, match="no probes on the pooling 'max'"):
        paths.right_from(run, "max")


def test_what_a_sentence_is_taken_for(run: Run) -> None:
    found = paths.predicted(run, 20)
    for probe in run.probes:
        assert found.loc[probe.layer, probe.pooling] == f"class {probe.predicted[20]}"
    assert (paths.predicted(run, 3) == "").all(axis=None)


@pytest.mark.parametrize("z", [False, True])
def test_neighbours_are_scikit_learns(run: Run, z: bool) -> None:
    assert run.representations is not None
    x = run.representations.cell(3, "cls").astype(np.float64)
    expected = cosine_similarity(StandardScaler().fit_transform(x) if z else x)[11]
    expected[11] = -2
    found = paths.nearest_to(run, 11, 3, "cls", z=z, most=5)
    assert list(found.index) == list(np.argsort(-expected)[:5])
    assert found["cosine"].to_numpy() == pytest.approx(np.sort(expected)[::-1][:5])
    assert list(found["text"]) == [f"sentence {i}" for i in found.index]
    assert list(found["label"]) == [f"class {Y[i]}" for i in found.index]


def test_neighbours_are_the_same_in_blocks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = paths.nearest_to(run, 5, 2, "cls", z=True)
    monkeypatch.setattr(paths, "_BLOCK", 37)
    assert paths.nearest_to(run, 5, 2, "cls", z=True).equals(whole)


def test_neighbours_that_cannot_be_had(run: Run) -> None:
    for run_, index, layer, pooling, message in (
        (run, 5, 0, "cls", "same for every sentence"),
        (run, 5, 9, "cls", "no vectors of 'cls' at layer 9"),
        (run, 5, 1, "mean", "no vectors of 'mean'"),
        (run, N, 1, "cls", f"no sentence {N}"),
        (made(), 5, 1, "cls", "without its vectors"),
    ):
        with pytest.raises(SettingsError, match=message):
            paths.nearest_to(run_, index, layer, pooling)


# ---- the table


def test_the_table_holds_all_scored_sentences(run: Run) -> None:
    found = table(run, 4, "mean")
    assert list(found.index) == list(range(7, N))
    since = paths.right_from(run, "mean")
    wrong = found["right_from"].isna().to_numpy()
    assert (wrong == ~found["right"].to_numpy(dtype=bool)).all()
    assert (found["right_from"][~wrong].to_numpy(dtype=int) == since[7:][~wrong]).all()


def test_filters_narrow_together(run: Run) -> None:
    everything = table(run, 2, "cls")
    right = table(run, 2, "cls", Filter(right=RIGHT))
    wrong = table(run, 2, "cls", Filter(right=WRONG))
    assert right["right"].all()
    assert not wrong["right"].any()
    assert len(right) + len(wrong) == len(everything)
    some = table(run, 2, "cls", Filter("SENTENCE 11", ("class 1", "class 2"), WRONG))
    assert len(some)
    assert set(some["label"]) <= {"class 1", "class 2"}
    assert some["text"].str.contains("11").all()
    assert not some["right"].any()


def test_a_search_is_for_words_not_for_patterns(run: Run) -> None:
    assert table(run, 2, "cls", Filter("sentence .*")).empty
    assert table(run, 2, "cls", Filter("(")).empty
    assert list(table(run, 2, "cls", Filter("#42"))["row"]) == [42]


def test_numbers_and_no_labels_have_their_tables() -> None:
    assert list(table(made_of_numbers(), 2, "cls").columns) == [
        "row", "text", "label", "predicted", "error"
    ]  # fmt: skip
    bare = Run({"id": "0"}, Sentences(("one", "two")), (), ())
    assert list(table(bare, 0, "cls", Filter("TWO"))["text"]) == ["two"]
