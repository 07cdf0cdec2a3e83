"""Baselines for numbers against scikit-learn."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from probing import numeric_baselines
from probing.errors import Cancelled
from probing.preparation import from_lists, prepare
from probing.probes import ridge
from probing.probes.numeric_folds import cross_validation, given_split
from probing.probes.search import STRENGTHS
from probing.settings import Settings

WORDS = (
    *("film", "food", "room", "staff", "book", "place", "card", "bank", "house", "city"),
    *("bad", "good", "so", "never", "I", "was"),
)


def written(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of 4 … 9 words, and a number that their words add up to, with some noise."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=len(WORDS))
    picks = [rng.integers(0, len(WORDS), rng.integers(4, 10)) for _ in range(n)]
    texts = [" ".join(WORDS[i] for i in pick) for pick in picks]
    return texts, np.array([worth[pick].mean() for pick in picks]) + 0.05 * rng.normal(size=n)


def test_the_mean_is_scikit_learns_dummy() -> None:
    _, t = written(100, 0)
    plan = cross_validation(t, np.arange(100), 5, 0)
    got = numeric_baselines.mean(t, plan)
    for fold in plan.folds:
        dummy = DummyRegressor().fit(np.zeros((len(fold.train), 1)), t[fold.train])
        wanted = dummy.predict(np.zeros((len(fold.test), 1)))
        np.testing.assert_allclose(got.predicted[fold.test], wanted)
    assert (got.name, got.constant, got.spearman, got.C) == ("mean", True, None, None)
    assert -0.05 < got.r2 < 0


@pytest.mark.parametrize("seed", [0, 1])
def test_tfidf_is_scikit_learns(seed: int) -> None:
    texts, t = written(60, seed)
    plan = cross_validation(t, np.arange(60), 3, seed)
    words = np.array(texts)

    def fitted(c: float, train: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Words and weights of ``train`` alone, solved exactly."""
        vectors = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")
        x = vectors.fit_transform(words[train]).toarray()
        model = Ridge(alpha=1 / c, solver="cholesky").fit(x, t[train])
        return model.predict(vectors.transform(words[rows]).toarray())

    predicted, chosen = np.full(60, np.nan), []
    for fold in plan.folds:
        errors = [
            sum(((fitted(c, train, held) - t[held]) ** 2).sum() for train, held in fold.inner)
            for c in STRENGTHS
        ]
        chosen.append(STRENGTHS[int(np.argmin(errors))])
        predicted[fold.test] = fitted(chosen[-1], fold.train, fold.test)
    got = numeric_baselines.tfidf(texts, t, plan)
    np.testing.assert_allclose(got.predicted, predicted, atol=1e-4)
    assert sorted(chosen)[1] == got.C
    assert got.r2 == pytest.approx(r2_score(t, predicted), abs=1e-4)
    assert (got.name, got.n, got.constant) == ("tfidf", 60, False)


def test_tfidf_finds_what_words_say_and_nothing_else() -> None:
    texts, t = written(300, 3)
    plan = cross_validation(t, np.arange(300), 5, 0)
    assert numeric_baselines.tfidf(texts, t, plan).r2 > 0.8
    shuffled = np.random.default_rng(0).permutation(t)
    assert numeric_baselines.tfidf(texts, shuffled, plan).r2 < 0.05


def test_texts_without_words_leave_the_mean() -> None:
    _, t = written(40, 0)
    plan = cross_validation(t, np.arange(40), 5, 0)
    got = numeric_baselines.tfidf(["🎁 !"] * 40, t, plan)
    assert (got.name, got.constant) == ("tfidf", True)
    np.testing.assert_allclose(got.predicted, numeric_baselines.mean(t, plan).predicted)
    some = numeric_baselines.tfidf(["🎁 !"] * 39 + ["word"], t, plan)
    assert np.isfinite(some.predicted).all()


def test_length_is_found_in_pieces_and_in_characters() -> None:
    rng = np.random.default_rng(0)
    texts = ["x" * n for n in rng.integers(5, 200, 100)]
    characters = np.array([len(text) for text in texts])
    counts = rng.integers(3, 60, 100).astype(np.int32)
    plan = cross_validation(characters + 0.0, np.arange(100), 5, 0)
    both = numeric_baselines.length(counts, texts, 2.0 * counts - characters, plan)
    assert (both.name, both.r2 > 0.999) == ("length", True)
    assert numeric_baselines.length(None, texts, 1.0 * characters, plan).r2 > 0.999
    assert numeric_baselines.length(None, texts, 1.0 * counts, plan).r2 < 0.1
    same = numeric_baselines.length(np.full(100, 7), ["same"] * 100, 1.0 * counts, plan)
    assert same.constant


def test_embeddings_are_probed_like_a_cell() -> None:
    _, t = written(80, 1)
    x = np.random.default_rng(0).normal(size=(80, 12)).astype(np.float32)
    x[:, 0] += t
    plan = given_split(t, np.arange(80), ["train"] * 50 + ["test"] * 30, 0)
    got = numeric_baselines.embeddings(x, t, plan)
    cell = ridge.regress(x, t, plan, layer=0, pooling="mean")
    np.testing.assert_array_equal(got.predicted, cell.predicted)
    assert got.scalars() == cell.scalars()
    assert got.name == "embeddings"
    assert numeric_baselines.embeddings(np.ones((80, 3)), t, plan).constant


def test_from_texts_and_labels_to_scores() -> None:
    texts, t = written(120, 5)
    task = prepare(from_lists(texts, t.tolist()), Settings())
    assert task.target is not None
    assert task.plan is not None
    np.testing.assert_array_equal(task.target, t)
    assert numeric_baselines.tfidf(texts, task.target, task.plan).r2 > 0.7


def test_each_can_be_stopped() -> None:
    def stop() -> None:
        raise Cancelled

    texts, t = written(40, 0)
    plan = cross_validation(t, np.arange(40), 5, 0)
    x = np.random.default_rng(0).normal(size=(40, 3))
    with pytest.raises(Cancelled):
        numeric_baselines.tfidf(texts, t, plan, stop)
    with pytest.raises(Cancelled):
        numeric_baselines.length(None, texts, t, plan, stop)
    with pytest.raises(Cancelled):
        numeric_baselines.embeddings(x, t, plan, stop)
