"""Class by class, against scikit-learn on the same predictions."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, recall_score
from statsmodels.stats.proportion import proportion_confint

from probing import per_class
from probing.errors import SettingsError
from probing.record import Run
from tests.figures.made import CLASSES, N, Y, made, made_of_numbers


@pytest.fixture
def run() -> Run:
    """Predictions at random, some sentences not scored, and classes of different sizes."""
    found = made()
    rng = np.random.default_rng(1)
    for probe in found.probes:
        predicted = np.where(rng.uniform(size=N) < 0.6, Y, rng.integers(0, CLASSES, N))
        predicted[(rng.uniform(size=N) < 0.1) | ((Y == 0) & (np.arange(N) < 200))] = -1
        object.__setattr__(probe, "predicted", predicted.astype(np.int32))
    return found


def test_the_matrix_is_scikit_learns_with_the_most_frequent_class_first(run: Run) -> None:
    found = per_class.confusion(run, 3, "mean")
    predicted = run.cell(3, "mean").predicted
    kept = predicted >= 0
    order = [int(name.removeprefix("class ")) for name in found.classes]
    assert order[-1] == 0
    expected = confusion_matrix(Y[kept], predicted[kept], labels=order)
    assert (found.counts == expected).all()
    assert found.n == kept.sum() < N


def test_scores_by_class_are_scikit_learns(run: Run) -> None:
    found = per_class.confusion(run, 3, "mean")
    table = per_class.scores(found)
    predicted = run.cell(3, "mean").predicted
    kept = predicted >= 0
    order = [int(name.removeprefix("class ")) for name in found.classes]
    precision, recall, f1, n = precision_recall_fscore_support(
        Y[kept], predicted[kept], labels=order
    )
    for name, expected in {"precision": precision, "recall": recall, "f1": f1, "n": n}.items():
        assert table[name].to_numpy() == pytest.approx(expected)
    low, high = proportion_confint(recall * n, n, method="wilson")
    assert table["recall_low"].to_numpy() == pytest.approx(low)
    assert table["recall_high"].to_numpy() == pytest.approx(high)
    wrong = found.counts - np.diag(found.counts.diagonal())
    assert list(table["taken_for"]) == [found.classes[k] for k in wrong.argmax(axis=1)]


def test_a_class_that_is_never_predicted_has_no_precision(run: Run) -> None:
    probe = run.cell(0, "cls")
    object.__setattr__(probe, "predicted", np.full(N, 1, dtype=np.int32))
    table = per_class.scores(per_class.confusion(run, 0, "cls")).set_index("class")
    assert np.isnan(table["precision"]["class 2"])
    assert table["f1"]["class 2"] == 0
    assert table["recall"]["class 1"] == 1
    assert table["taken_for"]["class 1"] == ""


def test_recalls_are_scikit_learns_in_every_cell(run: Run) -> None:
    found = per_class.recalls(run)
    assert list(found) == list(dict.fromkeys(run.sentences.classes))
    for name, cells in found.items():
        assert len(cells) == len(run.probes)
        for cell in cells:
            predicted = run.cell(cell.layer, cell.pooling).predicted
            kept, k = predicted >= 0, int(name.removeprefix("class "))
            assert cell.n == (Y[kept] == k).sum()
            expected = recall_score(Y[kept], predicted[kept], labels=[k], average="macro")
            assert cell.share == pytest.approx(expected)
            assert cell.low <= cell.share <= cell.high


def test_numbers_have_no_classes() -> None:
    with pytest.raises(SettingsError, match="labels that are classes"):
        per_class.recalls(made_of_numbers())
