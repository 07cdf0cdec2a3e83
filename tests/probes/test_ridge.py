"""The probe for numbers against scikit-learn's parts put together independently."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from probing.errors import Cancelled
from probing.probes import ridge
from probing.probes.folds import Fold, Plan
from probing.probes.numeric_folds import cross_validation, given_split
from probing.probes.regression import SCALARS, NumericScores, RegressionResult
from probing.probes.search import STRENGTHS


def planted(n: int, d: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, and a sum of them with noise (its standard deviation in that of the sum)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    signal = x @ rng.normal(size=d) / np.sqrt(d)
    return x.astype(np.float32), 3 + 2 * (signal + noise * rng.normal(size=n))


def even_plan(n: int, seed: int) -> Plan:
    """Folds and inner folds of equal size, by scikit-learn."""
    folds = []
    for train, test in KFold(5, shuffle=True, random_state=seed).split(np.zeros(n)):
        inner = KFold(3, shuffle=True, random_state=seed).split(train)
        folds.append(Fold(train, test, tuple((train[a], train[b]) for a, b in inner)))
    return Plan(tuple(folds), "5-fold cross-validation", ())


def find(x: np.ndarray, t: np.ndarray, plan: Plan) -> RegressionResult:
    return ridge.regress(x, t, plan, layer=3, pooling="mean")


def pipeline(c: float = 1.0) -> Pipeline:
    return make_pipeline(StandardScaler(), Ridge(alpha=1 / c, solver="svd"))


def reference(
    x: np.ndarray, t: np.ndarray, plan: Plan
) -> tuple[list[float], list[float], list[float], np.ndarray]:
    """Chosen C and its inner error per fold, how clear the choice is, out-of-fold predictions."""
    chosen, losses, margins, predicted = [], [], [], np.full(len(t), np.nan)
    wide = x.astype(np.float64)
    for fold in plan.folds:
        place = {row: i for i, row in enumerate(fold.train)}
        inner = [[[place[row] for row in part] for part in pair] for pair in fold.inner]
        search = GridSearchCV(
            pipeline(),
            {"ridge__alpha": [1 / c for c in STRENGTHS]},
            scoring="neg_mean_squared_error",
            cv=inner,
        ).fit(wide[fold.train], t[fold.train])
        errors = -search.cv_results_["mean_test_score"]
        chosen.append(1 / search.best_params_["ridge__alpha"])
        losses.append(errors.min())
        margins.append(np.partition(errors, 1)[1] / errors.min() - 1)
        predicted[fold.test] = search.predict(wide[fold.test])
    return chosen, losses, margins, predicted


SETS = [(90, 6, 0.5, 6), (90, 40, 1.0, 1), (75, 120, 0.3, 2), (60, 20, 3.0, 3), (90, 60, 0.0, 4)]


@pytest.mark.parametrize(("n", "d", "noise", "seed"), SETS)
def test_equal_to_scikit_learn(n: int, d: int, noise: float, seed: int) -> None:
    x, t = planted(n, d, noise, seed)
    plan = even_plan(n, seed)
    chosen, losses, margins, predicted = reference(x, t, plan)
    assert min(margins) > 1e-5, "a choice this close tells nothing: take another seed"
    got = find(x, t, plan)
    assert got.fold_C == pytest.approx(chosen)
    assert got.fold_inner_loss == pytest.approx(losses, rel=1e-6)
    assert sorted(chosen)[2] == pytest.approx(got.C)
    np.testing.assert_allclose(got.predicted, predicted, atol=1e-6)
    assert got.r2 == pytest.approx(r2_score(t, predicted), abs=1e-6)
    assert got.spearman == pytest.approx(spearmanr(t, predicted).statistic, abs=1e-6)
    assert (got.n, got.constant, got.name) == (n, False, "mean_3")


def test_the_references_choose_more_than_one_strength() -> None:
    """Or the comparison above would not see a wrong grid."""
    chosen = {c for n, d, noise, seed in SETS for c in reference_choices(n, d, noise, seed)}
    assert len(chosen) >= 4


def reference_choices(n: int, d: int, noise: float, seed: int) -> tuple[float, ...]:
    return find(*planted(n, d, noise, seed), even_plan(n, seed)).fold_C


def awkward(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Columns of all scales and offsets, some constant, some copies or sums of others."""
    x, t = planted(n, 12, 0.4, seed)
    rng = np.random.default_rng(seed)
    wide = x.astype(np.float64) * 10.0 ** rng.integers(-6, 7, 12)
    wide += 100 * wide.std(axis=0) * rng.normal(size=12)
    columns = [
        wide,
        wide[:, :3],
        wide[:, 3:4] + wide[:, 4:5],
        np.full((n, 2), 7.5),
        np.zeros((n, 1)),
    ]
    return np.hstack(columns), t


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_scikit_learn_on_awkward_columns(seed: int) -> None:
    x, t = awkward(seed)
    plan = even_plan(len(t), seed)
    for c in STRENGTHS:
        got = ridge.held_out(x, t, plan.folds, fixed=[c] * 5)
        for fold in plan.folds:
            wanted = pipeline(c).fit(x[fold.train], t[fold.train]).predict(x[fold.test])
            np.testing.assert_allclose(got.predicted[fold.test], wanted, atol=1e-6)


def test_a_column_that_only_the_test_sentences_vary_in_plays_no_part() -> None:
    x, t = planted(80, 5, 0.3, 0)
    plan = even_plan(80, 0)
    column = np.zeros((80, 1), dtype=np.float32)
    column[plan.folds[0].test] = np.arange(16)[:, None]
    fold = plan.folds[:1]
    with_it = ridge.held_out(np.hstack([x, column]), t, fold, fixed=[1.0])
    without = ridge.held_out(x, t, fold, fixed=[1.0])
    np.testing.assert_allclose(with_it.predicted, without.predicted, atol=1e-12)


def test_rounding_noise_around_a_constant_is_no_feature() -> None:
    """float32 leaves traces of what was added to 1000; they are not information."""
    x, t = planted(80, 5, 0.3, 0)
    plan = even_plan(80, 0)
    column = (1000 + 1e-4 * t[:, None]).astype(np.float32)
    assert len(np.unique(column)) > 1
    got = ridge.held_out(np.hstack([x, column]), t, plan.folds, fixed=[1.0] * 5)
    without = ridge.held_out(x, t, plan.folds, fixed=[1.0] * 5)
    np.testing.assert_allclose(got.predicted, without.predicted, atol=1e-12)


def test_more_dimensions_than_sentences_or_fewer_are_the_same_regression() -> None:
    """Columns of zeros change the path taken and nothing else."""
    x, t = planted(60, 30, 0.5, 5)
    plan = even_plan(60, 5)
    wide = np.hstack([x, np.zeros((60, 100), dtype=np.float32)])
    a, b = find(x, t, plan), find(wide, t, plan)
    assert a.fold_C == b.fold_C
    np.testing.assert_allclose(a.predicted, b.predicted, atol=1e-9)


# ---- what it finds


def test_a_planted_sum_is_found() -> None:
    got = find(*planted(300, 20, 0.05, 0), even_plan(300, 0))
    assert got.r2 > 0.99
    assert got.spearman is not None
    assert got.spearman > 0.99


def test_the_score_is_the_share_of_variance_that_is_signal() -> None:
    """Noise as large as the signal leaves R² = 1/2 (and less, for what is learnt of noise)."""
    found = [find(*planted(1000, 10, 1.0, seed), even_plan(1000, seed)).r2 for seed in range(5)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_nothing_is_found_in_noise() -> None:
    found = []
    for seed in range(20):
        x, t = planted(150, 30, 0.1, seed)
        t = np.random.default_rng(seed).permutation(t)
        found.append(find(x, t, cross_validation(t, np.arange(150), 5, seed)))
    assert np.mean([f.r2 for f in found]) == pytest.approx(0, abs=0.05)
    assert max(f.r2 for f in found) < 0.1
    # predictions pooled over folds lean a little below 0
    assert np.mean([f.spearman for f in found]) == pytest.approx(0, abs=0.1)


def test_a_signal_in_a_millionth_of_the_variance_is_found() -> None:
    x, t = planted(200, 16, 0.05, 1)
    tiny = (np.linspace(-3, 3, 16) + 1e-3 * x).astype(np.float32)
    assert find(tiny, t, even_plan(200, 1)).r2 > 0.98


def test_rank_correlation_does_not_mind_the_scale_of_numbers() -> None:
    x, t = planted(200, 5, 0.0, 2)
    curved = np.exp(t / 2)
    got = find(x, curved, even_plan(200, 2))
    assert got.spearman is not None
    assert got.spearman > 0.9
    assert got.r2 < 0.85


# ---- constant cells


def test_a_constant_cell_predicts_the_mean() -> None:
    _, t = planted(100, 3, 0.5, 0)
    x = np.tile(np.float32([1.0, -2.0, 3.0]), (100, 1))
    plan = even_plan(100, 0)
    got = find(x + np.float32(1e-7) * np.random.default_rng(0).normal(size=x.shape), t, plan)
    assert got.constant
    assert (got.spearman, got.C, got.fold_C, got.fold_inner_loss) == (None, None, (), ())
    for fold in plan.folds:
        assert got.predicted[fold.test] == pytest.approx(t[fold.train].mean())
    assert -0.1 < got.r2 < 0
    assert got.r2 == pytest.approx(r2_score(t, got.predicted))


def test_vectors_that_differ_in_the_test_sentences_only_have_no_rank_correlation() -> None:
    _, t = planted(60, 3, 0.5, 0)
    plan = given_split(t, np.arange(60), ["train"] * 40 + ["test"] * 20, 0)
    x = np.ones((60, 4), dtype=np.float32)
    x[40:] += np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    got = find(x, t, plan)
    assert not got.constant
    assert got.spearman is None
    assert got.predicted[40:] == pytest.approx(t[:40].mean())
    assert got.C == 1e-4, "all strengths tie: the strongest"


# ---- the plan


def test_a_given_split_is_chosen_on_dev_and_scored_on_test() -> None:
    x, t = planted(120, 30, 1.0, 7)
    splits = ["train"] * 60 + ["dev"] * 30 + ["test"] * 30
    got = find(x, t, given_split(t, np.arange(120), splits, 0))
    errors = []
    for c in STRENGTHS:
        fitted = pipeline(c).fit(x[:60].astype(float), t[:60])
        errors.append(mean_squared_error(t[60:90], fitted.predict(x[60:90].astype(float))))
    best = STRENGTHS[int(np.argmin(errors))]
    assert got.fold_C == (best,)
    assert got.fold_inner_loss == pytest.approx((min(errors),))
    wanted = pipeline(best).fit(x[:60].astype(float), t[:60]).predict(x[90:].astype(float))
    np.testing.assert_allclose(got.predicted[90:], wanted, atol=1e-6)
    assert np.isnan(got.predicted[:90]).all()
    assert (got.scored.sum(), got.n) == (30, 30)
    assert got.r2 == pytest.approx(r2_score(t[90:], wanted)), "about the mean of the scored"


def test_no_prediction_depends_on_the_number_it_predicts() -> None:
    x, t = planted(100, 8, 0.5, 3)
    plan = even_plan(100, 3)
    whole = ridge.held_out(x, t, plan.folds)
    for fold in plan.folds:
        other = t.copy()
        other[fold.test] = 1000.0
        got = ridge.held_out(x, other, [fold])
        np.testing.assert_allclose(got.predicted[fold.test], whole.predicted[fold.test], rtol=1e-9)


def test_without_inner_folds_the_strongest_is_taken() -> None:
    x, t = planted(40, 4, 0.5, 0)
    rows = np.arange(40)
    got = find(x, t, Plan((Fold(rows[:30], rows[30:], ()),), "", ()))
    assert got.fold_C == (STRENGTHS[0],)
    assert got.fold_inner_loss == (float("inf"),)


def test_the_sentences_order_and_units_play_no_part() -> None:
    x, t = planted(80, 10, 0.7, 4)
    plan = even_plan(80, 4)
    got = find(x, t, plan)
    for factor, shift in ((1e-200, 0.0), (1e90, 0.0), (-3.0, 1e5)):
        other = find(x, factor * t + shift, plan)
        assert other.fold_C == got.fold_C
        assert other.r2 == pytest.approx(got.r2, abs=1e-7)
        wanted = factor * got.predicted + shift
        np.testing.assert_allclose(other.predicted, wanted, rtol=1e-6, atol=abs(factor) * 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_never_nan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 30)), int(rng.integers(1, 40))
    x = (rng.normal(size=(n, d)) * 10.0 ** rng.integers(-30, 30, d)).astype(np.float32)
    x[:, rng.random(d) < 0.3] = 5.0
    x[1:, : d // 4] = 0.0
    t = rng.integers(0, 4, n).astype(float)
    t[:2] = 0, 1
    got = find(x, t, cross_validation(t, rng.permutation(n), 5, seed))
    assert np.isfinite(got.predicted).all()
    assert np.isfinite(got.r2)
    assert got.spearman is None or np.isfinite(got.spearman)


def test_scored_numbers_that_are_all_the_same_have_no_score() -> None:
    x, t = planted(40, 4, 0.5, 0)
    t[30:] = 1.0
    rows = np.arange(40)
    with pytest.raises(ValueError, match="R² is undefined"):
        find(x, t, Plan((Fold(rows[:30], rows[30:], ()),), "", ()))


def test_it_can_be_stopped_at_every_fit() -> None:
    x, t = planted(60, 4, 0.5, 0)
    ticks = []
    ridge.regress(x, t, even_plan(60, 0), layer=0, pooling="cls", tick=lambda: ticks.append(1))
    assert len(ticks) == 5 * (3 + 1)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ridge.regress(x, t, even_plan(60, 0), layer=0, pooling="cls", tick=stop)


# ---- the value


def test_a_result_says_its_row_and_cannot_be_changed() -> None:
    got = find(*planted(60, 4, 0.5, 0), even_plan(60, 0))
    assert tuple(got.row()) == SCALARS
    assert {**got.scalars(), "layer": 3, "pooling": "mean"} == got.row()
    assert (got.ci_low, got.ci_high) == (None, None)
    with pytest.raises(ValueError, match="read-only"):
        got.predicted[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        got.r2 = 1.0  # type: ignore[misc]
    wide = dataclasses.replace(got, ci_low=0.1, ci_high=0.9)
    assert (wide.row()["ci_low"], wide.r2) == (0.1, got.r2)
    fields = {f.name for f in dataclasses.fields(NumericScores)}
    assert fields | {"layer", "pooling"} == {*SCALARS, "predicted"}


def test_of_an_even_number_of_choices_the_lower_middle_is_named() -> None:
    assert ridge.HeldOut(np.zeros(1), (10.0, 0.1, 100.0, 1.0), ()).C == 1.0


def test_each_fold_may_be_given_its_strength() -> None:
    x, t = planted(60, 10, 0.5, 0)
    plan = even_plan(60, 0)
    got = ridge.held_out(x, t, plan.folds, fixed=STRENGTHS[:5])
    assert got.strengths == STRENGTHS[:5]
    for c, fold in zip(STRENGTHS, plan.folds, strict=False):
        wanted = pipeline(c).fit(x[fold.train].astype(float), t[fold.train])
        np.testing.assert_allclose(
            got.predicted[fold.test], wanted.predict(x[fold.test].astype(float)), atol=1e-6
        )


def test_a_number_that_never_changes_is_predicted() -> None:
    x, _ = planted(60, 10, 0.5, 0)
    got = ridge.held_out(x, np.full(60, 2.5), even_plan(60, 0).folds)
    np.testing.assert_allclose(got.predicted, 2.5)
