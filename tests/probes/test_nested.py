"""Nested cross-validation against scikit-learn's parts put together independently."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from probing.errors import Cancelled
from probing.probes import metrics, solver
from probing.probes.folds import Fold, Plan, cross_validation, given_split
from probing.probes.nested import probe
from probing.probes.result import SCALARS, ProbeResult
from probing.probes.scoring import majority_class
from probing.probes.search import STRENGTHS, choose_strength, masks
from probing.statistics import wilson


def blobs(n: int, d: int, classes: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    x = rng.normal(size=(classes, d))[y] * spread + rng.normal(size=(n, d))
    return x.astype(np.float32), rng.permutation(y) if spread == 0 else y


def find(x: np.ndarray, y: np.ndarray, plan: Plan) -> ProbeResult:
    return probe(x, y, int(y.max()) + 1, plan, layer=3, pooling="mean")


def scikit_learn(
    x: np.ndarray, y: np.ndarray, train: np.ndarray, rows: np.ndarray, c: float
) -> np.ndarray:
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=c, tol=1e-9, max_iter=100_000, solver="newton-cg")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x[train].astype(np.float64), y[train])
    return model.predict_proba(x[rows].astype(np.float64))


def reference(
    x: np.ndarray, y: np.ndarray, plan: Plan
) -> tuple[list[float], list[float], np.ndarray]:
    """Chosen C per fold, how clear each choice is, and out-of-fold probabilities."""
    chosen, margins = [], []
    p = np.full((len(y), int(y.max()) + 1), np.nan)
    for fold in plan.folds:
        losses = []
        for c in STRENGTHS:
            total = [
                log_loss(y[held], scikit_learn(x, y, train, held, c), normalize=False)
                for train, held in fold.inner
            ]
            losses.append(sum(total))
        best = int(np.argmin(losses))
        margins.append(np.partition(losses, 1)[1] / losses[best] - 1)
        chosen.append(STRENGTHS[best])
        p[fold.test] = scikit_learn(x, y, fold.train, fold.test, STRENGTHS[best])
    return chosen, margins, p


SETS = [(90, 6, 2, 0.5, 0), (90, 10, 3, 0.6, 1), (60, 40, 2, 0.4, 2), (75, 5, 5, 1.0, 3)]


@pytest.mark.parametrize(("n", "d", "classes", "spread", "seed"), SETS)
def test_equal_to_scikit_learn(n: int, d: int, classes: int, spread: float, seed: int) -> None:
    x, y = blobs(n, d, classes, spread, seed)
    plan = cross_validation(y, np.arange(n), 5, seed)
    wanted, margins, p = reference(x, y, plan)
    chosen = choose_strength(
        solver.Features.of(x), torch.from_numpy(y), classes, plan.folds, STRENGTHS
    ).strengths
    assert min(margins) > 1e-5, "a choice this close tells nothing: take another seed"
    assert chosen == wanted
    got = find(x, y, plan)
    ordered = np.sort(p, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 0.01
    assert (got.predicted == p.argmax(axis=1))[clear].all()
    assert clear.mean() > 0.9
    np.testing.assert_allclose(got.true_probability, p[np.arange(n), y], atol=1e-2)
    assert got.log_loss_bits == pytest.approx(log_loss(y, p) / np.log(2), abs=2e-3)
    assert sorted(wanted)[2] == got.C


@pytest.mark.parametrize("seed", range(12))
def test_the_walk_that_stops_early_chooses_as_the_whole_grid_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 5))
    x, y = blobs(60, int(rng.integers(2, 80)), classes, rng.choice([0, 0.2, 0.5, 1, 3]), seed)
    plan = cross_validation(y, np.arange(60), 4, seed)
    features, target = solver.Features.of(x), torch.from_numpy(y)
    short = choose_strength(features, target, classes, plan.folds, STRENGTHS)
    whole = choose_strength(features, target, classes, plan.folds, STRENGTHS, whole=True)
    assert short.strengths == whole.strengths
    assert short.losses == pytest.approx(whole.losses, rel=1e-4)


def test_the_final_fit_remembers_an_inner_one() -> None:
    """The same solutions as without, in fewer steps; a fold that chose nothing has no memories."""
    x, y = blobs(300, 30, 5, 0.6, 0)
    plan = cross_validation(y, np.arange(300), 4, 0)
    folds = [*plan.folds[:3], replace(plan.folds[3], inner=())]
    features, target = solver.Features.of(x), torch.from_numpy(y)
    choice = choose_strength(features, target, 5, folds, STRENGTHS)
    assert choice.history is not None
    assert [bool(count) for count in choice.history.counts] == [True, True, True, False]
    train = masks([fold.train for fold in folds], 300)
    c = torch.tensor(choice.strengths)
    cold, _ = solver.fit(features, target, 5, train[:, :3], c[:3], choice.start[:3])
    warm, _ = solver.fit(features, target, 5, train, c, choice.start, history=choice.history)
    np.testing.assert_allclose(warm.objective[:3], cold.objective, rtol=1e-5)
    assert warm.iterations < cold.iterations


def test_the_walk_stops_early_where_weak_regularisation_only_hurts() -> None:
    ticks = {"short": 0, "whole": 0}
    x, y = blobs(60, 30, 2, 0, 1)
    plan = cross_validation(y, np.arange(60), 4, 0)

    def count(name: str) -> None:
        ticks[name] += 1

    features, target = solver.Features.of(x), torch.from_numpy(y)
    for name, whole in (("short", False), ("whole", True)):
        choose_strength(
            features, target, 2, plan.folds, STRENGTHS, lambda name=name: count(name), whole
        )
    assert ticks["whole"] == len(STRENGTHS) + 1  # and one closer look
    assert ticks["short"] < len(STRENGTHS)


def test_ties_go_to_the_stronger_regularisation() -> None:
    """Inner folds of constant features: every C gives the same loss."""
    y = np.arange(40) % 2
    x = np.zeros((40, 3), np.float32)
    plan = cross_validation(y, np.arange(40), 4, 0)
    features = solver.Features.of(x)
    choice = choose_strength(features, torch.from_numpy(y), 2, plan.folds, STRENGTHS)
    assert choice.strengths == [1e-4] * 4


def test_separable_is_found_and_shuffled_is_not() -> None:
    x, y = blobs(200, 20, 2, 3, 0)
    plan = cross_validation(y, np.arange(200), 5, 0)
    assert find(x, y, plan).accuracy > 0.98
    shuffled = np.random.default_rng(0).permutation(y)
    plan = cross_validation(shuffled, np.arange(200), 5, 0)
    got = find(x, shuffled, plan)
    assert abs(got.accuracy - 0.5) < 0.12
    assert got.usable_information_bits is not None
    assert got.usable_information_bits < 0.05


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e4])
def test_constant_is_the_majority_and_nothing_else(offset: float) -> None:
    y = np.repeat([0, 1, 2], [20, 31, 19])
    x = np.full((70, 8), offset, dtype=np.float32)
    got = find(x, y, cross_validation(y, np.arange(70), 5, 0))
    assert (got.accuracy, got.n, got.constant) == (31 / 70, 70, True)
    assert (got.ci_low, got.ci_high) == wilson(31, 70)
    assert (got.predicted == 1).all()
    assert np.isnan(got.true_probability).all()
    for name in SCALARS[5:]:
        if name not in ("n", "constant"):
            assert getattr(got, name) is None, name


def test_not_quite_constant_is_probed() -> None:
    x, y = blobs(80, 8, 2, 3, 0)
    got = find(1000 + x, y, cross_validation(y, np.arange(80), 5, 0))
    assert not got.constant
    assert got.accuracy > 0.95


def test_figures_are_those_of_the_out_of_fold_predictions() -> None:
    x, y = blobs(120, 6, 3, 0.7, 4)
    got = find(x, y, cross_validation(y, np.arange(120), 5, 0))
    assert got.accuracy == (got.predicted == y).mean()
    assert (got.layer, got.pooling, got.n, got.constant) == (3, "mean", 120, False)
    assert (got.ci_low, got.ci_high) == wilson(int((got.predicted == y).sum()), 120)
    assert got.balanced_accuracy == pytest.approx(balanced_accuracy_score(y, got.predicted))
    assert got.macro_f1 == pytest.approx(f1_score(y, got.predicted, average="macro"))
    assert got.log_loss_bits == pytest.approx(-np.log2(got.true_probability).mean(), rel=1e-5)
    assert got.usable_information_bits == pytest.approx(np.log2(3) - got.log_loss_bits, rel=1e-6)
    pointwise = metrics.pointwise_information_bits(y, got.true_probability)
    assert pointwise.mean() == pytest.approx(got.usable_information_bits, rel=1e-4)
    assert got.calibration_error is not None
    assert 0 <= got.calibration_error < 0.3


def split_set() -> tuple[np.ndarray, np.ndarray, Plan]:
    x, y = blobs(120, 12, 2, 0.5, 5)
    splits = ["train"] * 60 + ["dev"] * 20 + ["test"] * 40
    return x, y, given_split(y, np.arange(120), splits, 0)


def test_a_given_split_scores_test_only() -> None:
    x, y, plan = split_set()
    got = find(x, y, plan)
    assert got.n == 40
    assert (got.predicted[:80] == -1).all()
    assert np.isnan(got.true_probability[:80]).all()
    assert (got.predicted[80:] >= 0).all()
    assert got.accuracy == (got.predicted == y)[80:].mean()
    losses = [
        log_loss(y[60:80], scikit_learn(x, y, np.arange(60), np.arange(60, 80), c))
        for c in STRENGTHS
    ]
    assert STRENGTHS[int(np.argmin(losses))] == got.C


def test_no_test_row_chooses_anything() -> None:
    """Other labels and other vectors in test: the same C, and the same predictions."""
    x, y, plan = split_set()
    before = find(x, y, plan)
    flipped = y.copy()
    flipped[80:] = 1 - flipped[80:]
    after = find(x, flipped, plan)
    assert after.C == before.C
    assert np.array_equal(after.predicted, before.predicted)
    assert after.accuracy == pytest.approx(1 - before.accuracy)
    moved = x.copy()
    moved[81:] *= 3
    again = find(moved, y, plan)
    assert again.C == before.C
    assert again.true_probability[80] == pytest.approx(before.true_probability[80], abs=1e-3)


def test_flipped_train_labels_do_change_predictions() -> None:
    x, y, plan = split_set()
    flipped = y.copy()
    flipped[:80] = 1 - flipped[:80]
    assert (find(x, flipped, plan).predicted[80:] != find(x, y, plan).predicted[80:]).mean() > 0.9


def test_dev_chooses() -> None:
    """With dev labels turned round, the strongest regularisation wins."""
    x, y, plan = split_set()
    turned = y.copy()
    turned[60:80] = 1 - turned[60:80]
    assert STRENGTHS[0] == find(x, turned, plan).C
    assert STRENGTHS[0] != find(x, y, plan).C


def test_held_out_labels_do_not_reach_their_own_fold() -> None:
    """With one fold's test labels changed, that fold's predictions stay as they were."""
    x, y = blobs(100, 8, 2, 0.8, 6)
    plan = cross_validation(y, np.arange(100), 5, 0)
    before = find(x, y, plan)
    test = plan.folds[0].test
    changed = y.copy()
    changed[test] = 1 - changed[test]
    after = find(x, changed, plan)
    assert np.array_equal(after.predicted[test], before.predicted[test])


def test_a_class_missing_from_some_inner_folds() -> None:
    x, y = blobs(62, 5, 2, 2, 7)
    y[60:] = 2
    x[60:] += 6
    got = find(x, y, cross_validation(y, np.arange(62), 5, 0))
    assert np.isfinite([got.accuracy, got.log_loss_bits, got.macro_f1]).all()
    assert got.accuracy > 0.8


def test_a_class_that_training_never_saw_has_no_log_loss() -> None:
    x, y = blobs(60, 5, 3, 1, 8)
    train, test = np.flatnonzero(y[:40] != 2), np.arange(40, 60)
    plan = Plan((Fold(train, test, ()),), "by hand", ())
    got = find(x, y, plan)
    assert got.log_loss_bits is None
    assert got.usable_information_bits is None
    assert 0 <= got.accuracy < 1
    assert (got.true_probability[test][y[test] == 2] == 0).all()


def test_all_folds_at_once_or_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = blobs(80, 8, 3, 0.8, 9)
    plan = cross_validation(y, np.arange(80), 5, 0)
    together = find(x, y, plan)
    monkeypatch.setattr("probing.probes.nested.REMEMBERED", 1)
    apart = find(x, y, plan)
    assert (apart.C, apart.accuracy) == (together.C, together.accuracy)
    np.testing.assert_allclose(apart.true_probability, together.true_probability, atol=2e-3)


def test_twice_the_same() -> None:
    x, y = blobs(80, 8, 3, 0.8, 10)
    plan = cross_validation(y, np.arange(80), 5, 0)
    one, two = find(x, y, plan), find(x, y, plan)
    assert one.row() == two.row()
    assert np.array_equal(one.true_probability, two.true_probability)


def test_a_tick_may_stop_it() -> None:
    x, y = blobs(60, 8, 2, 1, 11)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        probe(x, y, 2, cross_validation(y, np.arange(60), 5, 0), layer=0, pooling="cls", tick=stop)


def test_the_majority_of_a_given_split_is_trains() -> None:
    y = np.array([0, 0, 1, 1, 1, 1])
    split = given_split(y, np.arange(6), ["train", "train", "train", "test", "test", "test"], 0)
    assert majority_class(y, split) == 0
    assert majority_class(y, replace(split, folds=split.folds * 2)) == 1


def test_arrays_are_read_only() -> None:
    x, y = blobs(40, 4, 2, 1, 12)
    got = find(x, y, cross_validation(y, np.arange(40), 4, 0))
    for array in (got.predicted, got.true_probability, got.confidence):
        assert not array.flags.writeable
