"""Methods compared on the same sentences: by scikit-learn, statsmodels and brute force."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar

from probing import comparison
from probing.board import Board, estimates
from probing.comparison import best_of, choose_inside, compare, weigh
from probing.evidence import Estimate, Metric
from probing.probes.folds import Fold, cross_validation, given_split
from tests.scored import (
    METRICS,
    board_of,
    by_name,
    cell,
    made,
    number_cell,
    number_rival,
    results,
    rival,
)

# ---- the family


def test_the_family_is_what_it_says() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 120)
    poolings = ("cls", "pooled", "mean")
    cells = [cell("cls_0", np.zeros(120), constant=True)]
    varied = [f"{p}_{n}" for p in poolings for n in range(3) if (p, n) != ("cls", 0)]
    cells += [cell(name, rng.integers(0, 2, 120)) for name in varied]
    rivals = [rival(name, rng.integers(0, 2, 120)) for name in ("majority", "tfidf")]
    found = compare(board_of("accuracy", truth), cells, rivals, rng.integers(0, 2, 120), 0)
    names = [f"{c.a} {c.b}" for c in found]
    assert names == [
        *("pooled_0 mean_0", "cls_1 pooled_1", "cls_1 mean_1", "pooled_1 mean_1"),
        *("cls_2 pooled_2", "cls_2 mean_2", "pooled_2 mean_2"),
        *("cls_1 cls_2", "pooled_0 pooled_2", "pooled_1 pooled_2"),
        *("mean_0 mean_2", "mean_1 mean_2"),
        *(f"{name} {other}" for name in varied for other in ("majority", "tfidf")),
        *("best majority", "best tfidf", "best cls_2", "best pooled_2", "best mean_2"),
    ]
    alone = compare(board_of("accuracy", truth), cells, rivals, None, 0)
    assert [f"{c.a} {c.b}" for c in alone] == names[:-5]


def test_methods_that_get_the_same_are_no_contrast() -> None:
    rng = np.random.default_rng(0)
    truth, same, other = rng.integers(0, 3, 120), rng.integers(0, 3, 120), rng.integers(0, 3, 120)
    wrong = np.where(same == truth, same, (truth + 1) % 3)  # wrong in the same places
    cells = [cell("cls_0", same), cell("cls_1", wrong), cell("mean_1", other)]
    found = compare(board_of("accuracy", truth), cells, [rival("tfidf", other)], same, 0)
    names = {(c.a, c.b) for c in found}
    assert not names & {("cls_0", "cls_1"), ("mean_1", "tfidf"), ("best", "cls_1")}
    assert {("cls_1", "mean_1"), ("cls_0", "tfidf"), ("best", "mean_1")} <= names


def test_the_best_is_compared_with_a_baseline_that_gets_the_same() -> None:
    """A verdict must be able to say so; it changes no other p."""
    truth, given = made("accuracy", 150)
    cells = [cell("cls_1", given[0]), cell("mean_1", given[1])]
    rivals = [rival("tfidf", given[3]), rival("majority", given[0])]
    found = by_name(compare(board_of("accuracy", truth), cells, rivals, given[0], 0))
    same = found["best", "majority"]
    assert (same.difference.value, same.only_a, same.only_b) == (0.0, 0, 0)
    assert same.p_mcnemar == same.p_max_t == 1.0
    assert same.difference.low < 0 < same.difference.high
    fewer = by_name(compare(board_of("accuracy", truth), cells, rivals[:1], given[0], 0))
    assert fewer["best", "tfidf"].p_max_t == pytest.approx(found["best", "tfidf"].p_max_t, abs=0.05)


def test_constant_cells_alone_leave_nothing_to_compare() -> None:
    truth = np.repeat([0, 1], 60)
    cells = [cell("cls_0", np.zeros(120), constant=True)]
    folds = cross_validation(truth, np.arange(120), 5, 0).folds
    found = weigh(board_of("accuracy", truth), cells, [rival("majority", truth * 0)], folds, 0)
    assert found.contrasts == ()
    assert found.best is None
    assert found.detectable.n == 120
    assert found.detectable.discordant == 0.1


# ---- tests


def test_mcnemar_is_statsmodels() -> None:
    truth, given = made("accuracy", 200)
    cells, rivals = results("accuracy", given)
    found = compare(board_of("accuracy", truth), cells, rivals, None, 0)
    right = {
        m: p == truth for m, p in zip(("cls_0", "cls_1", "mean_1", "tfidf"), given, strict=True)
    }
    for contrast in found:
        a, b = right[contrast.a], right[contrast.b]
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        assert contrast.p_mcnemar == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert (contrast.only_a, contrast.only_b) == (table[0][1], table[1][0])
        assert contrast.difference.value == pytest.approx((table[0][1] - table[1][0]) / 200)
    assert len({c.p_mcnemar for c in found}) > 3


@pytest.mark.parametrize("metric", METRICS)
def test_max_t_is_every_sign_of_every_text_counted(metric: Metric) -> None:
    """Ten texts differ; all 1,024 ways to sign them, by hand."""
    n, apart = 110, np.arange(10) * 7 + np.arange(10) % 2
    truth = np.arange(n) % 2 if metric == "accuracy" else (np.arange(n) % 7 == 0).astype(int)
    truth = truth.astype(float) if metric == "r2" else truth
    # 1: right, 0: wrong; by cell and text
    right = np.array([[1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
                      [1, 0, 1, 0, 1, 1, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 0, 1, 1, 1]])  # fmt: skip
    given = []
    for method, hits in enumerate(right):
        off = np.zeros(n)
        off[apart] = 1 - hits
        size = 1 + np.arange(n) % (3 + method)
        given.append(
            truth + off * size / 4 if metric == "r2" else np.where(off > 0, 1 - truth, truth)
        )
    cells, rivals = results(metric, given)
    found = by_name(compare(board_of(metric, truth), cells, rivals, None, 0))

    weight = np.ones(n)
    if metric == "balanced_accuracy":
        weight = np.where(truth == 1, 1 / (truth == 1).sum(), 1 / (truth == 0).sum())
    if metric == "r2":
        worth = [weight * -((p - truth) ** 2) for p in given]
    else:
        worth = [weight * (p == truth) for p in given]
    place = {"cls_0": 0, "cls_1": 1, "mean_1": 2, "tfidf": 3}
    columns = [worth[place[a]] - worth[place[b]] for a, b in found]

    def greatest(signs: Sequence[int]) -> list[float]:
        totals = []
        for column in columns:
            total = sum(s * column[t] for s, t in zip(signs, apart, strict=True))
            squares = sum(float(column[t]) ** 2 for t in apart)
            totals.append(abs(total) / squares**0.5)
        return totals

    observed, every = greatest([1] * 10), [max(greatest(s)) for s in product((1, -1), repeat=10)]
    exact = [np.mean([g >= o - 1e-9 for g in every]) for o in observed]
    assert min(exact) < 0.1 < max(exact)
    for p, contrast in zip(exact, found.values(), strict=True):
        assert contrast.p_max_t is not None
        assert contrast.p_max_t == pytest.approx(p, abs=4.5 * (p * (1 - p) / 2_000) ** 0.5 + 0.001)
        assert (contrast.p_mcnemar is None) == (metric == "r2")


def test_for_numbers_the_closer_prediction_counts() -> None:
    truth = np.arange(100.0)
    near, far = truth + 0.1, truth.copy()
    far[:30] += 2  # further off in 30, exact in 70
    found = compare(board_of("r2", truth), [number_cell("cls_1", near), number_cell("mean_1", far)],
                    [], None, 0)[0]  # fmt: skip
    assert (found.only_a, found.only_b, found.p_mcnemar) == (30, 70, None)
    assert found.difference.value > 0


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_is_tested_below_a_hundred_texts(metric: Metric) -> None:
    for texts, tested in ((99, False), (100, True)):
        truth, given = made(metric, texts)
        groups = np.tile(np.arange(texts), 2)
        cells, rivals = results(metric, [np.tile(p, 2) for p in given])
        found = compare(board_of(metric, np.tile(truth, 2), groups), cells, rivals, None, 0)
        assert len(found) == 5
        for contrast in found:
            assert (contrast.p_max_t is not None) == tested
            assert (contrast.p_mcnemar is not None) == (tested and metric != "r2")


@pytest.mark.parametrize("metric", METRICS)
def test_copies_of_all_texts_change_nothing(metric: Metric) -> None:
    truth, given = made(metric, 130)
    order = np.random.default_rng(1).permutation(390)
    texts = np.tile(np.arange(130), 3)[order]
    once = _weighed(metric, truth, given, np.arange(130))
    thrice = _weighed(
        metric, np.tile(truth, 3)[order], [np.tile(p, 3)[order] for p in given], texts
    )
    for before, after in zip(once.contrasts, thrice.contrasts, strict=True):
        assert (after.a, after.b, after.p_mcnemar) == (before.a, before.b, before.p_mcnemar)
        assert after.p_max_t == before.p_max_t
        assert (after.only_a, after.only_b) == (before.only_a, before.only_b)
        assert _ends(after.difference) == pytest.approx(_ends(before.difference), abs=1e-9)
        assert after.difference.n == 3 * before.difference.n
    assert thrice.detectable == once.detectable
    assert once.best is not None
    assert thrice.best is not None
    assert _ends(thrice.best.score) == pytest.approx(_ends(once.best.score), abs=1e-9)
    taken_for_texts = _weighed(
        metric, np.tile(truth, 3), [np.tile(p, 3) for p in given], np.arange(390)
    )
    assert taken_for_texts.contrasts[0].difference.low > once.contrasts[0].difference.low


def _weighed(metric: Metric, truth: np.ndarray, given: Sequence[np.ndarray], texts: np.ndarray):  # type: ignore[no-untyped-def]
    cells, rivals = results(metric, given)
    everything = np.arange(len(truth))
    return weigh(board_of(metric, truth, texts), cells, rivals,
                 [Fold(everything, everything, ())], 0)  # fmt: skip


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    truth, given = made("accuracy", 150)
    cells, rivals = results("accuracy", given)
    board = board_of("accuracy", truth)
    once, again = (compare(board, cells, rivals, None, 3) for _ in range(2))
    assert once == again
    other = compare(board, cells, rivals, None, 4)
    assert [c.p_max_t for c in other] != [c.p_max_t for c in once]


# ---- chosen inside


def planted(n: int, seed: int, accuracy: float = 0.8, count: int = 12) -> tuple:  # type: ignore[type-arg]
    """Cells of the same true accuracy, independent; inner losses of which some are least."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    rows = np.arange(n)
    folds = tuple(Fold(rows[rows % 5 != k], rows[rows % 5 == k], ()) for k in range(5))
    cells = [
        cell(f"cls_{k}", np.where(rng.random(n) < accuracy, truth, 1 - truth), rng.random(5))
        for k in range(count)
    ]
    return truth, folds, cells


def test_each_fold_takes_the_cell_of_its_least_inner_loss() -> None:
    _, folds, cells = planted(100, 0)
    found = choose_inside(cells, folds, 100)
    assert found is not None
    predicted, names = found
    by_name = {c.name: c for c in cells}
    for number, (fold, name) in enumerate(zip(folds, names, strict=True)):
        least = min(c.fold_inner_loss[number] for c in cells)
        assert by_name[name].fold_inner_loss[number] == least
        assert (predicted[fold.test] == by_name[name].predicted[fold.test]).all()
    assert len(set(names)) > 2


def test_no_test_outcome_plays_a_part_in_the_choice() -> None:
    _, folds, cells = planted(100, 0)
    found = choose_inside(cells, folds, 100)
    rng = np.random.default_rng(1)
    shuffled = [
        replace(c, predicted=rng.permutation(c.predicted), accuracy=float(rng.random()))
        for c in cells
    ]
    again = choose_inside(shuffled, folds, 100)
    assert found is not None
    assert again is not None
    assert again[1] == found[1]
    assert (again[0] != found[0]).any()


def test_constant_cells_and_cells_without_inner_folds_are_not_chosen() -> None:
    truth, folds, cells = planted(100, 0, count=3)
    blank = cell("cls_0", np.zeros(100), constant=True)
    unknown = cell("cls_1", truth, [0.0, 0.0, 0.0, 0.0, float("inf")])
    found = choose_inside([blank, unknown, cells[2]], folds, 100)
    assert found is not None
    assert set(found[1]) == {"cls_2"}
    assert choose_inside([blank, unknown], folds, 100) is None
    assert weigh(board_of("accuracy", truth), [unknown], [], folds, 0).best is None


def test_the_best_is_what_most_folds_chose_with_the_score_of_all_choices() -> None:
    truth, folds, cells = planted(200, 3, count=3)
    losses = [[1, 1, 1, 1, 0], [0, 1, 0, 1, 1], [1, 0, 1, 0.5, 1]]
    cells = [replace(c, fold_inner_loss=tuple(at)) for c, at in zip(cells, losses, strict=True)]
    found = choose_inside(cells, folds, 200)
    assert found is not None
    assert found[1] == ("cls_1", "cls_2", "cls_1", "cls_2", "cls_0")
    board = board_of("balanced_accuracy", truth)
    best = best_of(board, cells, *found)
    assert (best.layer, best.pooling) == (1, "cls")
    assert dict(best.choices) == {"cls_1": 2, "cls_2": 2, "cls_0": 1}
    expected = np.concatenate([cells[int(name[-1])].predicted[fold.test] == truth[fold.test]
                               for name, fold in zip(found[1], folds, strict=True)])  # fmt: skip
    assert best.accuracy is not None
    assert best.accuracy.value == pytest.approx(expected.mean())
    assert best.score == estimates(board, [found[0]])[0]
    scores = [metrics.balanced_accuracy_score(truth, c.predicted) for c in cells]
    assert best.maximum == pytest.approx(max(scores))


def test_the_choice_is_unbiased_and_the_maximum_flatters() -> None:
    """12 cells of true accuracy .8: the highest of 12 normal figures lies 1.63 deviations up."""
    found = []
    for seed in range(150):
        truth, folds, cells = planted(200, seed)
        chosen = choose_inside(cells, folds, 200)
        assert chosen is not None
        board = board_of("accuracy", truth)
        board = replace(board, resamples=replace(board.resamples, count=2))
        best = best_of(board, cells, *chosen)
        found.append((best.score.value, best.maximum))
    score, maximum = np.mean(found, axis=0)
    deviation = (0.8 * 0.2 / 200) ** 0.5
    assert score == pytest.approx(0.8, abs=4 * deviation / 150**0.5)
    assert maximum == pytest.approx(0.8 + 1.63 * deviation, abs=4 * deviation / 150**0.5)


# ---- splits and numbers


def test_a_given_split_is_scored_on_its_test_sentences_only() -> None:
    truth, given = made("accuracy", 300)
    splits = ["train"] * 150 + ["dev"] * 30 + ["test"] * 120
    plan = given_split(truth, np.arange(300), splits, 0)
    scored = np.arange(300) >= 180
    held = [np.where(scored, p, -1) for p in given]
    cells = [cell("cls_1", held[1], [0.4]), cell("mean_1", held[0], [0.5])]
    board = Board.of("accuracy", cells[0].scored, truth, np.arange(300), 0)
    found = weigh(board, cells, [rival("tfidf", held[3])], plan.folds, 0)
    assert found.best is not None
    assert dict(found.best.choices) == {"cls_1": 1}
    expected = metrics.accuracy_score(truth[180:], given[1][180:])
    assert (found.best.score.value, found.best.score.n) == (pytest.approx(expected), 120)
    assert all(c.difference.n == 120 and c.p_max_t is not None for c in found.contrasts)
    assert found.detectable.n == 120


@pytest.mark.parametrize("split", [False, True])
def test_numbers_are_weighed_like_classes(split: bool) -> None:
    truth, given = made("r2", 240)
    scored = np.arange(240) >= (100 if split else 0)
    held = [np.where(scored, p, np.nan) for p in given]
    rows = np.arange(240)
    folds = [Fold(rows[~scored], rows[scored], ())] if split else [
        Fold(rows[rows % 3 != k], rows[rows % 3 == k], ()) for k in range(3)
    ]  # fmt: skip
    cells = [number_cell("cls_0", held[2], [5.0] * len(folds)),
             number_cell("cls_1", held[0], [2.0] * len(folds))]  # fmt: skip
    board = Board.of("r2", cells[0].scored, truth, rows, 0)
    found = weigh(board, cells, [number_rival("mean", held[3])], folds, 0)
    assert found.best is not None
    assert found.best.accuracy is None
    assert found.best.score.value == pytest.approx(
        metrics.r2_score(truth[scored], given[0][scored])
    )
    assert found.best.score.n == scored.sum()
    assert {(c.a, c.b) for c in found.contrasts} == {
        ("cls_0", "cls_1"), ("cls_0", "mean"), ("cls_1", "mean"), ("best", "mean")
    }  # fmt: skip
    assert found.cells[0].ci_low is not None
    assert found.rivals[0].ci_high is not None


# ---- what the sample can tell


def test_detectable_goes_by_the_median_discordance_of_poolings() -> None:
    n = 200
    truth = np.zeros(n, dtype=int)
    wrong = {"cls_0": 0, "mean_0": 10, "cls_1": 30, "mean_1": 60, "cls_2": 90, "mean_2": 190}
    cells = [cell(name, (np.arange(n) < count).astype(int)) for name, count in wrong.items()]
    board = board_of("accuracy", truth)
    contrasts = compare(board, cells, [rival("tfidf", truth + 1)], None, 0)
    found = comparison.detectable(board, contrasts)
    assert (found.n, found.discordant) == (200, 30 / 200)  # 10, 30 and 100 of 200 differ
    power = _power_by_hand(200, found.discordant, found.difference)
    assert power == pytest.approx(0.8, abs=1e-6)
    assert comparison.detectable(board, contrasts[-2:]).discordant == 0.1


def test_two_poolings_that_hardly_differ_leave_something_to_detect() -> None:
    truth = np.zeros(150, dtype=int)
    cells = [cell("cls_1", truth), cell("mean_1", (np.arange(150) < 1).astype(int))]
    board = board_of("accuracy", truth)
    found = comparison.detectable(board, compare(board, cells, [], None, 0))
    assert found.discordant == pytest.approx(1 / 150)
    assert 0 < found.difference < 0.06


def _power_by_hand(n: int, discordant: float, difference: float) -> float:
    from scipy.stats import norm

    spread = (discordant - difference**2) ** 0.5
    return float(norm.cdf((n**0.5 * difference - norm.ppf(0.975) * discordant**0.5) / spread))
