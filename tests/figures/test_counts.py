"""Sentences counted by class and by length."""

import numpy as np

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


def test_a_blank_at_the_end_of_a_label_is_seen() -> None:
    figure = figures.class_counts(Sentences(tuple("abc"), ("food", "food ", "food ")))
    assert list(figure.layout.yaxis.ticktext) == ["food␣", "food"]


def test_lengths_are_in_words() -> None:
    (bars,) = figures.lengths(Sentences(("one", "two words", " and  three words "))).data
    assert list(bars.x) == [1, 2, 3]
    assert list(bars.y) == [1, 1, 1]


def bins(lengths: list[int]) -> dict[str, int]:
    """Sentences of each bin of the histogram, by its words."""
    (bars,) = figures.lengths(Sentences(tuple("w " * n for n in lengths))).data
    return dict(zip(bars.customdata, np.array(bars.y).tolist(), strict=True))


def test_lengths_of_a_wide_range_are_counted_in_bins_of_whole_words() -> None:
    lengths = [1, 1, 3, 4, 100, 120] * 3
    assert {name: n for name, n in bins(lengths).items() if n} == {
        "1 to 3 words": 9,
        "4 to 6 words": 3,
        "100 to 102 words": 3,
        "118 to 120 words": 3,
    }


def test_a_few_very_long_sentences_share_the_last_bin() -> None:
    lengths = [5, 6, 7] * 100 + [900]
    assert bins(lengths) == {
        "5 words": 100,
        "6 words": 100,
        "7 words": 100,
        "8 and more words": 1,
    }
