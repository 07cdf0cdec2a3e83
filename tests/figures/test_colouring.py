"""Colours of points: every point has one, classes keep theirs, the same words everywhere."""

from itertools import pairwise

import numpy as np
import pytest

from probing.figures.colouring import STEPS, SYMBOLS, by_class, by_number, by_truth, by_value, scale
from probing.figures.style import DARK, LIGHT, Style


def names(found: object, codes: np.ndarray) -> list[str]:
    by_code = {group.code: group.name for group in found.groups}  # type: ignore[attr-defined]
    return [by_code[code] for code in codes.tolist()]


@pytest.mark.parametrize("classes", [1, 2, 9, 10, 300])
def test_each_point_has_its_class(classes: int) -> None:
    labels = [f"c{min(i, i * i) % classes}" for i in range(1_000)]
    found = by_class(labels, LIGHT)
    assert sum(group.count for group in found.groups) == 1_000
    assert len(found.groups) == min(classes, 9)
    for label, name in zip(labels, names(found, found.codes), strict=True):
        assert name == label or name == f"{classes - 8} other classes"
    looks = [(group.colour, group.symbol) for group in found.groups]
    assert len(set(looks)) == len(looks)
    assert [found.colours[group.code] for group in found.groups] == [c for c, _ in looks]
    assert max(found.codes) < len(found.colours) == len(found.symbols)
    assert set(found.symbols) <= set(SYMBOLS)


def test_a_class_has_the_same_colour_as_label_and_as_prediction() -> None:
    labels = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    predicted = ["c"] * 8 + ["b", None]
    as_label = {g.name: g.colour for g in by_class(labels, LIGHT).groups}
    found = by_class(predicted, LIGHT, labels)
    assert {g.name: g.colour for g in found.groups if g.name in as_label} == as_label
    assert {g.name: g.count for g in found.groups} == {"a": 0, "b": 1, "c": 8, "not scored": 1}


def test_right_and_wrong() -> None:
    found = by_truth([True, False, None, True], LIGHT)
    assert names(found, found.codes) == ["right", "wrong", "not scored", "right"]
    assert [g.name for g in by_truth([True], LIGHT).groups] == ["right", "wrong"]
    assert len({g.colour for g in found.groups}) == len({g.symbol for g in found.groups[:2]}) + 1


def test_numbers_rise_with_their_colour() -> None:
    values = np.array([3.0, 1.0, np.nan, 2.0, -50.0, 99.0])
    found = by_number(values, DARK, (1.0, 3.0))
    assert found.codes.tolist() == [STEPS - 1, 0, STEPS, (STEPS - 1) // 2 + 1, 0, STEPS - 1]
    assert found.ends == (1.0, 3.0)
    assert found.groups == ()
    assert found.colours[0] == DARK.numbers[0]
    assert found.colours[STEPS - 1] == DARK.numbers[-1]
    assert len(found.colours) == STEPS + 1


def test_a_few_far_numbers_do_not_make_all_others_alike() -> None:
    values = np.r_[np.linspace(0, 1, 1_000), 1e6]
    assert len(set(by_number(values, LIGHT).codes.tolist())) > 50
    assert by_number(np.array([2.0, 2.0]), LIGHT).codes.tolist() == [0, 0]
    assert set(by_number(np.array([np.nan]), LIGHT).codes.tolist()) == {STEPS}


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_lightness_rises_along_the_scale(style: object) -> None:
    shades = [
        sum(w * int(c[i : i + 2], 16) for w, i in ((0.21, 1), (0.72, 3), (0.07, 5)))
        for c in scale(style)  # type: ignore[arg-type]
    ]
    assert all(b > a - 0.5 for a, b in pairwise(shades))


def test_numbers_are_on_a_scale_and_blanks_are_not() -> None:
    values = [f"{i},5" for i in range(20)] + ["", "NA", " "]
    found = by_value(values, LIGHT)
    assert found.ends == pytest.approx(tuple(np.quantile(np.arange(20) + 0.5, (0.01, 0.99))))
    assert found.codes[:20].tolist() == sorted(found.codes[:20].tolist())
    assert found.codes[20:].tolist() == [STEPS] * 3
    (missing,) = found.groups
    assert (missing.name, missing.count, missing.colour) == ("no value", 3, LIGHT.rest)
    assert by_value(values[:20], LIGHT).groups == ()


@pytest.mark.parametrize(
    "values",
    [
        [str(i % 9) for i in range(50)],  # few enough for colours of their own
        [str(i) for i in range(50)] + ["unknown"],
        ["NA"] * 5 + ["web"] * 3,
        ["1e999", *map(str, range(40))],
    ],
)
def test_what_is_not_all_numbers_is_categories(values: list[str]) -> None:
    found = by_value(values, LIGHT)
    assert found.ends is None
    counts = {group.name: group.count for group in found.groups}
    for value in {*values} & {*counts}:
        assert counts[value] == values.count(value)
    assert sum(counts.values()) == len(values)


def test_rare_and_blank_values_are_two_groups_that_look_different() -> None:
    values = [f"v{i}" for i in range(12) for _ in range(20 - i)] + ["", "\t"]
    found = by_value(values, DARK)
    names = [group.name for group in found.groups]
    assert names == [*(f"v{i}" for i in range(8)), "4 other values", "no value"]
    *own, others, missing = found.groups
    assert (others.count, missing.count) == (12 + 11 + 10 + 9, 2)
    looks = [(group.colour, group.symbol) for group in found.groups]
    assert len(set(looks)) == len(looks)
    assert {group.colour for group in own}.isdisjoint({others.colour})


def test_a_column_without_any_value_is_grey() -> None:
    found = by_value(["", " "], LIGHT)
    assert [(group.name, group.count) for group in found.groups] == [("no value", 2)]


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_points_without_a_colour_of_their_own_are_seen_and_quieter_than_the_rest(
    style: Style,
) -> None:
    assert contrast(style.rest, style.paper) >= 3  # WCAG 2.2, 1.4.11
    assert by_class([f"c{i}" for i in range(30)], style).colours[0] == style.rest
    assert style.rest not in style.classes


def contrast(a: str, b: str) -> float:
    """WCAG's ratio of two colours, 1 … 21."""
    low, high = sorted(luminance(colour) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of ``#rrggbb``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))
