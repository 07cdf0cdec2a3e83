"""The batched solver against scikit-learn's, converged in float64."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from probing.probes import solver, training
from probing.probes.history import History
from probing.probes.losses import Sums, residuals
from probing.reading import read_csv
from tests.conftest import SHARED

STRENGTHS = (1e-4, 1e-2, 1.0, 1e2)


@dataclass
class Problem:
    """Features, labels, and boolean training rows of several problems."""

    x: np.ndarray
    y: np.ndarray
    classes: int
    trains: list[np.ndarray]


def blobs(n: int, d: int, classes: int, seed: int, spread: float = 1.0, folds: int = 3) -> Problem:
    """Overlapping Gaussian classes, every class in every training part."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    centres = rng.normal(size=(classes, d)) * spread / np.sqrt(d)
    x = (centres[y] + rng.normal(size=(n, d))).astype(np.float32)
    trains = []
    for part in range(folds):
        train = rng.random(n) > 0.3 if part else np.ones(n, dtype=bool)
        train[:classes] = True
        trains.append(train)
    return Problem(x, y, classes, trains)


def scaled(problem: Problem, train: np.ndarray) -> np.ndarray:
    """All rows, standardised over the training rows; columns constant there become 0."""
    wide = problem.x.astype(np.float64)
    z = StandardScaler().fit(wide[train]).transform(wide)
    still = wide[train].std(axis=0) <= 1e-6 * np.abs(wide[train]).max(axis=0)
    z[:, still] = 0.0
    return z


def reference(problem: Problem, train: np.ndarray, c: float) -> tuple[float, np.ndarray]:
    """Objective at scikit-learn's optimum per C·|T|, and log-probabilities of all rows."""
    z, y = scaled(problem, train), problem.y
    model = LogisticRegression(C=c, tol=1e-10, max_iter=100_000, solver="newton-cg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its line search, at the end of float64's precision
        model.fit(z[train], y[train])
    with np.errstate(divide="ignore"):
        log_p = np.log(model.predict_proba(z))
    column = {label: i for i, label in enumerate(model.classes_)}
    loss = -np.mean([log_p[i, column[y[i]]] for i in np.flatnonzero(train)])
    return loss + 0.5 * np.square(model.coef_).sum() / (c * train.sum()), log_p


def solve(problem: Problem, c: float, start: torch.Tensor | None = None) -> solver.Fits:
    fits, _ = solver.fit(*arguments(problem, c), start)
    return fits


def arguments(
    problem: Problem, c: float
) -> tuple[solver.Features, torch.Tensor, int, torch.Tensor, torch.Tensor]:
    masks = torch.from_numpy(np.stack(problem.trains, axis=1).astype(np.float32))
    target = torch.from_numpy(problem.y.astype(np.int64))
    strengths = torch.full((len(problem.trains),), c)
    return solver.Features.of(problem.x), target, problem.classes, masks, strengths


def check(problem: Problem, c: float, near: float = 1e-4) -> None:
    """Objective within ``near``, probabilities close, predictions equal but for near-ties."""
    fits = solve(problem, c)
    features, rows = solver.Features.of(problem.x), torch.arange(len(problem.y))
    for p, train in enumerate(problem.trains):
        expected, log_p = reference(problem, train, c)
        assert fits.objective[p] == pytest.approx(expected, rel=near), (p, c)
        got = fits.log_probabilities(features, rows, p).numpy()
        assert got.shape == (len(problem.y), problem.classes)
        assert np.isfinite(got).all()
        np.testing.assert_allclose(np.exp(got).sum(axis=1), 1.0, atol=1e-6)
        best = np.sort(np.exp(log_p), axis=1)
        clear = best[:, -1] - best[:, -2] > 0.05
        assert (got.argmax(axis=1) == log_p.argmax(axis=1))[clear].all()


@pytest.mark.parametrize("c", STRENGTHS)
@pytest.mark.parametrize(
    ("n", "d", "classes"),
    [(20, 2, 2), (20, 128, 2), (500, 16, 2), (20, 2, 3), (60, 8, 3), (40, 100, 3), (500, 128, 3),
     (120, 5, 10), (300, 64, 10), (60, 1_024, 2)],
)  # fmt: skip
def test_objective_and_predictions_are_those_of_scikit_learn(
    n: int, d: int, classes: int, c: float
) -> None:
    check(blobs(n, d, classes, seed=n + d), c)


@pytest.mark.parametrize("c", STRENGTHS[:3])  # the reference takes long to converge at more
def test_many_columns_and_classes(c: float) -> None:
    check(blobs(40, 1_024, 4, seed=13), c)


@pytest.mark.parametrize("c", STRENGTHS)
@pytest.mark.parametrize("classes", [2, 4])
def test_badly_scaled_columns(classes: int, c: float) -> None:
    """Scales from 1e-6 to 1e6, and offsets a thousand times the spread."""
    problem = blobs(150, 12, classes, seed=1)
    scale = np.logspace(-6, 6, 12)
    problem.x = ((problem.x + np.linspace(-1000, 1000, 12)) * scale).astype(np.float32)
    check(problem, c)


@pytest.mark.parametrize("c", STRENGTHS)
@pytest.mark.parametrize("classes", [2, 3])
def test_rank_deficient(classes: int, c: float) -> None:
    """Columns that are copies and sums of others; twice as many columns as rank."""
    problem = blobs(100, 10, classes, seed=2)
    x = problem.x
    problem.x = np.hstack([x, x[:, :5], x[:, 5:] + x[:, :5]]).astype(np.float32)
    check(problem, c)


@pytest.mark.parametrize("c", STRENGTHS)
def test_a_dominating_dimension(c: float) -> None:
    """One direction with 99.9 % of the variance, shared by all columns, as [CLS] vectors have."""
    problem = blobs(200, 20, 3, seed=3)
    rogue = np.random.default_rng(3).normal(size=(200, 1)) * np.linspace(20, 60, 20)
    problem.x = (problem.x + rogue).astype(np.float32)
    check(problem, c)


@pytest.mark.parametrize("classes", [2, 3])
def test_constant_columns_change_nothing(classes: int) -> None:
    problem = blobs(90, 6, classes, seed=4)
    alone = solve(problem, 1.0)
    x = problem.x
    still = [np.full((90, 1), value, np.float32) for value in (0.0, 1.0, 7777.7)]
    problem.x = np.hstack([x, *still])
    check(problem, 1.0)
    together = solve(problem, 1.0)
    np.testing.assert_allclose(together.objective, alone.objective, rtol=1e-5)
    assert torch.equal(together.weights[6:], torch.zeros_like(together.weights[6:]))


def test_a_column_that_is_constant_only_in_training() -> None:
    problem = blobs(90, 6, 2, seed=5)
    train = problem.trains[1]
    problem.x[train, 2] = 3.25
    problem.x[~train, 2] = 1e4 + np.arange((~train).sum())
    problem.trains = [train]
    check(problem, 1.0)


@pytest.mark.parametrize("c", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_separable(classes: int, c: float) -> None:
    """The loss falls towards 0: nothing overflows, and every training row is right."""
    problem = blobs(60, 30, classes, seed=6, spread=60)
    check(problem, c)
    fits = solve(problem, c)
    log_p = fits.log_probabilities(solver.Features.of(problem.x), torch.arange(60), 0)
    assert (log_p.argmax(1).numpy() == problem.y).all()


def test_labels_that_features_cannot_tell() -> None:
    """All rows alike: the intercept alone gives the class shares."""
    y = np.repeat([0, 1, 2], [10, 20, 30])
    problem = Problem(np.ones((60, 4), np.float32), y, 3, [np.ones(60, dtype=bool)])
    fits = solve(problem, 1.0)
    p = fits.log_probabilities(solver.Features.of(problem.x), torch.arange(60), 0).exp()
    np.testing.assert_allclose(p[0].numpy(), [1 / 6, 2 / 6, 3 / 6], atol=1e-4)


def test_a_class_that_training_lacks_gets_nothing_and_changes_nothing() -> None:
    problem = blobs(80, 5, 4, seed=7, folds=1)
    problem.trains = [problem.y != 2]
    fits = solve(problem, 1.0)
    got = fits.log_probabilities(solver.Features.of(problem.x), torch.arange(80), 0)
    assert (got[:, 2] < -1e6).all()
    expected, log_p = reference(problem, problem.trains[0], 1.0)
    assert fits.objective[0] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(got[:, [0, 1, 3]].numpy(), log_p, atol=0.02)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_single_class_in_training_is_predicted(classes: int) -> None:
    """As when all copies of a conflicting text are held out together."""
    problem = blobs(30, 4, classes, seed=8, folds=1)
    problem.trains = [problem.y == 1]
    fits = solve(problem, 1.0)
    got = fits.log_probabilities(solver.Features.of(problem.x), torch.arange(30), 0)
    assert not torch.isnan(got).any()
    assert (got.argmax(1) == 1).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_warm_start_ends_where_a_cold_one_does(seed: int) -> None:
    problem = blobs(100, 20, 2 + seed % 3, seed=seed)
    parameters = None
    features, y, classes, masks, _ = arguments(problem, 1.0)
    for c in STRENGTHS:
        strengths = torch.full((len(problem.trains),), c)
        warm, parameters = solver.fit(features, y, classes, masks, strengths, parameters)
        cold = solve(problem, c)
        np.testing.assert_allclose(warm.objective, cold.objective, rtol=1e-4)
        for p in range(len(problem.trains)):
            rows = torch.arange(100)
            one = warm.log_probabilities(features, rows, p).exp()
            two = cold.log_probabilities(features, rows, p).exp()
            # both within 4e-6 of the least objective, which is that flat at the weakest strength
            assert float((one - two).abs().max()) < 0.03


def test_problems_of_a_batch_do_not_touch_each_other() -> None:
    """Solved together with hard and easy neighbours, or alone: the same solution."""
    problem = blobs(70, 10, 3, seed=9, folds=4)
    together = solve(problem, 1.0)
    for p, train in enumerate(problem.trains):
        alone = solve(Problem(problem.x, problem.y, 3, [train]), 1.0)
        assert alone.objective[0] == pytest.approx(together.objective[p], rel=1e-4)
        np.testing.assert_allclose(alone.weights[:, 0], together.weights[:, p], atol=0.01)


def test_held_out_rows_do_not_enter() -> None:
    """Other values and labels in the held-out rows leave the weights alone."""
    problem = blobs(80, 6, 2, seed=10)
    train = problem.trains[1]
    problem.trains = [train]
    other = Problem(problem.x.copy(), problem.y.copy(), 2, [train])
    other.x[~train] += 50.0
    other.y[~train] = 1 - other.y[~train]
    for p in (problem, other):
        check(p, 1.0)
    one, two = solve(problem, 1.0), solve(other, 1.0)
    assert one.objective[0] == pytest.approx(two.objective[0], rel=1e-5)


def intents(n: int, folds: int = 2) -> Problem:
    """The first n sentences of each of 77 intents as counts of their words' hashes."""
    read = read_csv(SHARED / "data" / "csv" / "banking77.csv")
    assert read.labels is not None
    names, y = np.unique(read.labels, return_inverse=True)
    rows = np.sort(np.concatenate([np.flatnonzero(y == k)[:n] for k in range(len(names))]))
    words = HashingVectorizer(n_features=32, alternate_sign=True, norm=None)
    x = words.transform([read.texts[i] for i in rows]).toarray().astype(np.float32)
    held = [np.arange(len(rows)) % (folds + 1) == part for part in range(folds)]
    return Problem(x, y[rows], len(names), [~part for part in held])


@pytest.mark.parametrize("c", [1e-4, 1e-2, 1.0])
def test_77_classes(c: float) -> None:
    check(intents(6), c)


@pytest.mark.parametrize("classes", [2, 4])
def test_rows_laid_apart_or_masked(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same solutions where each training set has its rows alone, in blocks, and without."""
    problem = blobs(120, 20, classes, seed=14, folds=4)
    problem.trains[3] = problem.trains[1]
    own = torch.from_numpy(np.repeat(problem.y[:, None], 4, axis=1))
    own[5:, 2] = own[5:, 2].flip(0)
    for labels in (None, own):
        found = []
        for enough, block in ((10**9, 10**9), (0, 10**9), (0, 999), (10**9, 999)):
            monkeypatch.setattr(training, "ENOUGH", enough)
            monkeypatch.setattr(solver, "BLOCK", block)
            features, y, _, train, c = arguments(problem, 0.1)
            y = y if labels is None else labels
            found.append(solver.fit(features, y, classes, train, c)[0])
        for other in found[1:]:
            np.testing.assert_allclose(found[0].objective, other.objective, rtol=1e-5)
            np.testing.assert_allclose(found[0].weights, other.weights, atol=0.01)


def test_rows_are_laid_apart_where_it_pays_and_memory_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = blobs(120, 20, 2, seed=14, folds=4)
    problem.trains[3] = problem.trains[1]
    features, _, _, train, _ = arguments(problem, 0.1)
    apart = training.Training.of_masks(features.values, train, 77)
    assert apart.of.tolist() == [0, 1, 2, 1]
    assert apart.take(np.array([3, 0])).of.tolist() == [1, 0]
    for i, rows in enumerate(apart.rows):  # no row that the set does not train on
        x = problem.x[problem.trains[i]].astype(np.float64)
        at = features.inverse_std * (x - features.mean)
        np.testing.assert_allclose(rows.values, at, atol=1e-5)
        assert bool((rows.train == 1).all())
        assert (rows.sets.tolist(), float(apart.counts[i])) == ([i], len(x))
        np.testing.assert_allclose(apart.mean[i], at.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(apart.inverse_std[i], 1 / at.std(axis=0), rtol=1e-5)
    assert len(training.Training.of_masks(features.values, train, 1).rows) == 1
    monkeypatch.setattr(training, "COPIED", 0)
    (whole,) = training.Training.of_masks(features.values, train, 77).rows
    assert whole.values is features.values


@pytest.mark.parametrize("classes", [2, 3, 77])
def test_losses_and_residuals_are_those_of_torch(classes: int) -> None:
    """Of rows at random, hopeless and certain ones, and rows outside training.

    A residual is 0 or a normal number: beneath those, products take ten times as long.
    """
    rng = np.random.default_rng(classes)
    shape = 3, 1 if classes == 2 else classes, 50
    logits = torch.from_numpy(rng.normal(size=shape) * 5).float()
    logits[:, 0, :4] = torch.tensor([100.0, -100.0, 1e4, -1e4])
    train = torch.from_numpy(rng.integers(0, 2, size=(3, 50))).float()
    labels = torch.from_numpy(rng.integers(0, classes, size=(3, 50)))
    for y, mask in ((labels, train), (labels[:1], train), (labels, train[:1])):
        wide = logits.double().requires_grad_()
        both = torch.cat([torch.zeros_like(wide), wide], 1) if classes == 2 else wide
        log_p, index = both.log_softmax(1), y.expand(3, 50)[:, None]
        loss = -(log_p.gather(1, index)[:, 0] * mask).sum(1)
        (slope,) = torch.autograd.grad(loss.sum(), wide)
        p = log_p.detach().exp()[:, 1:] if classes == 2 else log_p.detach().exp()
        found, sums = logits.clone(), Sums.nothing(*shape[:2])
        for _ in range(2):  # added to what is there
            found.copy_(logits)
            residuals(found, y, mask, sums)
        torch.testing.assert_close(found.double(), slope, rtol=1e-5, atol=1e-6)
        if classes > 2:
            assert ((found == 0) | (found.abs() >= torch.finfo().tiny)).all()
        torch.testing.assert_close(sums.loss, 2 * loss.detach(), rtol=1e-6, atol=0)
        torch.testing.assert_close(sums.residual.double(), 2 * slope.sum(2), rtol=1e-5, atol=1e-4)
        spread = 2 * (p * (1 - p) * mask[:, None]).sum((1, 2))
        torch.testing.assert_close(sums.spread.double(), spread, rtol=1e-5, atol=1e-4)


def test_what_was_remembered_elsewhere_changes_no_solution() -> None:
    """With the history of another C, as without; and less to do."""
    problem = blobs(200, 30, 4, seed=11)
    features, y, classes, masks, c = arguments(problem, 1.0)
    history = History(len(c), classes, 31)
    _, start = solver.fit(features, y, classes, masks, c, history=history)
    for other in (0.3, 3.0):
        joined = History.join([(history, np.arange(len(c)))])
        warm, _ = solver.fit(features, y, classes, masks, c * other, start, history=joined)
        cold, _ = solver.fit(features, y, classes, masks, c * other, start)
        np.testing.assert_allclose(warm.objective, cold.objective, rtol=2e-5)
        assert warm.iterations < cold.iterations


@pytest.mark.parametrize("classes", [2, 10])
def test_one_or_two_threads(classes: int) -> None:
    problem = blobs(400, 64, classes, seed=12)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(solve(problem, 1.0))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(found[0].objective, found[1].objective, rtol=1e-5)
    rows = torch.arange(400)
    one, two = (f.log_probabilities(solver.Features.of(problem.x), rows, 1).exp() for f in found)
    assert float((one - two).abs().max()) < 0.01


def test_never_not_a_number() -> None:
    """Outliers, tiny and huge values, as many rows as classes."""
    rng = np.random.default_rng(0)
    for trial in range(20):
        n, d, classes = rng.integers(4, 30), rng.integers(1, 40), rng.integers(2, 4)
        x = rng.standard_t(1, size=(n, d)) * 10.0 ** rng.integers(-15, 15)
        y = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
        problem = Problem(x.astype(np.float32), y, int(classes), [np.ones(n, dtype=bool)])
        for c in STRENGTHS:
            fits = solve(problem, c)
            log_p = fits.log_probabilities(solver.Features.of(problem.x), torch.arange(n), 0)
            assert np.isfinite(fits.objective).all(), trial
            assert not torch.isnan(log_p).any(), trial
            assert fits.objective[0] <= np.log(classes) + 1e-6  # no worse than knowing nothing
