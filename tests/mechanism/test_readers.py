"""Fixed probes: against scikit-learn, after saving, and where a vector hardly varies."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from probing.mechanism.readers import FoldReaders, Reader, Readers, fit_folds, fit_reader
from probing.probes.folds import Fold


def data(classes: int, n: int = 150, d: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clusters on axes of very different scales."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    x = rng.normal(size=(classes, d))[y] * 1.5 + rng.normal(size=(n, d))
    return (x * 10.0 ** np.linspace(-2, 1, d)).astype(np.float32), y


def reference(x: np.ndarray, y: np.ndarray, C: float) -> LogisticRegression:
    """scikit-learn's logistic regression on standardised features, solved to the end."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, tol=1e-10, max_iter=10_000))
    return model.fit(x.astype(np.float64), y)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_probabilities_of_new_vectors_are_scikit_learns(classes: int, C: float) -> None:
    x, y = data(classes)
    new, _ = data(classes, seed=1)
    reader = fit_reader(x, y, classes, C, layer=2, pooling="cls")
    assert reader.weights.shape == (6, 1 if classes == 2 else classes)
    assert (reader.layer, reader.pooling) == (2, "cls")
    found, expected = reader.probabilities(new), reference(x, y, C).predict_proba(new)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    assert (found.argmax(axis=1) == reader.logits(new).argmax(axis=1)).all()
    assert expected.std() > 0.05, "probabilities that do not differ would prove nothing"


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_linear_and_the_first_of_two_is_zero(classes: int) -> None:
    x, y = data(classes)
    reader = fit_reader(x, y, classes, 1.0, layer=0, pooling="mean")
    logits = reader.logits(x)
    assert logits.dtype == np.float64
    assert logits.shape == (150, classes)
    by_hand = x.astype(np.float64) @ reader.weights + reader.intercepts
    np.testing.assert_array_equal(logits[:, -reader.weights.shape[1] :], by_hand)
    if classes == 2:
        assert (logits[:, 0] == 0).all()
        towards = 1 / (1 + np.exp(-by_hand[:, 0]))
        np.testing.assert_allclose(reader.probabilities(x)[:, 1], towards, atol=1e-12)


def test_huge_logits_are_probabilities() -> None:
    reader = Reader(1, "cls", np.array([[1e6]]), np.zeros(1))
    found = reader.probabilities(np.array([[1.0], [-1.0]]))
    np.testing.assert_array_equal(found, [[0, 1], [1, 0]])


def test_a_millionth_of_the_variance_is_read_as_well_as_all_of_it() -> None:
    """At layer 1 the sentence is in a millionth of what CLS is."""
    x, y = data(3)
    wide = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float64)
    narrow = (5 + 1e-3 * wide).astype(np.float32)
    assert narrow.var(axis=0).max() / np.square(narrow).mean() < 1e-7
    whole = fit_reader(wide.astype(np.float32), y, 3, 1.0, layer=1, pooling="cls")
    part = fit_reader(narrow, y, 3, 1.0, layer=1, pooling="cls")
    np.testing.assert_allclose(part.probabilities(narrow), whole.probabilities(wide), atol=5e-3)
    np.testing.assert_allclose(
        part.probabilities(narrow), reference(narrow, y, 1.0).predict_proba(narrow), atol=2e-3
    )


def test_a_constant_feature_is_not_read() -> None:
    x, y = data(2)
    x[:, 3] = 7
    reader = fit_reader(x, y, 2, 1.0, layer=1, pooling="cls")
    assert (reader.weights[3] == 0).all()
    changed = x.copy()
    changed[:, 3] = 1e6
    np.testing.assert_array_equal(reader.logits(changed), reader.logits(x))


@pytest.mark.parametrize("mean", [0.0, 7.0])
@pytest.mark.parametrize("deviation", [1e-31, 1e-9])
def test_a_dead_dimension_is_not_read(mean: float, deviation: float) -> None:
    """It tells the classes apart perfectly, by a difference that no float32 sum would show."""
    x, y = data(2)
    x[:, 3] = mean + deviation * y
    test = np.arange(0, 50)
    folds = [Fold(np.setdiff1d(np.arange(150), test), test, ())]
    by_fold = fit_folds(x, y, 2, folds, [1.0], layer=1, pooling="cls")
    assert by_fold is not None
    for reader in (fit_reader(x, y, 2, 1.0, layer=1, pooling="cls"), by_fold.readers[0]):
        assert (reader.weights[3] == 0).all()
        assert np.isfinite(reader.intercepts).all()
        assert 1e-3 < np.abs(np.delete(reader.weights, 3)).max() < 1e3
        altered = x.copy()
        altered[:, 3] = 1.0
        np.testing.assert_array_equal(reader.logits(altered), reader.logits(x))


def test_a_narrow_dimension_is_read() -> None:
    """A ten-thousandth of the widest one's deviation is no noise."""
    x, y = data(2)
    x[:, 3] = 1e-4 * x[:, 5].std() * (y + 0.1 * x[:, 3])
    reader = fit_reader(x, y, 2, 1.0, layer=1, pooling="cls")
    assert abs(reader.weights[3, 0]) > 100
    expected = reference(x, y, 1.0).predict_proba(x)
    np.testing.assert_allclose(reader.probabilities(x), expected, atol=2e-3)


# ---- saved and loaded


def test_saved_and_loaded_readers_are_the_same(tmp_path: Path) -> None:
    x, y = data(3)
    cells = [(0, "mean"), (1, "mean"), (1, "cls")]
    readers = Readers(
        ("a", "ärger", "c, d"),
        tuple(fit_reader(x, y, 3, 1.0, layer=i, pooling=p) for i, p in cells),
    )
    readers.save(tmp_path / "readers.npz")
    loaded = Readers.load(tmp_path / "readers.npz")
    assert loaded.classes == ("a", "ärger", "c, d")
    assert [(r.layer, r.pooling) for r in loaded.all] == cells
    for one, other in zip(readers.all, loaded.all, strict=True):
        np.testing.assert_array_equal(one.logits(x), other.logits(x))
    assert loaded.find(1, "cls") is loaded.all[2]
    assert loaded.find(0, "cls") is None, "a constant cell"
    Readers(("a", "b"), ()).save(tmp_path / "none.npz")
    none = Readers.load(tmp_path / "none.npz")
    assert (none.classes, none.all) == (("a", "b"), ())


@pytest.mark.parametrize("spoil", ["missing", "empty", "cut", "text", "other arrays", "pickle"])
def test_a_file_that_is_not_it(spoil: str, tmp_path: Path) -> None:
    path = tmp_path / "readers.npz"
    x, y = data(2)
    Readers(("a", "b"), (fit_reader(x, y, 2, 1.0, layer=1, pooling="cls"),)).save(path)
    if spoil == "missing":
        path.unlink()
    elif spoil == "empty":
        path.write_bytes(b"")
    elif spoil == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif spoil == "text":
        path.write_text("layers, poolings")
    elif spoil == "other arrays":
        np.savez(path, layers=np.array([1]))
    else:
        pickled = np.array([{}], dtype=object)
        np.savez(path, layers=pickled, poolings=[""], weights=[0], intercepts=[0])
    with pytest.raises((OSError, ValueError, KeyError)):
        Readers.load(path)


# ---- a reader for each fold


def test_each_fold_reads_its_own_test_sentences() -> None:
    x, y = data(3)
    test = [np.arange(0, 50), np.arange(50, 100)]
    folds = [Fold(np.setdiff1d(np.arange(150), rows), rows, ()) for rows in test]
    found = fit_folds(x, y, 3, folds, [0.1, 1.0], layer=1, pooling="cls")
    assert isinstance(found, FoldReaders)
    assert (found.fold_of == np.repeat([0, 1, -1], 50)).all()
    for number, (fold, C) in enumerate(zip(folds, (0.1, 1.0), strict=True)):
        model = reference(x[fold.train], y[fold.train], C)
        np.testing.assert_allclose(
            found.readers[number].probabilities(x), model.predict_proba(x), atol=2e-3
        )
    rows, scored = np.array([3, 99, 50, 12]), (0, 1, 1, 0)
    for given in (x[rows], x[::-1][rows]):  # altered ones are read by the fold of their original
        said = [
            found.readers[k].logits(v[None]).argmax() for k, v in zip(scored, given, strict=True)
        ]
        assert found.correct(given, y[rows], rows).tolist() == (said == y[rows]).tolist()
    with pytest.raises(ValueError, match="no fold scores some"):
        found.correct(x[[120]], y[[120]], np.array([120]))


def test_constant_vectors_have_no_readers() -> None:
    x, y = np.ones((40, 4), dtype=np.float32), np.arange(40) % 2
    folds = [Fold(np.arange(20), np.arange(20, 40), ())]
    assert fit_folds(x, y, 2, folds, [1.0], layer=0, pooling="cls") is None
