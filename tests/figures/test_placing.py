"""Labels are moved apart as little as can be, and bands keep their gaps."""

import numpy as np
import pytest
from PIL import ImageFont
from sklearn.isotonic import isotonic_regression

from probing.figures.placing import apart, polygon, wrapped
from probing.figures.style import NARROW, SMALL, width


@pytest.mark.parametrize("seed", range(30))
def test_the_same_as_bounded_isotonic_regression(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    wanted = rng.choice([0.1, 0.12, 0.5, 0.9, *rng.uniform(0, 1, 4)], count).tolist()
    gap = 0.05
    order = np.argsort(wanted)
    steps = gap * np.arange(count)
    fitted = isotonic_regression(
        np.array(wanted)[order] - steps, y_min=0.0, y_max=1 - gap * (count - 1)
    )
    placed = apart(wanted, gap, 0, 1)
    np.testing.assert_allclose(np.sort(placed), fitted + steps, atol=1e-12)
    assert np.diff(np.sort(placed)).min(initial=1) >= gap - 1e-12
    for a, b in zip(wanted, placed, strict=True):
        for c, d in zip(wanted, placed, strict=True):
            assert a >= c or b < d


def test_what_has_room_stays() -> None:
    assert apart([0.9, 0.1, 0.5], 0.2, 0, 1) == pytest.approx([0.9, 0.1, 0.5])


def test_two_in_one_place_move_by_half_each() -> None:
    assert apart([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.55, 0.45])


def test_of_equals_the_first_is_the_highest() -> None:
    placed = apart([0.5] * 4, 0.1, 0, 1)
    assert placed == sorted(placed, reverse=True)


def test_none_leaves_the_axis() -> None:
    placed = apart([1.0, 1.0, 1.0, 0.0, 0.0], 0.1, 0, 1)
    assert placed == pytest.approx([1.0, 0.9, 0.8, 0.1, 0.0])


def test_too_many_share_the_room_evenly() -> None:
    placed = apart([0.5] * 11, 0.2, 0, 1)
    np.testing.assert_allclose(placed, np.arange(10, -1, -1) / 10)


def test_no_label_no_place() -> None:
    assert apart([], 0.1, 0, 1) == []


def test_a_band_goes_along_the_top_and_back_along_the_bottom() -> None:
    x, y = polygon([0, 1, 2], [0.1, 0.2, 0.3], [0.5, 0.6, 0.7])
    assert x == [0, 1, 2, 2, 1, 0]
    assert y == [0.5, 0.6, 0.7, 0.3, 0.2, 0.1]


def test_a_band_has_the_gaps_of_its_line() -> None:
    x, y = polygon([0, 1, 2, 3, 4], [0, 0, None, 0, 0], [1, 1, None, 1, 1])
    assert x == [0, 1, 1, 0, None, 3, 4, 4, 3]
    assert y == [1, 1, 0, 0, None, 1, 1, 0, 0]


def test_a_layer_that_stands_alone_can_be_seen() -> None:
    x, y = polygon([0, 1, 2], [None, 0.2, None], [None, 0.4, None])
    assert x == pytest.approx([0.9, 1.1, 1.1, 0.9])
    assert y == [0.4, 0.4, 0.2, 0.2]


def test_a_band_without_intervals_is_nothing() -> None:
    assert polygon([0, 1], [None, None], [None, None]) == ([], [])


def test_notes_are_wrapped_between_words() -> None:
    text = "of some words " * 20
    found = wrapped(text)
    assert max(map(len, found)) <= 52
    assert " ".join(found) == text.strip()


@pytest.mark.parametrize("size", [12, 13])
@pytest.mark.parametrize(
    "text", ["CLS", "TF-IDF", "untrained pooler", "random weights", "layer-0 mean", "mean + noise"]
)
def test_a_label_is_never_wider_than_thought(text: str, size: int) -> None:
    measured = ImageFont.load_default(size).getlength(text)
    assert measured <= width(text, size) < 1.6 * measured


def test_chinese_notes_are_wrapped_between_signs() -> None:
    text = "切断：[CLS] 不能读取其他 token（attention），范围分别为仅此层、此层及以上各层。" * 4
    found = wrapped(text)
    assert len(found) > 3
    assert max(width(line, SMALL) for line in found) <= NARROW
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert all(line[0] not in "，。；：、）" for line in found)
    assert sum(line.count("token") + line.count("attention") for line in found) == 8
