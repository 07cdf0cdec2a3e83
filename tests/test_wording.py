"""Names and figures as sentences have them."""

import pytest

from probing.wording import Words, about, layer_list, number


def test_numbers_have_a_true_minus_and_zero_has_none() -> None:
    assert number(-1.25, 1) == "−1.2"
    assert {number(v, 1) for v in (-0.04, 0.04, -0.0)} == {"0.0"}
    assert number(-0.004, 2) == "0.00"
    assert Words("accuracy").level(1.0) == "100.0%"
    assert Words("r2").level(-1.5) == "−1.50"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([3], "layer 3"),
        ([0, 1], "layers 0–1"),
        ([5, 1, 2, 3], "layers 1–3 and 5"),
        ([12, 0, 3, 4], "layers 0, 3–4 and 12"),
    ],
)
def test_layers_are_listed_as_spans(layers: list[int], said: str) -> None:
    assert layer_list(layers) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(100, "about 100"), (149, "about 150"), (1_449, "about 1,400"), (54_321, "about 54,000"),
     (9, "about 9"), (999_999, "about 1,000,000"), (10**17, "more than a million")],
)  # fmt: skip
def test_estimated_counts_have_two_digits(count: int, said: str) -> None:
    assert about(count) == f"{said} sentences"
