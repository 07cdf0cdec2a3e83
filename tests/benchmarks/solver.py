"""The search for C and the predictions of one cell, beside scikit-learn's ``GridSearchCV``.

``python -m tests.benchmarks.solver [--quick]``

Both get the same vectors, folds and strengths, one thread each. The reference is what a person
would write: a pipeline of ``StandardScaler`` and ``LogisticRegression`` in a loop over the outer
folds. With 77 classes it is timed on one of the three inner folds and counted three times.
"""

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from probing.encoders import load_encoder
from probing.extraction import extract
from probing.probes import nested, search, solver
from probing.probes.folds import Fold, Plan, cross_validation
from probing.reading import read_csv
from probing.sentences import Sentences
from tests.benchmarks.measure import Row, in_turn, printed
from tests.conftest import SHARED

C = "logisticregression__C"
LAYER = 6


@dataclass(frozen=True)
class Cell:
    """Vectors with labels."""

    x: np.ndarray
    y: np.ndarray
    name: str

    @property
    def classes(self) -> int:
        """How many."""
        return int(self.y.max()) + 1

    @property
    def size(self) -> str:
        """For the table."""
        return f"{len(self.x):,} × {self.x.shape[1]}, {self.classes} classes ({self.name})"

    def plan(self, folds: int = 5) -> Plan:
        """Cross-validation of every row for itself."""
        return cross_validation(self.y, np.arange(len(self.y)), folds, 0)


def sentences(n: int) -> Iterator[tuple[list[str], np.ndarray, str]]:
    """Up to n texts with class numbers: tense (2 classes), intents of bank customers (10, 77)."""
    tense = read_csv(SHARED / "data" / "csv" / "xprobe_en_past_present.csv")
    bank = read_csv(SHARED / "data" / "csv" / "banking77.csv")
    names, counts = np.unique(list(bank.labels or ()), return_counts=True)
    ten = names[np.argsort(-counts)[:10]]
    rows = np.flatnonzero(np.isin(bank.labels, ten))
    yield _some(tense, np.arange(len(tense.texts)), n, "tense")
    yield _some(bank, rows, n, "Banking77")


def _some(of: Sentences, rows: np.ndarray, n: int, name: str) -> tuple[list[str], np.ndarray, str]:
    kept = np.sort(np.random.default_rng(0).permutation(rows)[:n])
    assert of.labels is not None
    y = np.unique([of.labels[i] for i in kept], return_inverse=True)[1]
    return [of.texts[i] for i in kept], y, name


def cells(quick: bool) -> Iterator[Cell]:
    """The mean of the last layer, of 2, 10 and (not in a hurry) 77 classes."""
    found = list(sentences(400 if quick else 1_769))
    if not quick:
        bank = read_csv(SHARED / "data" / "csv" / "banking77.csv")
        found.append(_some(bank, np.arange(len(bank.texts)), len(bank.texts), "Banking77"))
    for texts, y, name in found:
        vectors = extract(texts, load_encoder(), ("mean",))
        yield Cell(np.array(vectors.cell(LAYER, "mean")), y, name)


def pipeline() -> Pipeline:
    """The probe as scikit-learn has it."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))


def searched(cell: Cell, fold: Fold, inner: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(test rows, classes) log-probabilities after a grid search over the fold's inner folds."""
    place = {row: i for i, row in enumerate(fold.train)}
    split = [([place[i] for i in a], [place[i] for i in b]) for a, b in inner]
    grid = GridSearchCV(pipeline(), {C: list(search.STRENGTHS)}, scoring="neg_log_loss", cv=split)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence at weak regularisation
        grid.fit(cell.x[fold.train], cell.y[fold.train])
    return np.asarray(grid.predict_log_proba(cell.x[fold.test]))


def mean_loss(y: np.ndarray, log_p: np.ndarray) -> float:
    """In nats."""
    return -float(log_p[np.arange(len(y)), y].mean())


def row(cell: Cell, repeats: int) -> Row:
    """Nested cross-validation of a cell, ours and scikit-learn's in turn."""
    plan = cell.plan()
    theirs = np.full((len(cell.y), cell.classes), np.nan)

    def ours() -> nested.HeldOut:
        return nested.held_out(solver.Features.of(cell.x), cell.y, cell.classes, plan.folds)

    def reference() -> None:
        for fold in plan.folds:
            theirs[fold.test] = searched(cell, fold, fold.inner)

    seconds, taken = in_turn(ours, reference, repeats)
    mine, other = (mean_loss(cell.y, log_p) for log_p in (ours().log_p, theirs))
    return Row(
        f"nested search, {cell.size}",
        "GridSearchCV",
        seconds,
        taken,
        target=10.0,
        score=f"log-loss {mine:.4f} / {other:.4f}",
    )


def lacking(cell: Cell, repeats: int) -> Row:
    """The cell's rows of seven classes of ten, beside the same with numbers of their own."""
    kept = np.flatnonzero(~np.isin(cell.y, (0, 3, 7)))
    x, y = cell.x[kept], cell.y[kept]
    own = np.unique(y, return_inverse=True)[1]
    folds = cross_validation(own, np.arange(len(own)), 5, 0).folds
    seconds, taken = in_turn(
        lambda: nested.held_out(solver.Features.of(x), y, cell.classes, folds),
        lambda: nested.held_out(solver.Features.of(x), own, cell.classes - 3, folds),
        repeats,
    )
    return Row(
        f"nested search, {len(y):,} rows that lack 3 of 10 classes", "7 classes", seconds, taken
    )


def large(cell: Cell) -> Row:
    """One outer fold of a cell for which scikit-learn takes too long as a whole."""
    fold = cell.plan().folds[0]
    start = time.perf_counter()
    held = nested.held_out(solver.Features.of(cell.x), cell.y, cell.classes, [fold])
    seconds = time.perf_counter() - start
    train, test = fold.inner[0]
    losses, taken = [], 0.0
    for c in search.STRENGTHS:
        start = time.perf_counter()
        model = pipeline().set_params(**{C: c}).fit(cell.x[train], cell.y[train])
        losses.append(mean_loss(cell.y[test], model.predict_log_proba(cell.x[test])))
        taken += time.perf_counter() - start
    best = search.STRENGTHS[int(np.argmin(losses))]
    return Row(
        f"one outer fold, {cell.size}",
        "GridSearchCV (3 × one inner fold)",
        seconds,
        len(fold.inner) * taken,
        target=5.0,
        score=f"C {held.strengths[0]:g} / {best:g}",
    )


def rows(quick: bool = False) -> list[Row]:
    """The table's lines."""
    torch.set_num_threads(1)
    repeats, found = 1 if quick else 3, []
    with threadpool_limits(1):
        for cell in cells(quick):
            found.append(large(cell) if len(cell.y) > 5_000 else row(cell, repeats))
            if cell.classes == 10:
                found.append(lacking(cell, repeats))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    print(printed(rows(parser.parse_args().quick)))
