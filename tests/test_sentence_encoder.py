"""An encoder as a scikit-learn transformer: a run's vectors, and all that transformers must do."""

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

import probing
from probing import sentence_encoder
from probing.encoders import Encoder
from probing.errors import DataError, SettingsError
from probing.extraction import extract
from probing.sentence_encoder import SentenceEncoder
from tests.conftest import Toy

TEXTS = ["the film was good", "bad!", "we never saw the house by the bank, but paid it"]


@pytest.fixture
def made(checkpoint: Callable[..., Path]) -> Callable[..., SentenceEncoder]:
    """A transformer over a tiny encoder of three layers."""

    def make(**choices: Any) -> SentenceEncoder:
        return SentenceEncoder(str(checkpoint(layers=3)), **choices)

    return make


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """The sizes of all batches that go through an encoder, with an empty cache."""
    from probing import extraction

    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    seen: list[int] = []
    encode = extraction.encode_batch

    def counted(batch: Any, *rest: Any) -> Any:
        seen.append(len(batch["input_ids"]))
        return encode(batch, *rest)

    monkeypatch.setattr(extraction, "encode_batch", counted)
    return seen


@pytest.mark.parametrize("pooling", ["cls", "pooled", "mean", "mean_words"])
def test_it_gives_the_vectors_of_a_run(
    made: Callable[..., SentenceEncoder], encoder: Callable[..., Encoder], pooling: str
) -> None:
    expected = extract(TEXTS, encoder(layers=3), (pooling,))
    for layer in (0, 1, 3, -1, -4):
        found = made(layer=layer, pooling=pooling).fit_transform(TEXTS)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected.cell(layer % 4, pooling), atol=1e-6)


def test_what_holds_texts_does_not_matter(made: Callable[..., SentenceEncoder]) -> None:
    expected = made().transform(TEXTS)
    frame = pd.DataFrame({"text": TEXTS})
    for texts in (
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=[5, 6, 9]),
        frame["text"].astype("category"),
        frame,
        np.array(TEXTS)[:, None],
        iter(TEXTS),
    ):
        np.testing.assert_array_equal(made().transform(texts), expected)


def test_many_texts_keep_their_order(
    made: Callable[..., SentenceEncoder], toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = toy[0] * 3
    expected = made(layer=2).transform(texts)
    monkeypatch.setattr(sentence_encoder, "_WINDOW", 1)
    monkeypatch.setenv("PROBING_CACHE_GB", "0")
    np.testing.assert_allclose(made(layer=2).transform(texts), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("one text", "X is one str; give a list of sentences"),
        (3, "X is one int"),
        ([], "X is empty"),
        (["a", None], r"X\[1\] is a NoneType; every entry must be a text"),
        (np.array([["a", "b"]]), r"shape \(1, 2\); give one column"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(
    made: Callable[..., SentenceEncoder], texts: Any, said: str
) -> None:
    for act in (made().fit, made().transform):
        with pytest.raises(DataError, match=said):
            act(texts)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"layer": 4}, "no layer 4; the layers are 0 to 3"),
        ({"layer": -5}, "no layer -5"),
        ({"pooling": "max"}, "no pooling 'max'; choose one of cls, pooled, mean, mean_words"),
    ],
)
def test_what_the_encoder_does_not_have_is_refused(
    made: Callable[..., SentenceEncoder], choices: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        made(**choices).fit(TEXTS)


def test_an_encoder_without_pooler_says_so(checkpoint: Callable[..., Path]) -> None:
    with pytest.raises(SettingsError, match="has no pooler"):
        SentenceEncoder(str(checkpoint("distilbert")), pooling="pooled").fit(TEXTS)


# ---- as scikit-learn wants it


class OfRows(SentenceEncoder):
    """The transformer on rows of numbers, written out as texts: what scikit-learn's checks have."""

    def fit(self, X: Any, y: Any = None) -> "OfRows":
        super().fit(self._written(validate_data(self, X)), y)
        return self

    def transform(self, X: Any) -> np.ndarray:
        return super().transform(self._written(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags

    @staticmethod
    def _written(rows: np.ndarray) -> list[str]:
        return [" ".join(f"{value:.3g}" for value in row) for row in rows]


def statuses(estimator: Any) -> dict[str, str]:
    """What scikit-learn's checks say, by name; none is expected to fail."""
    results = check_estimator(estimator, expected_failed_checks={}, on_skip=None, on_fail=None)
    return {f"{r['check_name']} {i}": r["status"] for i, r in enumerate(results)}


def test_scikit_learns_own_checks(made: Callable[..., SentenceEncoder]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # most are of numbers, not of texts
        assert set(statuses(made()).values()) == {"passed"}


def test_the_checks_of_numbers_pass_on_numbers_written_out(checkpoint: Callable[..., Path]) -> None:
    found = statuses(OfRows(str(checkpoint(layers=1)), pooling="mean"))
    wrong = {name.split()[0] for name, status in found.items() if status != "passed"}
    assert wrong <= {"check_array_api_input"}  # is skipped without SCIPY_ARRAY_API
    assert len(found) > 40


def test_it_is_cloned_and_pickled_without_its_model(made: Callable[..., SentenceEncoder]) -> None:
    fitted = made(layer=1, pooling="mean").fit(TEXTS)
    expected = fitted.transform(TEXTS)
    stored = pickle.dumps(fitted)
    assert len(stored) < 2_000
    sentence_encoder._load.cache_clear()
    again = pickle.loads(stored)
    assert (again.layer_, again.n_features_out_) == (1, 16)
    np.testing.assert_allclose(again.transform(TEXTS), expected, atol=1e-6)
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "layer_")


def test_columns_have_names(made: Callable[..., SentenceEncoder]) -> None:
    names = made(layer=-2, pooling="mean").get_feature_names_out()
    assert names.tolist() == [f"mean2_{i}" for i in range(16)]
    frame = made(layer=-2).set_output(transform="pandas").fit_transform(pd.Series(TEXTS, [4, 5, 6]))
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns[0] == "cls2_0"
    assert frame.index.tolist() == [4, 5, 6]


def test_it_stands_beside_other_columns(made: Callable[..., SentenceEncoder]) -> None:
    frame = pd.DataFrame({"text": TEXTS, "stars": [5.0, 1.0, 3.0]})
    both = make_column_transformer((made(), "text"), (StandardScaler(), ["stars"]))
    assert both.fit_transform(frame).shape == (3, 17)
    assert both.get_feature_names_out()[-1] == "standardscaler__stars"


def test_a_search_over_layers_and_poolings_encodes_each_text_once(
    made: Callable[..., SentenceEncoder], toy: Toy, passes: list[int]
) -> None:
    model = make_pipeline(made(), StandardScaler(), LogisticRegression(max_iter=2000))
    grid = {
        "sentenceencoder__layer": [0, 1, 2, 3],
        "sentenceencoder__pooling": ["cls", "pooled", "mean"],
    }
    found = GridSearchCV(model, grid, cv=3).fit(*toy)
    assert sum(passes) == len(set(toy[0]))
    best = found.best_params_
    assert (best["sentenceencoder__layer"], best["sentenceencoder__pooling"]) != (0, "cls")
    assert found.best_score_ > 0.9
    assert found.predict(["the film was very good"]).tolist() == ["pos"]


def test_its_choice_is_that_of_scikit_learn_on_the_vectors_themselves(
    made: Callable[..., SentenceEncoder], encoder: Callable[..., Encoder], toy: Toy
) -> None:
    texts, labels = toy
    vectors = extract(texts, encoder(layers=3), ("mean",)).cell(2, "mean")
    plain = LogisticRegression(max_iter=2000).fit(vectors, labels)
    model = make_pipeline(made(layer=2, pooling="mean"), LogisticRegression(max_iter=2000))
    found = model.fit(texts, labels).predict_proba(texts)
    np.testing.assert_allclose(found, plain.predict_proba(vectors), atol=1e-3)


def test_it_is_found_in_the_package() -> None:
    assert probing.SentenceEncoder is SentenceEncoder
