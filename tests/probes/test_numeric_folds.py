"""Folds for numbers: alike, without copies on both sides, and independent of what is scored."""

import numpy as np
import pytest

from probing.errors import DataError
from probing.probes.numeric_folds import cross_validation, duplicate_notices, given_split


def numbers(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(size=n)


def test_each_sentence_is_scored_once_and_never_learnt_from() -> None:
    t = numbers(103)
    plan = cross_validation(t, np.arange(103), 5, 0)
    assert sorted(np.concatenate([fold.test for fold in plan.folds])) == list(range(103))
    for fold in plan.folds:
        assert sorted([*fold.train, *fold.test]) == list(range(103))
        for train, held in fold.inner:
            assert sorted([*train, *held]) == sorted(fold.train)
    assert plan.notices == ()


def test_folds_are_more_alike_than_at_random() -> None:
    t = np.random.default_rng(1).normal(size=100)
    by_chance = np.random.default_rng(0)

    def spread(tests: list[np.ndarray]) -> float:
        return float(np.std([t[test].mean() for test in tests]))

    ours = [
        spread([f.test for f in cross_validation(t, np.arange(100), 5, s).folds]) for s in range(20)
    ]
    random = [spread(np.split(by_chance.permutation(100), 5)) for _ in range(200)]
    assert max(ours) < np.median(random)


def test_every_inner_fold_has_its_share_of_high_and_low() -> None:
    t = np.arange(100.0)
    for fold in cross_validation(t, np.arange(100), 5, 0).folds:
        for _, held in fold.inner:
            counts = np.bincount((t[held] // 20).astype(int), minlength=5)
            assert counts.min() >= 5
            assert counts.max() <= 6


@pytest.mark.parametrize(
    ("n", "wanted", "used"),
    [(4, 5, 2), (5, 5, 2), (9, 5, 4), (10, 5, 5), (30, 20, 15), (39, 20, 19)],
)
def test_few_sentences_have_fewer_folds(n: int, wanted: int, used: int) -> None:
    plan = cross_validation(numbers(n), np.arange(n), wanted, 0)
    assert len(plan.folds) == used
    assert min(len(fold.test) for fold in plan.folds) >= 2
    said = f"There are {n} different sentences, so there are {used} folds instead of {wanted}."
    assert plan.notices == ((said,) if used < wanted else ())


@pytest.mark.parametrize("n", [21, 30, 60])
def test_as_many_folds_as_allowed_still_choose_inside(n: int) -> None:
    plan = cross_validation(numbers(n), np.arange(n), 20, 0)
    assert all(len(fold.inner) == 3 for fold in plan.folds)


def test_too_few_texts_are_refused() -> None:
    groups = np.array([0, 1, 2, 2, 1, 0])
    with pytest.raises(DataError, match="there are 3 different sentences; a regression needs at"):
        cross_validation(np.arange(6.0), groups, 5, 0)


def test_copies_stay_together() -> None:
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 40, 120)
    plan = cross_validation(rng.normal(size=120), groups, 5, 0)
    for fold in plan.folds:
        for train, test in ((fold.train, fold.test), *fold.inner):
            assert not set(groups[train]) & set(groups[test])
    assert plan.notices == ("Copies of a sentence always stay in the same fold.",)


def test_a_text_counts_once_however_many_copies_it_has() -> None:
    copies = [1] * 3 + [8] * 5 + [1] * 12
    groups = np.repeat(np.arange(20), copies)
    low = groups < 8
    for seed in range(5):
        plan = cross_validation(np.where(low, 1.0, 5.0), groups, 4, seed)
        assert [len(np.unique(groups[f.test][low[f.test]])) for f in plan.folds] == [2] * 4


def test_many_equal_numbers_are_no_obstacle() -> None:
    t = np.where(np.arange(60) < 50, 0.0, np.arange(60))
    plan = cross_validation(t, np.arange(60), 5, 0)
    counts = [np.count_nonzero(t[fold.test]) for fold in plan.folds]
    assert sum(counts) == 10
    assert 1 <= min(counts) <= max(counts) <= 3


# ---- a given split


def split(train: int, dev: int, test: int) -> list[str]:
    return ["train"] * train + ["dev"] * dev + ["test"] * test


def test_inner_folds_of_train_do_not_depend_on_the_numbers_scored() -> None:
    t = numbers(60)
    other = t.copy()
    other[40:] = 1e6 * numbers(20, 1)
    one, two = (given_split(u, np.arange(60), split(40, 0, 20), 0) for u in (t, other))
    assert len(one.folds[0].inner) == 3
    for (train, held), (train_2, held_2) in zip(
        one.folds[0].inner, two.folds[0].inner, strict=True
    ):
        assert train.tolist() == train_2.tolist()
        assert held.tolist() == held_2.tolist()
    ranks = t[:40].argsort().argsort()
    for _, held in one.folds[0].inner:
        assert np.bincount(ranks[held] // 8, minlength=5).min() >= 2


def test_without_test_dev_is_scored() -> None:
    (fold,) = given_split(numbers(30), np.arange(30), split(20, 10, 0), 0).folds
    assert fold.test.tolist() == list(range(20, 30))
    assert len(fold.inner) == 3


def test_a_part_whose_numbers_do_not_differ_is_refused() -> None:
    t = numbers(30)
    t[:20] = 1.0
    message = (
        "the train sentences of the split column are 20 different texts with 1 different number; "
        "a regression needs two of each to learn from"
    )
    with pytest.raises(DataError, match=message):
        given_split(t, np.arange(30), split(20, 0, 10), 0)
    with pytest.raises(
        DataError, match=r"the test sentences .*are 10 .* to score\. .*--split none"
    ):
        given_split(t[::-1].copy(), np.arange(30), split(10, 10, 10), 0)
    groups = np.where(np.arange(30) < 20, 0, np.arange(30))
    with pytest.raises(DataError, match=r"the train sentences .* are 1 different text with 20"):
        given_split(numbers(30), groups, split(20, 0, 10), 0)


@pytest.mark.parametrize("splits", [split(0, 10, 20), split(0, 0, 30), split(30, 0, 0)])
def test_a_split_without_train_or_without_test_is_refused(splits: list[str]) -> None:
    with pytest.raises(DataError, match=r"the split column gives .* both are needed"):
        given_split(numbers(30), np.arange(30), splits, 0)


def test_two_train_sentences_are_enough_to_begin() -> None:
    (fold,) = given_split(numbers(6), np.arange(6), split(2, 0, 4), 0).folds
    assert fold.train.tolist() == [0, 1]
    assert fold.inner == ()


def test_copies_are_told_and_those_that_disagree() -> None:
    groups = np.array([0, 1, 1, 2, 2, 2, 3])
    assert duplicate_notices(groups, np.array([0.5, 1, 1, 2, 2, 2, 3])) == (
        "3 sentences repeat an earlier one (apart from case and white space).",
    )
    assert duplicate_notices(groups, np.array([0.5, 1, 1.5, 2, 2, 3, 3]))[1] == (
        "2 texts occur with different numbers; no probe can get every copy right."
    )
    assert duplicate_notices(np.arange(4), np.ones(4)) == ()
