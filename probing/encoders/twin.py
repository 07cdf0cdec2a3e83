"""An encoder's twin with random weights: what its architecture gives away without training."""

import copy
from dataclasses import replace

import torch

from .encoder import Encoder
from .quiet import quiet


def random_twin(encoder: Encoder, seed: int) -> Encoder:
    """The same architecture and tokenizer, weights as the architecture initialises them.

    In float32 and evaluation mode, on the encoder's device; nothing is shared with the encoder's
    own weights. The same seed gives the same weights, and PyTorch's random state is left as it
    was. ``info`` stays that of the encoder: the twin has a pooler where the encoder has one, and
    what ``info`` says of its training holds for the encoder only.
    """
    from transformers import AutoModel

    with quiet(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # that of the CPU only, which is set back
        model = AutoModel.from_config(
            copy.deepcopy(encoder.model.config),
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation=encoder.model.config._attn_implementation,
        )
    model.eval().requires_grad_(False)
    return replace(encoder, model=model.to(encoder.device))
