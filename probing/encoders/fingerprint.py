"""What decides the vectors that an encoder gives for given tokens, as one number."""

import hashlib
import json

import torch

from .encoder import Encoder


def fingerprint(encoder: Encoder) -> str:
    """SHA-256 (64 hex digits) of weights, config, place and the versions of what computes.

    The weights themselves are read, not the checkpoint's name: an encoder that was changed in
    memory, or its twin with random weights, is another one. The tokenizer is left out, as the
    tokens stand for it. Costs a second per gigabyte of weights.
    """
    import transformers

    model = encoder.model
    config = model.config.to_dict()
    for name in ("_name_or_path", "transformers_version"):
        config.pop(name, None)
    about = {
        "class": type(model).__qualname__,
        "config": config,
        "attention": model.config._attn_implementation,
        "device": encoder.device.type,
        "global_cls": encoder.family.global_cls,
        "versions": [torch.__version__, transformers.__version__],
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
