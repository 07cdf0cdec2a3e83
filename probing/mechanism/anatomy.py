"""Where the parts of attention are, family by family: a table of module paths, no modelling code.

What a layer adds up is told by four tensors: the state that passes by, the attention weights, the
values, and the sum as the next module reads it. The table says which modules show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from torch import Tensor, nn

from probing.encoders.encoder import Encoder
from probing.language import say

from .values import Missing

Fused = Literal["", "thirds", "thirds by head"]
"""How the value projection lies in a fused one: alone, queries | keys | values, or so per head."""


@dataclass(frozen=True)
class Parts:
    """One family: paths of modules, ``{}`` for the number of the layer, from 0.

    All but ``layer`` and ``final`` are relative to the layer, or to the model where layers are no
    modules.
    """

    layer: str
    """A transformer layer: called with the state before it; "" where there is no such module."""
    weights: str
    """The attention module whose ``output[1]`` are the weights (B, heads, T, T)."""
    value: str
    """The linear layer that gives the values."""
    dense: str
    """The output projection W_O with its bias."""
    total: str
    """The module that reads the sum of what passes by and what attention brings: the LayerNorm
    behind it (post-LN) or in front of the next block (pre-LN)."""
    post: bool = True
    """Post-LN: ``total`` is a LayerNorm on [CLS]'s way. Else its input is the residual stream."""
    fused: Fused = ""
    value_bias: str = ""
    """A parameter added to the values, relative like a module."""
    ask: str = ""
    """The module that gives weights only where called with ``output_attentions=True``."""
    final: str = ""
    """The norm after the last layer, which makes its output the last hidden state."""


_BERT = Parts(
    layer="encoder.layer.{}",
    weights="attention.self",
    value="attention.self.value",
    dense="attention.output.dense",
    total="attention.output.LayerNorm",
)
_BERTS = (
    "bert",
    "ernie",
    "rembert",
    "electra",
    "roformer",
    "big_bird",
    "roberta",
    "xlm-roberta",
    "camembert",
    "data2vec-text",
)
_XLM = Parts(
    layer="",
    weights="attentions.{}",
    value="attentions.{}.v_lin",
    dense="attentions.{}.out_lin",
    total="layer_norm1.{}",
    ask="attentions.{}",
)
_DEBERTA = replace(_BERT, value="attention.self.value_proj", ask="attention")

ANATOMY: Mapping[str, Parts] = MappingProxyType(
    {
        **dict.fromkeys(_BERTS, _BERT),
        "megatron-bert": replace(_BERT, total="ln", post=False, final="encoder.ln"),
        "esm": replace(_BERT, total="LayerNorm", post=False, final="encoder.emb_layer_norm_after"),
        "albert": Parts(
            layer="encoder.albert_layer_groups.{}.albert_layers.0",
            weights="attention",
            value="attention.value",
            dense="attention.dense",
            total="attention.LayerNorm",
        ),
        "distilbert": Parts(
            layer="transformer.layer.{}",
            weights="attention",
            value="attention.v_lin",
            dense="attention.out_lin",
            total="sa_layer_norm",
        ),
        "mpnet": Parts(
            layer="encoder.layer.{}",
            weights="attention.attn",
            value="attention.attn.v",
            dense="attention.attn.o",
            total="attention.LayerNorm",
            ask="attention.attn",
        ),
        "deberta": replace(
            _DEBERTA,
            value="attention.self.in_proj",
            fused="thirds by head",
            value_bias="attention.self.v_bias",
        ),
        "deberta-v2": _DEBERTA,
        "modernbert": Parts(
            layer="layers.{}",
            weights="attn",
            value="attn.Wqkv",
            dense="attn.Wo",
            total="mlp_norm",
            post=False,
            fused="thirds",
            final="final_norm",
        ),
        "eurobert": Parts(
            layer="layers.{}",
            weights="self_attn",
            value="self_attn.v_proj",
            dense="self_attn.o_proj",
            total="post_attention_layernorm",
            post=False,
            final="norm",
        ),
        "xlm": _XLM,
        "flaubert": _XLM,
    }
)
"""model_type → where its parts are."""

WITHOUT: Mapping[str, str] = MappingProxyType(
    {
        "fnet": say("FNet has no attention: it mixes all tokens by a Fourier transform."),
        "mobilebert": say(
            "MobileBERT's input joins each token with its neighbours, so [CLS] reads words before "
            "any attention."
        ),
        "convbert": say(
            "Half of ConvBERT's heads are convolutions, which have no attention weights."
        ),
        "longformer": say(
            "Longformer's attention is cut into windows and has projections of its own for [CLS]; "
            "it is not taken apart here."
        ),
        "nystromformer": say("Nyströmformer approximates attention and adds a convolution."),
        "xlnet": say(
            "XLNet's attention is not made of the modules that other encoders have; it is not "
            "taken apart here."
        ),
    }
)
"""Families whose attention is not taken apart, and why."""


@dataclass(frozen=True, eq=False)
class LayerParts:
    """The modules of one layer; ALBERT's layers share them."""

    entry: nn.Module
    """Called with the state before the layer as its first argument."""
    weights: nn.Module
    value: nn.Module
    dense: nn.Linear
    total: nn.Module
    value_bias: Tensor | None
    ask: nn.Module | None


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of attention of one encoder."""

    parts: Parts
    layers: tuple[LayerParts, ...]
    final: nn.Module | None

    @property
    def replayable(self) -> bool:
        """Whether layers are modules that can be called one by one."""
        return bool(self.parts.layer)


def anatomy_of(encoder: Encoder) -> Anatomy | Missing:
    """The encoder's parts of attention, or why they cannot be had."""
    family, config = encoder.family, encoder.model.config
    if family.model_type in WITHOUT:
        return Missing(WITHOUT[family.model_type])
    parts = ANATOMY.get(family.model_type)
    if parts is None:
        return Missing(
            say("Where the attention of {title} models lies is not known here.", title=family.title)
        )
    if getattr(config, "rotary_value", False):
        return Missing(
            say(
                "This {title} model turns its values by position (rotary_value).",
                title=family.title,
            )
        )
    try:
        layers = tuple(_layer(encoder.model, parts, i) for i in _numbers(config, encoder))
        final = encoder.model.get_submodule(parts.final) if parts.final else None
    except AttributeError as error:
        return Missing(
            say(
                "This {title} model is built unlike the others: {error}.",
                title=family.title,
                error=error,
            )
        )
    return Anatomy(parts, layers, final)


def _numbers(config: Any, encoder: Encoder) -> list[int]:
    """For each layer the number in its path; ALBERT shares layers within groups."""
    layers, groups = encoder.info.layers, getattr(config, "num_hidden_groups", None)
    return [i if groups is None else int(i / (layers / groups)) for i in range(layers)]


def _layer(model: nn.Module, parts: Parts, number: int) -> LayerParts:
    def at(name: str) -> str:
        return (f"{parts.layer}.{name}" if parts.layer else name).format(number)

    def find(name: str) -> nn.Module:
        return model.get_submodule(at(name))

    dense = find(parts.dense)
    if not isinstance(dense, nn.Linear):
        raise AttributeError(f"{at(parts.dense)} is a {type(dense).__name__}, not a linear layer")
    entry = model.get_submodule(parts.layer.format(number)) if parts.layer else find(parts.weights)
    return LayerParts(
        entry=entry,
        weights=find(parts.weights),
        value=find(parts.value),
        dense=dense,
        total=find(parts.total),
        value_bias=model.get_parameter(at(parts.value_bias)) if parts.value_bias else None,
        ask=find(parts.ask) if parts.ask else None,
    )
