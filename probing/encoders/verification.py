"""One forward pass over two sentences, to see that a loaded encoder does what its row says."""

from dataclasses import replace

import torch

from probing.errors import EncoderError
from probing.language import say

from .encoder import Encoder
from .info import Pooler
from .messages import one_line

_SHORT = "A short one."
_LONG = "This sentence is longer than the other one, so that the other one is padded."


def verified(encoder: Encoder) -> Encoder:
    """The encoder after one forward pass over two sentences, with what that pass showed.

    Raises EncoderError where the hidden states are not L + 1 × (B, T, H) finite numbers. A pooler
    that does more than read [CLS] of the last layer counts as absent, and says so.
    """
    info, shown = encoder.info, encoder.info.id
    try:
        batch = encoder.tokenize([_SHORT, _LONG])
        positions = encoder.cls_positions(batch)
        states = encoder.forward(batch)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(
            "{shown} cannot be run on a sentence: {error}; choose another encoder",
            shown=shown,
            error=one_line(error),
        ) from error
    expected = (*batch["input_ids"].shape, info.hidden)
    if len(states.layers) != info.layers + 1 or any(s.shape != expected for s in states.layers):
        raise EncoderError(
            "{shown} ({family}) does not keep one vector per token through all its layers, so its "
            "layers cannot be compared; choose another encoder",
            shown=shown,
            family=info.family,
        )
    if not all(bool(state.isfinite().all()) for state in states.layers):
        raise EncoderError(
            "{shown} gives vectors that are not finite numbers; its weights are damaged, download "
            "it again",
            shown=shown,
        )
    if states.pooler_output is not None:
        rows = torch.arange(len(positions), device=encoder.device)
        pooled = encoder.pool(states.layers[-1][rows, positions])
        if not torch.allclose(pooled, states.pooler_output, atol=1e-4):
            none = Pooler(
                False, False, say("its pooler does not read [CLS] of the last layer alone")
            )
            info = replace(info, pooler=none)
    if info.assumed:
        info = replace(info, padding_inert=_padding_is_inert(encoder))
    return replace(encoder, info=info)


def _padding_is_inert(encoder: Encoder) -> bool:
    """For a family that is not in the table: a sentence alone equals itself beside a longer one."""
    padded = encoder.forward(encoder.tokenize([_SHORT, _LONG])).layers[-1][0]
    alone = encoder.forward(encoder.tokenize([_SHORT])).layers[-1][0]
    return torch.allclose(padded[: len(alone)], alone, atol=1e-4)
