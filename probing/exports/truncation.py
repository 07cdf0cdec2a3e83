"""An encoder cut off behind one of its layers, checked against the whole one."""

import copy
from typing import Any

import torch
from torch import Tensor

from probing.encoders import Encoder
from probing.encoders.quiet import quiet
from probing.errors import EncoderError
from probing.mechanism.anatomy import ANATOMY

SAMPLE = ("A sample.", "A second one, which is longer than the first.", "Short")
BY_LAYER = ("layer_types", "attention_window", "mlp_layer_types")
"""Config entries that are lists with a value a layer."""
TOLERANCE = 1e-5
"""Largest difference that is rounding, relative to the largest number in the hidden state."""


def truncated(encoder: Encoder, layer: int) -> Any:
    """A transformers model whose last hidden state is the encoder's at ``layer``, 0 … L.

    Its config says fewer layers, and it has the weights of those only. That the two agree is
    checked on a few texts, called with token ids and attention mask alone as other libraries do.
    Raises EncoderError where they cannot: a norm behind the last layer, an attention of its own
    for [CLS], layers that are not built one upon the other.
    """
    title, layers = encoder.family.title, encoder.info.layers
    norm = ANATOMY[encoder.info.family].final if encoder.info.family in ANATOMY else ""
    if norm and layer < layers:
        raise EncoderError(
            "{title} models end in a norm ({norm}) that only the last layer passes, so no smaller "
            "{title} model gives layer {layer}. Choose the last layer, {layers}.",
            title=title,
            norm=norm,
            layer=layer,
            layers=layers,
        )
    model = encoder.model if layer == layers else _smaller(encoder, layer)
    try:
        wrong = difference(encoder, model, layer)
    except Exception as error:
        raise _unusable(title, layer, error) from error
    if not wrong <= TOLERANCE:
        raise EncoderError(
            "called as other libraries call it, a {title} model cut off behind layer {layer} does "
            "not give that layer's vectors (they differ by {wrong:.0e} of their size). Choose "
            "another encoder or layer.",
            title=title,
            layer=layer,
            wrong=wrong,
        )
    return model


def difference(encoder: Encoder, model: Any, layer: int) -> float:
    """How far the model's last hidden state is from the encoder's layer, relative to its size."""
    batch = encoder.tokenize(SAMPLE)
    expected = encoder.forward(batch).layers[layer]
    inputs = {k: v for k, v in batch.items() if k in encoder.tokenizer.model_input_names}
    with torch.inference_mode():
        found: Tensor = model(**inputs, return_dict=True).last_hidden_state
    real = batch["attention_mask"].bool()
    if found.shape != expected.shape:
        return float("inf")
    return float((found - expected)[real].abs().max() / expected[real].abs().max())


def _smaller(encoder: Encoder, layer: int) -> Any:
    from transformers import AutoModel

    config = copy.deepcopy(encoder.model.config)
    title = encoder.family.title
    if getattr(config, "num_hidden_groups", 1) != 1:
        raise EncoderError(
            "the layers of this {title} model share weights in {n} groups; fewer "
            "layers would be shared out otherwise. Choose the last layer.",
            title=title,
            n=config.num_hidden_groups,
        )
    for name in BY_LAYER:
        values = getattr(config, name, None)
        if isinstance(values, list | tuple) and len(values) == encoder.info.layers:
            setattr(config, name, list(values)[:layer])
    config.num_hidden_layers = layer
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            model: Any = AutoModel.from_config(
                config,
                trust_remote_code=False,
                dtype=torch.float32,
                attn_implementation=encoder.model.config._attn_implementation,
            )
        weights = encoder.model.state_dict()
        model.load_state_dict({name: weights[name] for name in model.state_dict()})
    except Exception as error:
        raise _unusable(title, layer, error) from error
    return model.eval().requires_grad_(False).to(encoder.device)


def _unusable(title: str, layer: int, error: Exception) -> EncoderError:
    return EncoderError(
        "transformers cannot run a {title} model of {layer} layers ({name}). Choose another layer.",
        title=title,
        layer=layer,
        name=type(error).__name__,
    )
