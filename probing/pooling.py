"""From the hidden states of one layer to one vector per sentence.

Shapes: ``states`` float (B, T, H), a batch of B sentences of T tokens; masks (B, T) of 0 and 1.
``h[:, 0]`` is the first *token* of each sentence; ``h[:, :, 0]`` would be the first *feature* of
each token.
"""

import torch
from torch import Tensor


def cls(states: Tensor, positions: Tensor) -> Tensor:
    """(B, H) the hidden state of each sentence's [CLS], at ``positions`` int64 (B,)."""
    return states[torch.arange(len(states), device=states.device), positions]


def mean(states: Tensor, mask: Tensor | None) -> Tensor:
    """(B, H) the mean over the tokens of ``mask``; every sentence needs at least one.

    A masked token's state never enters, whatever it is (NaN included). No mask: all tokens, at a
    sixth of the cost.
    """
    if mask is None:
        return states.mean(dim=1)
    chosen = torch.where(mask[:, :, None] > 0, states, torch.zeros((), dtype=states.dtype))
    counts = mask.sum(dim=1, keepdim=True)
    return chosen.sum(dim=1) / counts.to(states.dtype)


def words_mask(attention: Tensor, special: Tensor) -> Tensor:
    """(B, T) the tokens that are not special; all of them for a sentence with no others."""
    words = attention * (1 - special)
    return torch.where(words.sum(dim=1, keepdim=True) > 0, words, attention)
