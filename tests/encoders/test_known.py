"""Well-known encoders: what the cards say of sizes is what transformers builds."""

import warnings
from typing import Any

import pytest

from probing.encoders import FAMILIES
from probing.encoders.known import KNOWN, POOLERS, products_of
from probing.environment import LISTED

BASE: dict[str, Any] = {"num_hidden_layers": 12, "hidden_size": 768, "intermediate_size": 3072}
SMALL: dict[str, Any] = {
    "num_hidden_layers": 12,
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_attention_heads": 12,
}
ROBERTA: dict[str, Any] = {**BASE, "max_position_embeddings": 514, "type_vocab_size": 1}
CONFIGS: dict[str, dict[str, Any]] = {
    "bundled": {**SMALL, "num_hidden_layers": 6},
    "google-bert/bert-base-uncased": BASE,
    "FacebookAI/roberta-base": {**ROBERTA, "vocab_size": 50265},
    "distilbert/distilbert-base-uncased": {"n_layers": 6, "dim": 768, "hidden_dim": 3072},
    "answerdotai/ModernBERT-base": {},
    "google/electra-small-discriminator": {
        "embedding_size": 128,
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_attention_heads": 4,
    },
    "albert/albert-base-v2": {**BASE, "embedding_size": 128, "num_attention_heads": 12},
    "microsoft/mpnet-base": {**BASE, "vocab_size": 30527, "max_position_embeddings": 514},
    "microsoft/deberta-v3-base": {
        **BASE,
        "vocab_size": 128100,
        "relative_attention": True,
        "position_buckets": 256,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "type_vocab_size": 0,
        "position_biased_input": False,
    },
    "BAAI/bge-small-en-v1.5": SMALL,
    "princeton-nlp/sup-simcse-bert-base-uncased": BASE,
    "sentence-transformers/all-mpnet-base-v2": {
        **BASE,
        "vocab_size": 30527,
        "max_position_embeddings": 514,
    },
    "google-bert/bert-base-multilingual-cased": {**BASE, "vocab_size": 119547},
    "google-bert/bert-base-chinese": {**BASE, "vocab_size": 21128},
    "FacebookAI/xlm-roberta-base": {**ROBERTA, "vocab_size": 250002},
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2": {**SMALL, "vocab_size": 250037},
}
"""What the checkpoints' config.json say beside their family's defaults."""


@pytest.mark.parametrize("name", KNOWN)
def test_sizes_are_those_that_transformers_builds(name: str) -> None:
    import torch
    from torch import nn
    from transformers import AutoConfig, AutoModel

    known = KNOWN[name]
    config = AutoConfig.for_model(known.family, **CONFIGS[name])
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModel.from_config(config)
    assert known.layers == config.num_hidden_layers
    assert known.hidden == config.hidden_size
    assert known.parameters == sum(weight.numel() for weight in model.parameters())
    times = known.layers if known.family == "albert" else 1  # one layer, used again and again
    products = 0
    for path, part in model.named_modules():
        if isinstance(part, nn.Linear) and "pooler" not in path:
            products += part.weight.numel() * (times if "layer" in path else 1)
    assert known.products == products


def test_poolers_are_those_of_the_families() -> None:
    for known in KNOWN.values():
        assert known.pooler in POOLERS
        assert (known.pooler == "none") == (FAMILIES[known.family].pooler is None), known.id


def test_what_a_public_server_loads_has_a_card() -> None:
    there = {*KNOWN, "sentence-transformers/all-MiniLM-L6-v2"}  # the bundled one's name on the hub
    assert set(LISTED) <= there


def test_multiply_adds_of_an_unknown_encoder_are_a_usual_ones() -> None:
    bert = KNOWN["google-bert/bert-base-uncased"]
    assert products_of("someone/some-bert", 12, 768) == bert.products
    assert products_of("all-MiniLM-L6-v2", 1, 1) == KNOWN["bundled"].products
    modern = KNOWN["answerdotai/ModernBERT-base"]
    assert products_of(modern.id, 22, 768) == modern.products != 12 * 22 * 768**2
