"""Sentences made ready: what is left out and told, and what cannot be probed at all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from probing.errors import DataError, SettingsError
from probing.preparation import from_lists, prepare
from probing.sentences import Dropped, Sentences, Source
from probing.settings import Settings


def texts(n: int) -> tuple[str, ...]:
    return tuple(f"sentence number {i}" for i in range(n))


def given(labels: Sequence[str] | None, splits: Sequence[str] | None = None, **more: Any) -> Any:
    n = len(labels if labels is not None else splits or ())
    return Sentences(
        texts=more.pop("texts", texts(n)),
        labels=None if labels is None else tuple(labels),
        splits=None if splits is None else tuple(splits),
        source=Source(label_column="kind", rows_read=n),
        **more,
    )


def test_class_numbers_follow_the_sorted_classes() -> None:
    task = prepare(given(["b", "a", "c"] * 4), Settings())
    assert task.y is not None
    assert task.y.tolist() == [1, 0, 2] * 4
    assert task.plan is not None
    assert len(task.plan.folds) == 4  # as many as the smallest class has sentences


def test_a_class_with_one_sentence_is_left_out_with_its_row() -> None:
    rows = tuple(range(10, 22))
    task = prepare(given(["a"] * 6 + ["rare"] + ["b"] * 5, rows=rows), Settings())
    assert task.sentences.classes == ("a", "b")
    assert task.sentences.rows == (*range(10, 16), *range(17, 22))
    (dropped,) = task.sentences.source.dropped
    assert (dropped.reason, dropped.rows) == ("class with a single sentence", (16,))
    assert task.y is not None
    assert task.y.tolist() == [0] * 6 + [1] * 5


def test_a_class_whose_sentences_are_copies_is_left_out_too() -> None:
    same = (*texts(6), "Twice  the same", "twice the SAME")
    task = prepare(given(["a", "b"] * 3 + ["copied"] * 2, texts=same), Settings())
    assert task.sentences.source.dropped[-1].rows == (6, 7)
    assert task.sentences.classes == ("a", "b")


def test_what_the_reader_dropped_stays_listed() -> None:
    earlier = Dropped("blank text", (99,), (101,))
    sentences = given(["a"] * 4 + ["b"] * 4 + ["rare"])
    source = Source(dropped=(earlier,), rows_read=10)
    with_source = Sentences(sentences.texts, sentences.labels, source=source)
    assert prepare(with_source, Settings()).sentences.source.dropped[0] == earlier


def test_nothing_is_dropped_where_all_can_be_used() -> None:
    sentences = given(["a", "b"] * 5)
    assert prepare(sentences, Settings()).sentences is sentences


def test_one_class_is_an_error_that_says_what_can_still_be_shown() -> None:
    with pytest.raises(DataError, match=r"'kind' of .* says 'a' for all 5 .*maps need no label"):
        prepare(given(["a"] * 5), Settings())


def test_all_classes_but_one_too_small() -> None:
    said = "of the 3 classes in column 'kind' only 1 has two different"
    with pytest.raises(DataError, match=said):
        prepare(given(["a"] * 5 + ["b", "c"]), Settings())


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_sentences(n: int) -> None:
    with pytest.raises(DataError, match=rf"there is {n} sentence to use.*at least two"):
        prepare(given(["a"] * n), Settings())


def test_without_labels_there_is_no_plan() -> None:
    task = prepare(Sentences(texts(3)), Settings())
    assert (task.y, task.plan) == (None, None)
    assert task.notices == ("There are no labels: no probes, only maps.",)


def test_a_split_column_is_used() -> None:
    task = prepare(given(["a", "b"] * 10, ["train"] * 14 + ["test"] * 6), Settings())
    assert task.plan is not None
    assert task.plan.folds[0].test.tolist() == list(range(14, 20))
    assert task.plan.description.startswith("given split: fitted on 14 train")


def test_a_class_that_train_lacks_is_left_out() -> None:
    labels = ["a", "b"] * 5 + ["new", "a", "new", "b"]
    task = prepare(given(labels, ["train"] * 10 + ["test"] * 4), Settings())
    assert task.sentences.source.dropped[-1] == Dropped(
        "class that train does not have", (10, 12), ()
    )
    assert task.plan is not None
    assert task.plan.folds[0].test.tolist() == [10, 11]


def test_a_split_that_says_train_everywhere_is_none() -> None:
    task = prepare(given(["a", "b"] * 10, ["train"] * 20), Settings())
    assert task.plan is not None
    assert len(task.plan.folds) == 5
    assert "says train everywhere" in task.notices[-1]


def test_a_split_without_train_says_so() -> None:
    """And not that the classes are too small."""
    with pytest.raises(DataError, match=r"split.*train"):
        prepare(given(["a", "b"] * 10, ["test"] * 20), Settings())


def test_a_split_whose_train_has_one_label_says_so() -> None:
    splits = ["train" if i % 2 else "test" for i in range(20)]
    with pytest.raises(DataError, match=r"all train sentences .*same label"):
        prepare(given(["a", "b"] * 10, splits), Settings())


def test_repeats_and_conflicts_are_told() -> None:
    same = ("Good", "good ", *texts(10))
    task = prepare(given(["a", "b"] * 6, texts=same), Settings())
    assert any("1 sentence repeats" in notice for notice in task.notices)
    assert any("1 text occurs with different labels" in notice for notice in task.notices)


def test_the_seed_and_the_folds_are_those_of_the_settings() -> None:
    sentences = given(["a", "b"] * 20)

    def tests(**choices: Any) -> list[list[int]]:
        plan = prepare(sentences, Settings(**choices)).plan
        assert plan is not None
        return [fold.test.tolist() for fold in plan.folds]

    assert tests(seed=1) == tests(seed=1) != tests(seed=2)
    assert len(tests(folds=3)) == 3


# ---- numbers


def scores(n: int) -> list[str]:
    """n different numbers in no order, none of them whole."""
    return [f"{(i * 37) % 101 / 8 + 0.01 * i:.3f}" for i in range(n)]


def test_many_numbers_become_a_target_and_no_classes() -> None:
    task = prepare(given(scores(40)), Settings())
    assert task.y is None
    assert task.target is not None
    assert task.target.dtype == np.float64
    assert task.target.tolist() == [float(score) for score in scores(40)]
    assert task.plan is not None
    assert task.plan.description == "5-fold cross-validation"
    assert "40 different numbers. They are probed as numbers" in task.notices[0]


def test_up_to_twenty_numbers_are_classes_unless_asked() -> None:
    few = [str(i % 20) for i in range(100)]
    task = prepare(given(few), Settings())
    assert task.target is None
    assert task.y is not None
    asked = prepare(given(few), Settings(target="numbers"))
    assert asked.y is None
    assert asked.target is not None
    assert asked.target.tolist() == [i % 20 for i in range(100)]
    assert prepare(given([str(i % 21) for i in range(105)]), Settings()).target is not None


def test_many_numbers_are_classes_where_asked() -> None:
    task = prepare(given([str(i % 30) for i in range(300)]), Settings(target="classes"))
    assert task.target is None
    assert task.y is not None
    assert len(np.unique(task.y)) == 30


def test_every_fold_has_alike_numbers() -> None:
    task = prepare(given(scores(100)), Settings(seed=3))
    assert task.plan is not None
    assert task.target is not None
    ranks = task.target.argsort().argsort()
    for fold in task.plan.folds:
        assert np.bincount(ranks[fold.test] // 20, minlength=5).tolist() == [4] * 5
        assert len(fold.inner) == 3


def test_copies_with_different_numbers_are_told_and_stay_together() -> None:
    labels = scores(30)
    same = ("Good", *texts(28), "good ")
    task = prepare(given(labels, texts=same), Settings())
    assert any("1 sentence repeats an earlier one" in notice for notice in task.notices)
    assert any("1 text occurs with different numbers; no probe" in n for n in task.notices)
    assert task.plan is not None
    assert all((0 in fold.test) == (29 in fold.test) for fold in task.plan.folds)
    alike = prepare(given([*labels[:29], labels[0]], texts=same), Settings())
    assert not any("different numbers; no" in notice for notice in alike.notices)


def test_a_split_is_used_for_numbers() -> None:
    splits = ["train"] * 30 + ["dev"] * 10 + ["test"] * 10
    task = prepare(given(scores(50), splits), Settings())
    assert task.plan is not None
    (fold,) = task.plan.folds
    assert fold.train.tolist() == list(range(30))
    assert fold.test.tolist() == list(range(40, 50))
    assert [held.tolist() for _, held in fold.inner] == [list(range(30, 40))]


def test_numbers_whose_split_says_train_everywhere_are_cross_validated() -> None:
    task = prepare(given(scores(40), ["train"] * 40), Settings())
    assert task.plan is not None
    assert len(task.plan.folds) == 5
    assert "says train everywhere" in task.notices[-1]


# ---- lists


def test_lists_become_sentences() -> None:
    got = from_lists(["one", "two", "three"], [1, True, None if False else "x"])
    assert got.texts == ("one", "two", "three")
    assert got.labels == ("1", "True", "x")
    assert got.rows == (0, 1, 2)
    assert (got.source.name, got.source.rows_read) == ("texts", 3)


def test_arrays_and_their_types_are_taken() -> None:
    got = from_lists(np.array(["one", "two"]), np.array([7, 8]))  # type: ignore[arg-type]
    assert got.texts == ("one", "two")
    assert got.labels == ("7", "8")


def test_blank_texts_are_left_out_with_their_rows() -> None:
    got = from_lists(["one", " ", "two", "\n", ""], list("abcde"))
    assert (got.texts, got.labels, got.rows) == (("one", "two"), ("a", "c"), (0, 2))
    assert got.source.dropped == (Dropped("blank text", (1, 3, 4), ()),)
    assert got.source.rows_read == 5


@pytest.mark.parametrize("labels", [None, ["a", "a", "b", "b"]])
def test_nothing_but_blank_texts_is_an_error_and_not_a_run(labels: list[str] | None) -> None:
    with pytest.raises(DataError, match=r"there is 0 sentence|no text|blank"):
        prepare(from_lists([" ", "", "\t", "\n"], labels), Settings())


def test_missing_labels_are_left_out_and_no_class_of_their_own() -> None:
    got = from_lists(["one", "two", "three", "four"], ["a", None, float("nan"), " "])
    assert got.labels == ("a",)
    assert got.source.dropped[-1].reason == "missing label"
    assert got.source.dropped[-1].rows == (1, 2, 3)


def test_one_string_is_not_a_list_of_sentences() -> None:
    with pytest.raises(DataError, match="texts is one string; give a list"):
        from_lists("a sentence", None)


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(DataError, match="there are 2 texts and 3 labels; give one label a text"):
        from_lists(["one", "two"], ["a", "b", "c"])


# ---- settings


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"poolings": ("max",)}, "poolings is max; choose one or more of cls, pooled, mean"),
        ({"poolings": ()}, "poolings is nothing; choose"),
        ({"folds": 1}, "folds is 1; it must be between 2 and 20"),
        ({"folds": 21}, "folds is 21"),
        ({"seed": -1}, "seed is -1; it must be between 0 and 4294967295"),
        ({"maps": "some"}, "maps is some; choose one of none, last, all"),
        ({"target": "ranks"}, "target is ranks; choose one of auto, classes, numbers"),
    ],
)
def test_settings_out_of_range(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**choice)


def test_poolings_come_once_and_in_the_usual_order() -> None:
    assert Settings(poolings=("mean", "cls", "mean")).poolings == ("cls", "mean")
    assert Settings(poolings=["mean"]).to_json()["poolings"] == ["mean"]  # type: ignore[arg-type]
