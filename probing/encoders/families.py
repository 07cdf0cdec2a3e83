"""The table of encoder families: where [CLS] is, the pooler, and what the family's head reads.

One row per transformers model_type, each tested against transformers' own outputs on a tiny
checkpoint (``tests/encoders/test_families.py``). Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from probing.language import say

from .info import ClsPlace

READS = (
    "pooler_output",
    "first hidden state",
    "last hidden state",
    "mean",
    "all tokens",
    "unknown",
)
"""What a classification head can read. ``all tokens``: classifies each token, averages logits."""


@dataclass(frozen=True)
class Family:
    """What the models of one transformers model_type have in common."""

    model_type: str
    """transformers' name of the family, as in config.json."""
    title: str
    """Name for people."""
    cls: ClsPlace
    """Whether [CLS] is the first or the last real token."""
    pooler: str | None
    """Formula of ``pooler_output`` with h0 the last layer's first token; None without a pooler."""
    head: str
    """What …ForSequenceClassification does after the encoder, by default."""
    head_reads: str
    """What that head reads by default, one of ``READS``."""
    head_steps: tuple[str, ...]
    """The steps from there to the logits. Each is the path of a module of the classifier, the
    name of an activation, or ``config:NAME``, the activation that the config names under NAME."""
    head_option: str | None = None
    """The config entry that can make the head read something else, if there is one."""
    head_choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Values of that entry and what the head then reads (one of ``READS``)."""
    padding_inert: bool = True
    """False where padding changes the other tokens' states even under the attention mask."""
    global_cls: bool = False
    """True where [CLS] has to be given global attention, as the family's own head does."""
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Config entries that are set on loading, because results would depend on the batch."""
    notice: str = ""
    """What a person should know about every model of the family; may be empty."""
    assumed: bool = False
    """True for the row made up for a family that is not in the table."""


_LINEAR = ("dropout", "classifier")
_PAIR = ("classifier.dropout", "classifier.dense", "{}", "classifier.dropout")
_SUMMARY = (
    "sequence_summary.first_dropout",
    "sequence_summary.summary",
    "sequence_summary.activation",
    "sequence_summary.last_dropout",
)
_SUMMARY_CHOICES = MappingProxyType(
    {"first": "first hidden state", "last": "last hidden state", "mean": "mean"}
)
_TANH_POOLER = "tanh(W·h0 + b)"


def _dense_head(activation: str) -> tuple[str, ...]:
    """Steps of the head dropout → dense → activation → dropout → out_proj."""
    return (*(step.format(activation) for step in _PAIR), "classifier.out_proj")


_BERT = Family(
    "bert",
    "BERT",
    "first",
    _TANH_POOLER,
    "pooler_output → dropout → linear",
    "pooler_output",
    _LINEAR,
)
_ROBERTA = Family(
    "roberta",
    "RoBERTa",
    "first",
    _TANH_POOLER,
    say(
        "{head!s}; the pooler is not used",
        head="h0 (<s>) → dropout → dense → tanh → dropout → linear",
    ),
    "first hidden state",
    _dense_head("tanh"),
)
_CONVBERT = Family(
    "convbert",
    "ConvBERT",
    "first",
    None,
    say("h0 → dropout → dense → the config's activation → dropout → linear"),
    "first hidden state",
    _dense_head("config:hidden_act"),
)
_DEBERTA = Family(
    "deberta",
    "DeBERTa",
    "first",
    None,
    say("h0 → the classifier's own ContextPooler (dropout → dense → gelu) → dropout → linear"),
    "first hidden state",
    ("pooler.dropout", "pooler.dense", "config:pooler_hidden_act", "dropout", "classifier"),
)
_XLM = Family(
    "xlm",
    "XLM",
    "first",
    None,
    "h0 (<s>) → summary: dropout → linear",
    "first hidden state",
    _SUMMARY,
    head_option="summary_type",
    head_choices=_SUMMARY_CHOICES,
)

_ROWS = (
    _BERT,
    replace(_BERT, model_type="ernie", title="ERNIE"),
    replace(_BERT, model_type="rembert", title="RemBERT"),
    replace(_BERT, model_type="megatron-bert", title="Megatron-BERT"),
    replace(
        _BERT,
        model_type="fnet",
        title="FNet",
        padding_inert=False,
        notice=say(
            "FNet has no attention mask: padding changes every token, so only sentences "
            "of the same length share a batch."
        ),
    ),
    replace(
        _BERT,
        model_type="mobilebert",
        title="MobileBERT",
        pooler=say(
            "{formula} where the config sets classifier_activation, else h0 itself",
            formula=_TANH_POOLER,
        ),
        padding_inert=False,
        notice=say(
            "MobileBERT's input joins each token with its neighbours, padding included, so only "
            "sentences of the same length share a batch."
        ),
    ),
    replace(_BERT, model_type="albert", title="ALBERT"),
    replace(
        _CONVBERT,
        model_type="big_bird",
        title="BigBird",
        pooler=_TANH_POOLER,
        head=say("{head!s}; the pooler is not used", head=_CONVBERT.head),
        config=MappingProxyType({"attention_type": "original_full"}),
        notice=say(
            "BigBird runs with full attention: with block-sparse attention the vectors of a "
            "sentence would depend on the lengths of the others."
        ),
    ),
    _ROBERTA,
    replace(_ROBERTA, model_type="xlm-roberta", title="XLM-RoBERTa"),
    replace(_ROBERTA, model_type="camembert", title="CamemBERT"),
    replace(_ROBERTA, model_type="data2vec-text", title="Data2Vec (text)"),
    replace(_ROBERTA, model_type="mpnet", title="MPNet"),
    replace(_ROBERTA, model_type="esm", title="ESM"),
    replace(
        _ROBERTA,
        model_type="longformer",
        title="Longformer",
        global_cls=True,
        notice=say("<s> gets global attention, as Longformer's own classification head gives it."),
    ),
    Family(
        "distilbert",
        "DistilBERT",
        "first",
        None,
        "h0 → dense → relu → dropout → linear",
        "first hidden state",
        ("pre_classifier", "relu", "dropout", "classifier"),
    ),
    Family(
        "electra",
        "ELECTRA",
        "first",
        None,
        "h0 → dropout → dense → gelu → dropout → linear",
        "first hidden state",
        _dense_head("classifier.activation"),
    ),
    replace(
        _CONVBERT,
        padding_inert=False,
        notice=say(
            "ConvBERT's convolutions reach into padding, so only sentences of the same length "
            "share a batch."
        ),
    ),
    replace(_CONVBERT, model_type="roformer", title="RoFormer"),
    replace(
        _CONVBERT,
        model_type="nystromformer",
        title="Nyströmformer",
        padding_inert=False,
        notice=say(
            "Nyströmformer's convolution reaches into padding, so only sentences of the same "
            "length share a batch."
        ),
    ),
    _DEBERTA,
    replace(_DEBERTA, model_type="deberta-v2", title="DeBERTa-v2/v3"),
    Family(
        "modernbert",
        "ModernBERT",
        "first",
        None,
        say(
            "h0 (or the mean, by classifier_pooling) → dense → activation → norm → dropout → linear"
        ),
        "first hidden state",
        ("head", "drop", "classifier"),
        head_option="classifier_pooling",
        head_choices=MappingProxyType({"cls": "first hidden state", "mean": "mean"}),
    ),
    Family(
        "eurobert",
        "EuroBERT",
        "first",
        None,
        say(
            "every token → dense → gelu → linear, then the mean of the logits "
            "(or h0 or the mean, by classifier_pooling)"
        ),
        "all tokens",
        ("dense", "activation", "classifier"),
        head_option="classifier_pooling",
        head_choices=MappingProxyType(
            {"late": "all tokens", "bos": "first hidden state", "mean": "mean"}
        ),
    ),
    Family(
        "xlnet",
        "XLNet",
        "last",
        None,
        say("the last token (<cls>) → summary: dense → tanh → dropout → linear"),
        "last hidden state",
        (*_SUMMARY, "logits_proj"),
        head_option="summary_type",
        head_choices=_SUMMARY_CHOICES,
    ),
    _XLM,
    replace(_XLM, model_type="flaubert", title="FlauBERT"),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({row.model_type: row for row in _ROWS})
"""model_type → row, for every family that is known and tested."""


def family_of(model_type: str) -> Family:
    """The row of ``model_type``; for an unknown family a row that says what is assumed."""
    if model_type in FAMILIES:
        return FAMILIES[model_type]
    return Family(
        model_type=model_type,
        title=model_type,
        cls="first",
        pooler=say("what its module named pooler computes, if it has one"),
        head=say("not known: the family is not in the table"),
        head_reads="unknown",
        head_steps=(),
        notice=say(
            "The family {model_type} is not in the table: assumed are [CLS] as the first token "
            "and, if the model has a module named pooler, that it is applied to [CLS].",
            model_type=model_type,
        ),
        assumed=True,
    )


def head_reads(family: Family, config: Any) -> str:
    """What the family's head reads under this config (an object with attributes), of ``READS``."""
    if family.head_option is None:
        return family.head_reads
    choice = getattr(config, family.head_option, None)
    return family.head_reads if choice is None else family.head_choices.get(choice, "unknown")
