"""Folds: no copy on both sides, no test row in a choice, few sentences told about."""

import numpy as np
import pytest

from probing.errors import DataError, SettingsError
from probing.probes.folds import (
    Plan,
    cross_validation,
    duplicate_groups,
    duplicate_notices,
    fold_text,
    given_split,
    usable_classes,
)


def sample(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and groups, every third sentence or so a copy of an earlier one."""
    rng = np.random.default_rng(seed)
    groups = np.unique(rng.integers(2 * n // 3, size=n), return_inverse=True)[1]
    y = rng.integers(classes, size=groups.max() + 1)[groups]
    return y, groups


def check_sound(plan: Plan, n: int, groups: np.ndarray, y: np.ndarray) -> None:
    tests = np.concatenate([fold.test for fold in plan.folds])
    assert sorted(tests) == list(range(n))
    for fold in plan.folds:
        assert sorted([*fold.train, *fold.test]) == list(range(n))
        assert not set(groups[fold.train]) & set(groups[fold.test])
        held = [row for _, part in fold.inner for row in part]
        assert len(held) == len(set(held))
        for train, part in fold.inner:
            assert not set(groups[train]) & set(groups[part])
            assert set(train) | set(part) == set(fold.train)
            assert len(np.unique(y[train])) > 1


@pytest.mark.parametrize("seed", range(8))
def test_parts_are_disjoint_cover_all_and_keep_copies_together(seed: int) -> None:
    y, groups = sample(90, 2 + seed % 3, seed)
    plan = cross_validation(y, groups, 5, seed)
    check_sound(plan, 90, groups, y)
    assert len(plan.folds) == 5
    assert plan.description == "5-fold cross-validation"
    assert all(len(fold.inner) == 3 for fold in plan.folds)


def test_the_check_above_can_fail() -> None:
    """The same plan for other groups has copies on both sides."""
    y, groups = sample(90, 2, 0)
    plan = cross_validation(y, groups, 5, 0)
    with pytest.raises(AssertionError):
        check_sound(plan, 90, np.arange(90) // 2, y)


def test_copies_are_found_behind_case_and_white_space() -> None:
    texts = [
        "The film",
        "the  FILM ",
        "\tthe\nfilm",
        "a film",
        "STRASSE",
        "straße",
        "the film\u00a0",
    ]
    assert duplicate_groups(texts).tolist() == [0, 0, 0, 1, 2, 2, 0]
    assert fold_text("The\u2003Film\n") == "the film"
    assert fold_text("thefilm") != fold_text("the film")


def test_classes_are_spread_evenly() -> None:
    y = np.repeat([0, 1, 2], [50, 30, 10])
    plan = cross_validation(y, np.arange(90), 5, 0)
    for fold in plan.folds:
        assert np.bincount(y[fold.test]).tolist() == [10, 6, 2]


def same(one: Plan, two: Plan) -> bool:
    return all(
        np.array_equal(a.test, b.test)
        and all(
            np.array_equal(p, q)
            for x, z in zip(a.inner, b.inner, strict=True)
            for p, q in zip(x, z, strict=True)
        )
        for a, b in zip(one.folds, two.folds, strict=True)
    )


def test_the_seed_decides() -> None:
    y, groups = sample(60, 2, 0)
    assert same(cross_validation(y, groups, 5, 3), cross_validation(y, groups, 5, 3))
    assert not same(cross_validation(y, groups, 5, 3), cross_validation(y, groups, 5, 4))


@pytest.mark.parametrize("smallest", [2, 3, 4])
def test_a_small_class_makes_for_fewer_folds(smallest: int) -> None:
    y = np.repeat([0, 1], [40, smallest])
    plan = cross_validation(y, np.arange(len(y)), 5, 0)
    assert len(plan.folds) == smallest
    assert all((y[fold.test] == 1).sum() == 1 for fold in plan.folds)
    assert plan.notices == (
        f"The smallest class has {smallest} distinct sentences, so there are {smallest} folds "
        "instead of 5.",
    )
    check_sound(plan, len(y), np.arange(len(y)), y)


def test_enough_sentences_need_no_notice() -> None:
    y = np.repeat([0, 1], [40, 5])
    plan = cross_validation(y, np.arange(45), 5, 0)
    assert (len(plan.folds), plan.notices) == (5, ())


def test_copies_do_not_make_a_class_larger() -> None:
    y = np.repeat([0, 1], [40, 9])
    groups = np.r_[np.arange(40), [40] * 5, [41] * 4]
    assert len(cross_validation(y, groups, 5, 0).folds) == 2
    assert usable_classes(["a", "a", "b", "b"], np.array([0, 1, 2, 2])) == {"a"}


@pytest.mark.parametrize("folds", [1, 0, 21])
def test_a_wrong_number_of_folds(folds: int) -> None:
    with pytest.raises(SettingsError, match="must be between 2 and 20"):
        cross_validation(np.repeat([0, 1], 10), np.arange(20), folds, 0)


@pytest.mark.parametrize("seed", range(6))
def test_texts_that_occur_with_every_label(seed: int) -> None:
    """Each of a few texts stands there with all three labels: there is no class to stratify by."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(5), 4)
    y = np.concatenate([[0, 1, 2, extra] for extra in rng.permutation([0, 1, 2, 0, 1])])
    plan = cross_validation(y, groups, 5, seed)
    check_sound(plan, 20, groups, y)


def test_conflicts_are_told_apart_from_repeats() -> None:
    groups, y = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1])
    repeats, conflicts = duplicate_notices(groups, y)
    assert repeats.startswith("2 sentences repeat an earlier one")
    assert conflicts.startswith("1 text occurs with different labels")
    assert duplicate_notices(np.arange(5), y) == ()


SPLITS = ["train"] * 20 + ["dev"] * 6 + ["test"] * 8


def test_a_given_split_is_kept() -> None:
    y = np.arange(34) % 2
    plan = given_split(y, np.arange(34), SPLITS, 0)
    (fold,) = plan.folds
    assert fold.train.tolist() == list(range(20))
    assert fold.test.tolist() == list(range(26, 34))
    ((train, dev),) = fold.inner
    assert (train.tolist(), dev.tolist()) == (list(range(20)), list(range(20, 26)))
    assert plan.description == ("given split: fitted on 20 train, C chosen on dev, scored on test")
    assert plan.notices == ()


def test_without_dev_c_comes_from_inner_folds_of_train() -> None:
    y = np.arange(28) % 2
    plan = given_split(y, np.arange(28), ["train"] * 20 + ["test"] * 8, 0)
    (fold,) = plan.folds
    assert len(fold.inner) == 3
    assert {row for pair in fold.inner for part in pair for row in part} == set(range(20))
    assert "C chosen by inner folds of train, scored on test" in plan.description


def test_without_test_dev_is_scored_and_chooses_nothing() -> None:
    y = np.arange(26) % 2
    (fold,) = given_split(y, np.arange(26), ["train"] * 20 + ["dev"] * 6, 0).folds
    assert fold.test.tolist() == list(range(20, 26))
    assert {row for pair in fold.inner for part in pair for row in part} == set(range(20))


def test_test_sentences_that_stand_in_train_are_told() -> None:
    y, groups = np.arange(34) % 2, np.arange(34)
    groups[[26, 28]] = groups[[0, 2]]
    (notice,) = given_split(y, groups, SPLITS, 0).notices
    assert notice.startswith("2 of 8 test sentences also stand in train")


@pytest.mark.parametrize("splits", [["train"] * 4, ["test"] * 4, ["dev", "dev", "test", "test"]])
def test_a_split_without_both_sides(splits: list[str]) -> None:
    with pytest.raises(DataError, match=r"both are needed.*--split none"):
        given_split(np.array([0, 1, 0, 1]), np.arange(4), splits, 0)


def test_a_split_with_nothing_to_learn() -> None:
    with pytest.raises(DataError, match=r"all train sentences .* have the same label"):
        given_split(np.array([0, 0, 0, 1]), np.arange(4), ["train"] * 3 + ["test"], 0)
