"""Baselines against scikit-learn's own parts, and against labels that are planted in the texts."""

import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from probing import baselines
from probing.baselines import count_words, embeddings, length, majority_baseline, tfidf
from probing.encoders import Encoder
from probing.errors import Cancelled
from probing.extraction import extract
from probing.probes.folds import Fold, Plan, cross_validation, duplicate_groups, given_split
from probing.probes.nested import probe
from probing.probes.result import FIGURES, Baseline
from probing.probes.search import STRENGTHS
from probing.statistics import wilson
from tests.conftest import SHARED

WORDS = np.array(["a", "i", "über", "straße", "naïve", "ångström", "don't", "42", "été", "the"] + [
    f"w{number}" for number in range(30)
])  # fmt: skip


def corpus(n: int, classes: int, signal: float, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of 3 to 12 words; with probability ``signal`` a word is of the class's own five."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    texts = []
    for label in y:
        words = rng.choice(WORDS, size=rng.integers(3, 13))
        own = rng.random(len(words)) < signal
        words[own] = rng.choice(WORDS[label * 5 : label * 5 + 5], size=own.sum())
        texts.append(" ".join(words))
    return texts, y


def folds(y: np.ndarray, texts: Sequence[str], count: int = 4) -> Plan:
    return cross_validation(y, duplicate_groups(texts), count, 0)


def pieces(texts: Sequence[str]) -> np.ndarray:
    """Stands in for a tokenizer's counts."""
    return np.array([len(text.split()) for text in texts], dtype=np.int32)


def is_majority(got: Baseline, y: np.ndarray) -> bool:
    """All that one vector for every sentence allows, and nothing else."""
    most = int(np.bincount(y).argmax())
    blank = [name for name in FIGURES if getattr(got, name) is None]
    return (
        (got.accuracy, got.n, got.constant) == ((y == most).mean(), len(y), True)
        and (got.predicted == most).all()
        and len(blank) == len(FIGURES) - 5  # accuracy, its interval, n, constant
    )


# ---- TF-IDF against scikit-learn


def pipeline() -> Pipeline:
    return Pipeline([
        ("terms", TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")),
        ("ten", FunctionTransformer(lambda x: 10 * x)),
        ("probe", LogisticRegression(tol=1e-8, max_iter=10_000)),
    ])  # fmt: skip


def summed_loss(model: Pipeline, texts: np.ndarray, y: np.ndarray) -> float:
    return -float(log_loss(y, model.predict_proba(texts), normalize=False, labels=model.classes_))


def reference(
    texts: Sequence[str], y: np.ndarray, plan: Plan
) -> tuple[list[float], float, np.ndarray]:
    """Chosen C per fold, the least margin of a choice, and out-of-fold probabilities."""
    whole = np.array(texts, dtype=object)
    chosen, margins = [], []
    p = np.full((len(y), int(y.max()) + 1), np.nan)
    for fold in plan.folds:
        search = GridSearchCV(
            pipeline(), {"probe__C": STRENGTHS}, scoring=summed_loss, cv=fold.inner, refit=False
        ).fit(whole, y)
        losses = -search.cv_results_["mean_test_score"]
        margins.append(np.partition(losses, 1)[1] / losses.min() - 1)
        chosen.append(STRENGTHS[int(losses.argmin())])
        model = pipeline().set_params(probe__C=chosen[-1]).fit(whole[fold.train], y[fold.train])
        p[fold.test] = model.predict_proba(whole[fold.test])
    return chosen, min(margins), p


@pytest.mark.parametrize(
    ("n", "classes", "signal", "seed"), [(100, 2, 0.3, 0), (80, 3, 0.5, 1), (80, 4, 0.4, 2)]
)
def test_equal_to_scikit_learn(
    n: int, classes: int, signal: float, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, y = corpus(n, classes, signal, seed)
    plan = folds(y, texts, 3)
    wanted, margin, p = reference(texts, y, plan)
    assert margin > 1e-4, "a choice this close tells nothing: take another seed"
    assert set(wanted) - {STRENGTHS[0], STRENGTHS[-1]}, "the grid's ends show no scale"
    chosen: list[float] = []
    choose = baselines._choose

    def seen(*given: Any) -> tuple[float, float]:
        chosen.append((found := choose(*given))[0])
        return found

    monkeypatch.setattr(baselines, "_choose", seen)
    got = tfidf(texts, y, classes, plan)
    assert chosen == wanted
    assert sorted(wanted)[1] == got.C
    ordered = np.sort(p, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 1e-3
    assert (got.predicted == p.argmax(axis=1))[clear].all()
    assert clear.mean() > 0.95
    np.testing.assert_allclose(got.true_probability, p[np.arange(n), y], atol=1e-3)
    assert got.log_loss_bits == pytest.approx(log_loss(y, p) / np.log(2), abs=1e-3)
    assert (got.name, got.n, got.constant) == ("tfidf", n, False)


def test_a_given_split_chooses_on_dev_and_scores_test() -> None:
    texts, y = corpus(140, 2, 0.5, 3)
    splits = ["train"] * 70 + ["dev"] * 30 + ["test"] * 40
    plan = given_split(y, np.arange(140), splits, 0)
    (wanted,), margin, p = reference(texts, y, plan)
    assert margin > 1e-4
    got = tfidf(texts, y, 2, plan)
    assert (got.C, got.n) == (wanted, 40)
    assert (got.predicted[:100] == -1).all()
    assert np.isnan(got.true_probability[:100]).all()
    np.testing.assert_allclose(got.true_probability[100:], p[np.arange(100, 140), y[100:]],
                               atol=1e-3)  # fmt: skip


@pytest.mark.parametrize("strength", [1e-4, 1.0, 100.0])
def test_every_fit_is_the_optimum(strength: float) -> None:
    """Cold, and warm after the walk from strong regularisation."""
    texts, y = corpus(150, 3, 0.4, 4)
    counts, train, rows = count_words(texts), np.arange(100), np.arange(100, 150)
    whole = np.array(texts, dtype=object)
    model = pipeline().set_params(probe__C=strength, probe__tol=1e-10)
    expected = model.fit(whole[train], y[train]).predict_proba(whole[rows])
    found = baselines._Probe(counts, y, 3, train, rows)
    cold = found.log_probabilities(strength, lambda: None)
    for c in STRENGTHS:
        warm = found.log_probabilities(c, lambda: None)
        if c == strength:
            np.testing.assert_allclose(np.exp(warm), expected, atol=1e-3)
    np.testing.assert_allclose(np.exp(cold), expected, atol=1e-3)
    assert abs(cold - np.log(1 / 3)).max() > (0.01 if strength > 1e-3 else 1e-5)


def test_what_one_row_alone_has_becomes_one_column() -> None:
    """A text's own words count by their length in training, by their likeness to it elsewhere."""
    x = csr_matrix(np.array([[1, 3, 0, 4, 0], [2, 0, 5, 0, 0], [1, 0, 0, 0, 0]], dtype=float))
    asked = csr_matrix(np.array([[7, 2, 0, 1, 0], [0, 0, 3, 0, 9]], dtype=float))
    one, other = baselines._fewer(x, asked)
    # shared by two rows at least; by none; then 3, 4 of the first row; 5 of the second
    np.testing.assert_allclose(one.toarray(), [[1, 0, 5, 0], [2, 0, 0, 5], [1, 0, 0, 0]])
    np.testing.assert_allclose(other.toarray(), [[7, 0, 2, 0], [0, 9, 0, 3]])


@pytest.mark.parametrize("rows", [[[1.0], [2.0]], [[1.0, 0.0], [0.0, 2.0]], [[0.0], [0.0]]])
def test_columns_all_shared_or_all_alone(rows: list[list[float]]) -> None:
    for one in baselines._fewer(csr_matrix(rows), csr_matrix(rows)):
        np.testing.assert_allclose(one.toarray(), rows)


# ---- nothing of test rows reaches what is fitted


def split_set() -> tuple[list[str], np.ndarray, Plan]:
    texts, y = corpus(140, 2, 0.4, 5)
    splits = ["train"] * 70 + ["dev"] * 30 + ["test"] * 40
    return texts, y, given_split(y, np.arange(140), splits, 0)


def test_a_word_of_test_rows_only_has_no_weight_at_all() -> None:
    """Not even through the length of the vector: its row is predicted as without it."""
    texts, y, plan = split_set()
    before = tfidf(texts, y, 2, plan)
    marked = [
        f"{text} only{label} here" if i >= 100 else text
        for i, (text, label) in enumerate(zip(texts, y, strict=True))
    ]
    after = tfidf(marked, y, 2, plan)
    assert np.array_equal(after.true_probability[100:], before.true_probability[100:])
    everywhere = [f"{text} only{label} here" for text, label in zip(texts, y, strict=True)]
    assert tfidf(everywhere, y, 2, plan).accuracy == 1.0


def test_how_rare_a_word_is_in_test_rows_does_not_matter() -> None:
    texts, y, plan = split_set()
    before = tfidf(texts, y, 2, plan)
    changed = texts[:101] + [" ".join(WORDS)] * 39
    after = tfidf(changed, y, 2, plan)
    assert after.true_probability[100] == before.true_probability[100]
    assert after.C == before.C


def test_labels_of_test_rows_change_nothing() -> None:
    texts, y, plan = split_set()
    before = tfidf(texts, y, 2, plan)
    flipped = np.where(np.arange(140) >= 100, 1 - y, y)
    after = tfidf(texts, flipped, 2, plan)
    assert np.array_equal(after.predicted, before.predicted)
    assert after.C == before.C
    assert after.accuracy == pytest.approx(1 - before.accuracy)


def test_labels_of_dev_rows_choose_but_are_not_fitted_on() -> None:
    texts, y, plan = split_set()
    dev = (np.arange(140) >= 70) & (np.arange(140) < 100)
    turned = np.where(dev, 1 - y, y)
    assert tfidf(texts, turned, 2, plan).C == STRENGTHS[0] != tfidf(texts, y, 2, plan).C
    fold = plan.folds[0]
    fixed = Plan((Fold(fold.train, fold.test, ()),), "", ())
    results = [tfidf(texts, labels, 2, fixed) for labels in (y, turned)]
    assert np.array_equal(results[0].true_probability, results[1].true_probability, equal_nan=True)
    assert STRENGTHS[0] == results[0].C


# ---- planted


def planted(n: int = 240) -> tuple[list[str], dict[str, np.ndarray]]:
    """Texts with one word of two, of two lengths, in two word orders, and labels by each."""
    rng = np.random.default_rng(0)
    labels = {name: rng.permutation(np.arange(n) % 2) for name in ("word", "long", "random")}
    texts = []
    for i in range(n):
        words = list(rng.choice(WORDS[10:], size=(12 if labels["long"][i] else 5)))
        words.insert(int(rng.integers(6)), ("left", "rght")[labels["word"][i]])
        texts.append(" ".join(words))
    return texts, labels


def test_each_finds_what_is_planted_for_it_and_not_the_rest() -> None:
    texts, labels = planted()
    counts = pieces(texts)
    rng = np.random.default_rng(1)
    meaning = {word: rng.normal(size=12) for text in texts for word in text.split()}
    x = np.array([np.mean([meaning[w] for w in text.split()], axis=0) for text in texts])
    for name, y in labels.items():
        plan = folds(y, texts, 3)
        found = {
            "length": length(counts, texts, y, 2, plan),
            "tfidf": tfidf(texts, y, 2, plan),
            "embeddings": embeddings(x, y, 2, plan),
        }
        assert {key: got.name for key, got in found.items()} == {key: key for key in found}
        high = {key for key, got in found.items() if got.accuracy > 0.9}
        chance = {key for key, got in found.items() if got.ci_low < 0.5 < got.ci_high}
        if name == "word":
            assert "tfidf" in high
            assert "length" in chance
        elif name == "long":
            assert found["length"].accuracy == 1.0
        else:
            assert chance == set(found)
        assert is_majority(majority_baseline(y, plan), y)


def test_both_features_of_length_count() -> None:
    y = np.arange(80) % 2
    texts = ["x" * (20 + i % 7) for i in range(80)]
    by_pieces = length(np.where(y, 9, 5), texts, y, 2, folds(y, [str(i) for i in range(80)]))
    assert by_pieces.accuracy == 1.0
    texts = ["x" * (20 + 9 * label + i % 5) for i, label in enumerate(y)]
    same = np.full(80, 7)
    assert length(same, texts, y, 2, folds(y, [str(i) for i in range(80)])).accuracy == 1.0


def test_pairs_of_words_know_their_order() -> None:
    """What single words could not tell apart."""
    y = np.arange(60) % 2
    texts = [f"w{i % 9} {('left right', 'right left')[k]} w{i % 7}" for i, k in enumerate(y)]
    plan = folds(y, [str(i) for i in range(60)])
    assert tfidf(texts, y, 2, plan).accuracy == 1.0


def test_majority_is_exact() -> None:
    y = np.repeat([0, 1, 2], [20, 31, 19])
    got = majority_baseline(y, folds(y, [str(i) for i in range(70)]))
    assert is_majority(got, y)
    assert (got.name, got.ci_low, got.ci_high) == ("majority", *wilson(31, 70))


# ---- what leaves nothing to learn from

LEVEL = np.repeat([0, 1, 2], [20, 31, 19])


def test_constant_features_are_the_majority() -> None:
    plan = folds(LEVEL, [str(i) for i in range(70)])
    assert is_majority(length(np.full(70, 6), ["abc"] * 70, LEVEL, 3, plan), LEVEL)
    assert is_majority(embeddings(np.full((70, 4), 3.5, np.float32), LEVEL, 3, plan), LEVEL)
    assert is_majority(tfidf(["the same, always!"] * 70, LEVEL, 3, plan), LEVEL)
    names = {
        length(np.full(70, 6), ["abc"] * 70, LEVEL, 3, plan).name,
        embeddings(np.ones((70, 4), np.float32), LEVEL, 3, plan).name,
        tfidf(["same"] * 70, LEVEL, 3, plan).name,
    }
    assert names == {"length", "embeddings", "tfidf"}
    one_longer = np.where(np.arange(70) == 3, 7, 6)
    assert not length(one_longer, ["abc"] * 70, LEVEL, 3, plan).constant


@pytest.mark.parametrize("mark", ["?", "😀", " … !", "❤\ufe0f"])
def test_texts_without_words_are_the_majority(mark: str) -> None:
    texts = [mark * (1 + i % 5) for i in range(70)]
    plan = folds(LEVEL, [str(i) for i in range(70)])
    assert is_majority(tfidf(texts, LEVEL, 3, plan), LEVEL)


def test_words_in_test_rows_only_leave_the_prior() -> None:
    """Nothing to learn from in train: its shares of the classes are what is said of every row."""
    y = np.array([0] * 30 + [1] * 10 + [0, 1] * 5)
    texts = ["?" * (i + 1) for i in range(40)] + [f"word{i}" for i in range(10)]
    plan = given_split(y, np.arange(50), ["train"] * 40 + ["test"] * 10, 0)
    got = tfidf(texts, y, 2, plan)
    assert not got.constant
    assert (got.predicted[40:] == 0).all()
    np.testing.assert_allclose(got.confidence[40:], 0.75, atol=1e-3)


def test_a_class_missing_from_some_inner_folds() -> None:
    """Its rows do not count for the choice of C, and it is predicted where train has it."""
    texts, y = corpus(92, 2, 0.9, 6)
    texts[90:], y[90:] = ["rare bird one", "rare bird two"], 2
    plan = folds(y, texts, 2)
    short = [k for fold in plan.folds for train, _ in fold.inner for k in {2} - set(y[train])]
    assert short, "the case does not arise"
    got = tfidf(texts, y, 3, plan)
    assert np.isfinite(got.log_loss_bits or np.nan)
    assert got.accuracy > 0.75
    assert got.C is not None
    assert STRENGTHS[0] < got.C, "a loss of 1e30 decided"


def test_classes_that_training_never_saw() -> None:
    texts, y = corpus(60, 3, 0.9, 7)
    train, test = np.flatnonzero(y[:40] != 1), np.arange(40, 60)
    inner = ((train[:14], train[14:]),)
    got = tfidf(texts, y, 3, Plan((Fold(train, test, inner),), "by hand", ()))
    assert set(got.predicted[test]) == {0, 2}
    assert got.log_loss_bits is None
    assert (got.true_probability[test][y[test] == 1] == 0).all()
    assert (got.predicted[test] == y[test])[y[test] != 1].mean() > 0.7


def test_a_single_class_in_training() -> None:
    texts, y = corpus(40, 2, 0.5, 8)
    train, test = np.flatnonzero(y[:30] == 1), np.arange(30, 40)
    inner = ((train[:8], train[8:]),)
    got = tfidf(texts, y, 2, Plan((Fold(train, test, inner),), "by hand", ()))
    assert (got.predicted[test] == 1).all()
    assert STRENGTHS[0] == got.C


def test_held_out_rows_of_unknown_classes_alone_choose_nothing() -> None:
    texts, y = corpus(60, 3, 0.5, 9)
    train, test = np.flatnonzero(y[:40] != 2), np.arange(40, 60)
    inner = ((train, np.flatnonzero(y[:40] == 2)),)
    assert STRENGTHS[0] == tfidf(texts, y, 3, Plan((Fold(train, test, inner),), "by hand", ())).C


# ---- words


def words(text: str) -> list[str]:
    return re.findall(baselines.word_pattern(), text)


def test_words_of_many_languages() -> None:
    assert words("I saw a cat, didn't I?") == ["I", "saw", "a", "cat", "didn", "t", "I"]
    assert words("Straße über 3,5 km²") == ["Straße", "über", "3", "5", "km²"]
    assert words("Это не так") == ["Это", "не", "так"]
    decomposed = unicodedata.normalize("NFD", "naïve été")
    assert words(decomposed) == decomposed.split()
    assert words("हिन्दी में लिखा") == ["हिन्दी", "में", "लिखा"]
    assert words("שָׁלוֹם עולם") == ["שָׁלוֹם", "עולם"]
    assert words("我爱你, ok") == ["我", "爱", "你", "ok"]
    assert words("ที่นี่ดี") == ["ที่", "นี่", "ดี"]
    assert words("カメラABC") == ["カ", "メ", "ラ", "ABC"]
    assert words("?! … 😀 ❤\ufe0f ฿・") == []


@pytest.mark.parametrize(
    "text", ["Mixed 中文 und ไทย, naïve_1 हिन्दी!", "ABC", "é̂ x", "한국어 문장"]
)
def test_no_letter_is_lost(text: str) -> None:
    kept = [c for c in text if unicodedata.category(c)[0] in "LMN" or c == "_"]
    assert "".join(words(text)) == "".join(kept)


def test_counts_are_those_of_words_and_pairs() -> None:
    texts = ["The cat the cat", "a cat", "the the", "a dog!"]
    matrix = count_words(texts).toarray()
    expected = []
    for text in texts:
        tokens = text.lower().strip("!").split()
        expected.append(Counter([*tokens, *map(" ".join, pairwise(tokens))]))
    terms = sorted(set().union(*expected))
    assert matrix.tolist() == [[float(found[term]) for term in terms] for found in expected]


def test_only_the_most_frequent_terms_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "TERMS", 3)
    texts = ["common rare1", "common often", "often common", "often", "mid mid common rare2"]
    matrix = count_words(texts).toarray()
    assert matrix.shape == (5, 3)
    assert matrix.sum(axis=0).tolist() == [4, 2, 3]  # common, mid, often


# ---- conduct


def test_a_tick_may_stop_each_of_them() -> None:
    texts, y = corpus(60, 2, 0.5, 10)
    plan = folds(y, texts)

    def stop() -> None:
        raise Cancelled

    for attempt in (
        lambda: tfidf(texts, y, 2, plan, stop),
        lambda: length(pieces(texts), texts, y, 2, plan, stop),
        lambda: embeddings(np.random.default_rng(0).normal(size=(60, 3)), y, 2, plan, stop),
        lambda: count_words(texts, stop),
    ):
        with pytest.raises(Cancelled):
            attempt()


def test_large_data_takes_a_tick_a_newton_step_and_ends_at_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts, y = corpus(60, 2, 0.5, 11)
    plan = folds(y, texts, 2)
    expected = tfidf(texts, y, 2, plan)
    events: list[str] = []
    fit = LogisticRegression.fit

    def seen(self: LogisticRegression, *given: object) -> LogisticRegression:
        assert self.max_iter == 1
        events.append("fit")
        return fit(self, *given)

    monkeypatch.setattr(LogisticRegression, "fit", seen)
    monkeypatch.setattr(baselines, "STEP_PRODUCTS", 1)
    got = tfidf(texts, y, 2, plan, lambda: events.append("tick"))
    steps = [i for i, event in enumerate(events) if event == "fit"]
    assert len(steps) > 50
    assert all(events[i + 1] == "tick" for i in steps)
    assert got.C == expected.C
    np.testing.assert_allclose(got.true_probability, expected.true_probability, atol=1e-4)


def test_no_warning_leaks_where_a_fit_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "NEWTON_STEPS", 1)
    texts, y = corpus(60, 3, 0.5, 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tfidf(texts, y, 3, folds(y, texts))


def test_twice_the_same_and_read_only() -> None:
    texts, y = corpus(60, 3, 0.5, 13)
    one, two = (tfidf(texts, y, 3, folds(y, texts, 2)) for _ in range(2))
    assert one.scalars() == two.scalars()
    assert np.array_equal(one.true_probability, two.true_probability)
    with pytest.raises(ValueError, match="read-only"):
        one.predicted[0] = 1


# ---- real sentences

BIGRAM_SHIFT = SHARED / "data" / "csv" / "xprobe_en_bigram_shift.csv"


@pytest.mark.slow
@pytest.mark.skipif(not BIGRAM_SHIFT.exists(), reason=f"{BIGRAM_SHIFT.name} is not at hand")
def test_two_words_swapped_are_not_seen_without_the_encoder(bundled: Encoder) -> None:
    """Layer 0 and length are at chance. Pairs of words see a little: 2.8 points on all 6,000."""
    table = pd.read_csv(BIGRAM_SHIFT).iloc[::5]
    texts, y = table["text"].tolist(), (table["label"] == "O").to_numpy().astype(np.int64)
    plan = cross_validation(y, duplicate_groups(texts), 5, 0)
    chance = majority_baseline(y, plan).accuracy
    vectors = extract(texts, bundled, ("mean",))
    assert vectors.token_counts is not None
    assert vectors.embedding_mean is not None
    for got in (
        length(vectors.token_counts, texts, y, 2, plan),
        embeddings(vectors.embedding_mean, y, 2, plan),
    ):
        assert got.ci_low < chance < got.ci_high, got.name
        assert got.usable_information_bits is not None
        assert got.usable_information_bits < 0.01
    assert chance - 0.04 < tfidf(texts, y, 2, plan).accuracy < chance + 0.06
    upper = probe(vectors.cell(2, "mean"), y, 2, plan, layer=2, pooling="mean")
    assert upper.ci_low > chance
