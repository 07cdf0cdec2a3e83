"""Classes of a selection beside those of all: the shares, counted by hand."""

import numpy as np
import pytest

from probing import figures
from tests.figures.reading import every_text
from tests.figures.test_maps import EVIL


def test_shares_of_the_selected_and_of_all() -> None:
    labels = ["a"] * 6 + ["b"] * 3 + ["c"]
    chosen = np.isin(np.arange(10), [5, 6, 7, 8])  # one a, three b
    bars, usual, texts = figures.class_mix(labels, chosen).data
    assert list(bars.x) == pytest.approx([0.75, 0.25, 0])
    assert list(usual.x) == pytest.approx([0.3, 0.6, 0.1])
    assert list(texts.text) == ["75%", "25%", "0%"]
    figure = figures.class_mix(labels, chosen)
    assert list(figure.layout.yaxis.ticktext) == ["b", "a", "c"]


def test_many_classes_and_hostile_names() -> None:
    labels = [EVIL, *(f"c{i}" for i in range(40))]
    figure = figures.class_mix(labels, np.arange(41) < 3, dark=True)
    assert len(figure.data[0].x) == 12
    for text in every_text(figure):
        assert "<a" not in text
        assert "<img" not in text
    assert np.isfinite(np.array(figures.class_mix(labels, np.zeros(41, bool)).data[0].x)).all()
