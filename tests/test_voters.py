"""Which cells may say that a sentence is hard or a label wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd

from probing.evidence import Evidence
from probing.per_sentence import hardest
from probing.voters import good_cells
from tests.answered import (
    GUESSES,
    TRUE,
    best_of,
    cell_of,
    constant_cell,
    names,
    numeric_run,
    regression,
    run_of,
    says,
    with_accuracy,
)


def test_cells_whose_interval_reaches_the_best_may_vote() -> None:
    y = np.arange(100) % 2
    # Wilson: 85 of 100 reaches to .907, 75 to .825
    cells = [with_accuracy(y, right, k) for k, right in enumerate((75, 85, 90))]
    assert names(good_cells(run_of(y, cells))) == ["cls_1", "cls_2"]
    # a cell chosen on inner folds, less flattered than the highest, is easier to reach
    run = run_of(y, cells, Evidence(best=best_of(0.82, 0.82)))
    assert names(good_cells(run)) == ["cls_0", "cls_1", "cls_2"]
    run = run_of(y, cells, Evidence(best=best_of(0.83, 0.83)))
    assert names(good_cells(run)) == ["cls_1", "cls_2"]


def test_a_cell_that_does_not_beat_one_class_for_all_may_not_vote() -> None:
    y = (np.arange(100) >= 70).astype(int)
    # Wilson: 79 of 100 begins at .700, 78 at .689
    assert good_cells(run_of(y, [with_accuracy(y, 78, 1)])) == ()
    assert names(good_cells(run_of(y, [with_accuracy(y, 80, 1)]))) == ["cls_1"]


def test_the_majority_is_that_of_the_scored_sentences() -> None:
    """Half of the scored sentences are a, while most of all sentences are."""
    y = np.r_[np.arange(40) % 2, np.zeros(160, dtype=int)]
    p = says(y, [0.9] * 200)
    p[:10] = p[:10, ::-1]
    p[40:] = np.nan
    assert cell_of(y, p).accuracy == 0.75
    assert len(good_cells(run_of(y, [cell_of(y, p)]))) == 1


def test_constant_cells_never_vote() -> None:
    y = np.arange(100) % 2
    blank = replace(constant_cell(y), accuracy=1.0, ci_low=0.99, ci_high=1.0)
    assert good_cells(run_of(y, [blank])) == ()
    # nor are they what the others must reach
    assert names(good_cells(run_of(y, [blank, with_accuracy(y, 75, 1)]))) == ["cls_1"]
    alone = hardest(run_of(y, [blank, with_accuracy(y, 75, 1)]), [blank])
    assert len(alone) == 0
    one = with_accuracy(y, 75, 1)
    run = run_of(y, [blank, one])
    pd.testing.assert_frame_equal(hardest(run, [blank, one]), hardest(run, [one]))


def test_balanced_accuracy_leads_where_it_has_intervals() -> None:
    y = (np.arange(100) >= 80).astype(int)
    low = {"balanced_low": 0.45, "balanced_high": 0.55}
    high = {"balanced_low": 0.55, "balanced_high": 0.75}
    best = best_of(0.7, 0.96)
    evidence = Evidence(metric="balanced_accuracy", best=best)
    cells = [replace(with_accuracy(y, 95, 1), **low), replace(with_accuracy(y, 70, 2), **high)]
    assert names(good_cells(run_of(y, cells, evidence))) == ["cls_2"]
    # against 1/2, one class for all by balanced accuracy, not against .8
    even = replace(cells[1], balanced_low=0.49)
    assert good_cells(run_of(y, [cells[0], even], evidence)) == ()
    # without an interval the score is both ends of it
    bare = [cell_of(y, says(y, [0.9] * 100), 1), with_accuracy(y, 95, 2)]
    assert names(good_cells(run_of(y, bare, Evidence(metric="balanced_accuracy")))) == ["cls_1"]


def test_no_cell_is_good_without_cells() -> None:
    y = np.arange(10) % 2
    assert good_cells(run_of(y, [])) == ()
    assert good_cells(run_of(y, [constant_cell(y)])) == ()


def test_which_regressions_are_good() -> None:
    cells = [
        *GUESSES,
        regression(TRUE.tolist(), 0.3, 0.1, 0.59, 4),  # does not reach .6
        regression(TRUE.tolist(), 0.3, 0.0, 0.7, 5),  # may be no better than the mean
    ]
    run = numeric_run(TRUE, cells)
    assert [cell.layer for cell in good_cells(run)] == [1, 2]
    assert [cell.layer for cell in good_cells(numeric_run(TRUE, cells[2:]))] == [4]
    bare = [replace(cell, ci_low=None, ci_high=None) for cell in cells]
    assert [cell.layer for cell in good_cells(numeric_run(TRUE, bare))] == [1]
