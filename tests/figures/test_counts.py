"""Sentences counted by class and by length."""

from probing import figures
from probing.sentences import Sentences


def test_classes_are_counted() -> None:
    sentences = Sentences(tuple("abcdef"), ("x", "y", "x", "z", "x", "y"))
    figure = figures.class_counts(sentences)
    names = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    (bars,) = figure.data
    assert {names[y]: x for x, y in zip(bars.x, bars.y, strict=True)} == {"x": 3, "y": 2, "z": 1}


def test_many_classes_are_counted_together() -> None:
    labels = [f"c{i:02}" for i in range(25) for _ in range(i + 1)]
    (bars,) = figures.class_counts(Sentences(tuple(map(str, labels)), tuple(labels))).data
    assert len(bars.x) == 20
    assert sum(bars.x) == len(labels)


def test_lengths_are_in_words() -> None:
    (bars,) = figures.lengths(Sentences(("one", "two words", " and  three words "))).data
    assert list(bars.x) == [1, 2, 3]
