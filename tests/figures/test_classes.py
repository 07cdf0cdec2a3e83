"""The matrix of mistakes, and the small panels of classes."""

from dataclasses import replace

import numpy as np
import pytest

from probing import figures, per_class
from probing.figures.classes import SHOWN_CLASSES
from probing.figures.style import DARK
from probing.per_class import Confusion
from tests.figures.made import made
from tests.figures.reading import every_text, notes, trace
from tests.figures.test_maps import EVIL


def of(counts: np.ndarray, *names: str) -> Confusion:
    return Confusion(3, "cls", names or tuple(f"c{i}" for i in range(len(counts))), counts)


def test_a_row_holds_the_shares_of_its_class() -> None:
    found = trace(figures.confusion(of(np.array([[8, 2], [5, 5]]))), "confusion")
    assert found.z.tolist() == [[0.8, 0.2], [0.5, 0.5]]
    assert [list(row) for row in found.text] == [["8", "2"], ["5", "5"]]
    assert found.customdata[0][1][0] == "<b>c0</b> taken for <b>c1</b><br>2 of 10: 20.0%"


def test_the_title_says_the_commonest_mistake() -> None:
    (said,) = notes(figures.confusion(of(np.array([[8, 2], [5, 5]]))), "title")
    assert said.text == "commonest mistake: c1 for c0, 5 of 10<br>CLS, layer 3, n = 20"
    (said,) = notes(figures.confusion(of(np.diag([3, 4]))), "title")
    assert said.text.startswith("every sentence is taken for its class")


def test_of_many_classes_those_with_mistakes_have_a_row_and_others_a_column() -> None:
    size = SHOWN_CLASSES + 5
    counts = np.diag(np.full(size, 20))
    wrong = np.arange(4, size)  # the first classes make the fewest mistakes
    counts[wrong, 0] += wrong
    found = trace(figures.confusion(of(counts)), "confusion")
    assert found.z.shape == (SHOWN_CLASSES, SHOWN_CLASSES + 1)
    assert found.z.sum(axis=1) == pytest.approx(np.ones(SHOWN_CLASSES))
    assert [row[-1] for row in found.text] == [str(k) for k in range(5, size)]


def test_an_empty_class_does_not_divide_by_zero() -> None:
    found = trace(figures.confusion(of(np.array([[3, 0], [0, 0]]))), "confusion")
    assert np.isfinite(found.z).all()


def test_class_names_are_inert() -> None:
    run = made()
    recalls = per_class.recalls(run)
    hostile = {EVIL: next(iter(recalls.values()))}
    charts = (
        figures.confusion(of(np.array([[3, 1], [0, 2]]), EVIL, "fine")),
        figures.by_class(hostile),
    )
    for chart in charts:
        assert not [text for text in every_text(chart) if "<img" in text or "<a " in text]


def test_a_panel_per_class_with_a_line_per_pooling() -> None:
    recalls = per_class.recalls(made())
    figure = figures.by_class(recalls)
    strokes = [t for t in figure.data if t.mode == "lines+markers"]
    assert len(strokes) == len(recalls) * 3
    assert len({t.xaxis for t in strokes}) == len(recalls)
    first = next(iter(recalls.values()))
    of_cls = [cell.share for cell in first if cell.pooling == "cls"]
    assert list(strokes[0].y) == pytest.approx(of_cls)
    assert list(strokes[0].customdata[2][1:]) == [
        2,
        "cls",
    ]
    heads = [note.text.split(" <")[0] for note in notes(figure, "class")]
    assert heads == list(recalls)


def test_the_grid_of_each_panel_stays_in_the_background() -> None:
    panels = list(figures.by_class(per_class.recalls(made()), dark=True).select_yaxes())
    assert len(panels) > 1
    assert {panel.gridcolor for panel in panels} == {DARK.grid}


def test_more_classes_than_panels_are_said() -> None:
    (first, *_) = per_class.recalls(made()).values()
    many = {f"c{i}": tuple(replace(cell) for cell in first) for i in range(SHOWN_CLASSES + 3)}
    figure = figures.by_class(many)
    assert len(notes(figure, "class")) == SHOWN_CLASSES
    (said,) = notes(figure, "title")
    assert f"the {SHOWN_CLASSES} most frequent of {SHOWN_CLASSES + 3} classes" in said.text
    domains = [figure.layout[f"yaxis{i or ''}"].domain for i in (0, *range(2, SHOWN_CLASSES + 1))]
    assert min(low for low, _ in domains) >= 0
