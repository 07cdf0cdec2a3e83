"""Pooling, worked out by hand, with padding that poisons whatever lets it in."""

import math

import pytest
import torch
from torch import Tensor

from probing import pooling

NAN, HUGE = math.nan, 1e9


def states(poison: float) -> Tensor:
    """(3, 4, 2): three, two and four real tokens; the others are poison."""
    return torch.tensor(
        [
            [[1.0, 2.0], [3.0, 4.0], [5.0, 9.0], [poison, poison]],
            [[7.0, -1.0], [8.0, -2.0], [poison, poison], [poison, poison]],
            [[0.0, 0.0], [1.0, 10.0], [2.0, 20.0], [5.0, 30.0]],
        ]
    )


ATTENTION = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
SPECIAL = torch.tensor([[1, 0, 1, 1], [1, 1, 1, 1], [1, 0, 0, 1]])  # 1 also at padding


@pytest.mark.parametrize("poison", [HUGE, -HUGE, NAN, math.inf])
def test_mean_by_hand(poison: float) -> None:
    expected = torch.tensor([[3.0, 5.0], [7.5, -1.5], [2.0, 15.0]])
    assert torch.equal(pooling.mean(states(poison), ATTENTION), expected)


def test_mean_without_a_mask_is_over_all_tokens() -> None:
    full = torch.ones_like(ATTENTION)
    assert torch.equal(pooling.mean(states(2.0), None), pooling.mean(states(2.0), full))


def test_mean_that_let_padding_in_would_be_seen() -> None:
    everything = pooling.mean(states(HUGE), torch.ones_like(ATTENTION))
    assert float(everything[0].abs().max()) > 1e8


@pytest.mark.parametrize("poison", [HUGE, NAN])
def test_mean_of_words_by_hand(poison: float) -> None:
    """The second sentence has special tokens only: all of them are averaged."""
    words = pooling.words_mask(ATTENTION, SPECIAL)
    assert words.tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]]
    expected = torch.tensor([[3.0, 4.0], [7.5, -1.5], [1.5, 15.0]])
    assert torch.equal(pooling.mean(states(poison), words), expected)


def test_a_sentence_without_words_alone_in_its_batch() -> None:
    attention, special = torch.tensor([[1, 1]]), torch.tensor([[1, 1]])
    assert pooling.words_mask(attention, special).tolist() == [[1, 1]]


def test_words_mask_never_holds_padding() -> None:
    unmarked = torch.zeros_like(SPECIAL)  # a tokenizer that does not mark padding as special
    assert torch.equal(pooling.words_mask(ATTENTION, unmarked), ATTENTION)


def test_cls_is_the_first_token_and_not_the_first_feature() -> None:
    h = states(NAN)
    first = pooling.cls(h, torch.zeros(3, dtype=torch.long))
    assert torch.equal(first, h[:, 0])
    assert torch.equal(first, torch.tensor([[1.0, 2.0], [7.0, -1.0], [0.0, 0.0]]))
    assert first.shape != h[:, :, 0].shape


def test_cls_where_every_sentence_has_it_elsewhere() -> None:
    """XLNet's is the last token; with padding on the right it is at another place in each row."""
    last = pooling.cls(states(NAN), torch.tensor([2, 1, 3]))
    assert torch.equal(last, torch.tensor([[5.0, 9.0], [8.0, -2.0], [5.0, 30.0]]))


def test_precision_is_kept() -> None:
    assert pooling.mean(states(HUGE).double(), ATTENTION).dtype == torch.float64
