"""Where the parts of attention are, against the attention that transformers itself gives."""

from typing import Any

import pytest
import torch

from probing.encoders import FAMILIES
from probing.mechanism.anatomy import ANATOMY, WITHOUT, Anatomy, anatomy_of
from probing.mechanism.attention import Attended, attend
from probing.mechanism.values import Missing

from .conftest import TEXTS, Eager, Encoders, fingerprint, plain

each_family = pytest.mark.parametrize("family", ANATOMY)


def attended(encoder: Any, texts: Any = TEXTS) -> list[Attended]:
    """All layers' attention; only a test keeps it."""
    anatomy = anatomy_of(encoder)
    assert isinstance(anatomy, Anatomy)
    found: list[Attended] = []
    attend(encoder.tokenize(texts), encoder, anatomy, found.append)
    return found


def test_every_family_has_its_parts_or_a_reason() -> None:
    assert set(ANATOMY) | set(WITHOUT) == set(FAMILIES)
    assert not set(ANATOMY) & set(WITHOUT)


@each_family
def test_weights_are_those_that_transformers_gives(
    family: str, tiny_encoder: Encoders, eager_model: Eager
) -> None:
    encoder = tiny_encoder(family)
    batch = encoder.tokenize(TEXTS)
    with torch.no_grad():
        own = eager_model(family)(**plain(encoder, batch), output_attentions=True).attentions
    real = batch["attention_mask"].bool()
    found = attended(encoder)
    assert [seen.layer for seen in found] == [1, 2, 3]
    for seen, weights in zip(found, own, strict=True):
        rows = seen.weights.transpose(1, 2)[real]
        torch.testing.assert_close(rows, weights.transpose(1, 2)[real])
        assert rows.std() > 0.01, "weights that are all alike would prove nothing"
        torch.testing.assert_close(rows.sum(-1), torch.ones(rows.shape[:-1]))
        padding = seen.weights.transpose(1, 3)[~real].transpose(1, 2)  # onto it, from real tokens
        assert padding.shape[1:] == weights.shape[1:3]
        row_is_real = real[(~real).nonzero()[:, 0]]
        assert padding.transpose(1, 2)[row_is_real].abs().max() == 0


@each_family
def test_states_are_the_hidden_states(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    batch = encoder.tokenize(TEXTS)
    real = batch["attention_mask"].bool()
    for seen, state in zip(attended(encoder), encoder.forward(batch).layers, strict=False):
        torch.testing.assert_close(seen.state[real], state[real], atol=1e-5, rtol=1e-5)


@each_family
def test_the_encoder_is_as_before(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    before = fingerprint(encoder)
    assert len(attended(encoder)) == 3
    assert fingerprint(encoder) == before
    anatomy = anatomy_of(encoder)
    assert isinstance(anatomy, Anatomy)

    def fail(seen: Attended) -> None:
        assert encoder.model.config._attn_implementation == "eager"
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        attend(encoder.tokenize(TEXTS), encoder, anatomy, fail)
    assert fingerprint(encoder) == before


def test_some_families_had_another_attention_before(tiny_encoder: Encoders) -> None:
    assert tiny_encoder("bert").model.config._attn_implementation == "sdpa"


def missing(encoder: Any) -> str:
    found = anatomy_of(encoder)
    assert isinstance(found, Missing)
    return found.reason


@pytest.mark.parametrize("family", WITHOUT)
def test_a_reason_is_a_sentence(family: str, tiny_encoder: Encoders) -> None:
    reason = missing(tiny_encoder(family))
    assert FAMILIES[family].title in reason
    assert reason[0].isupper()
    assert reason.endswith(".")


def test_unknown_and_unlike_models_are_missing(tiny_encoder: Encoders) -> None:
    unknown = tiny_encoder("roc_bert", layers=2, heads=4)
    assert missing(unknown) == "Where the attention of roc_bert models lies is not known here."
    turned = tiny_encoder("roformer", config={"rotary_value": True})
    assert "turns its values by position" in missing(turned)


def test_a_model_built_unlike_its_family_is_missing(
    tiny_encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = tiny_encoder("bert")
    monkeypatch.delattr(encoder.model.encoder.layer[1].attention.output, "dense")
    assert "BERT model is built unlike the others" in missing(encoder)


def test_albert_groups_share_layers_in_order(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("albert", config={"num_hidden_groups": 3})
    anatomy = anatomy_of(encoder)
    assert isinstance(anatomy, Anatomy)
    groups = encoder.model.encoder.albert_layer_groups
    assert [layer.entry for layer in anatomy.layers] == [g.albert_layers[0] for g in groups]
    shared = anatomy_of(tiny_encoder("albert"))
    assert isinstance(shared, Anatomy)
    assert len({layer.entry for layer in shared.layers}) == 1
    assert len(shared.layers) == 3
