"""Encoders with random weights, for every row of the family table."""

import gc
import random
import weakref

import numpy as np
import pytest
import torch
from transformers import AutoModel

from probing.encoders import FAMILIES, Encoder, load_encoder
from probing.encoders.twin import random_twin
from probing.errors import EncoderError
from probing.extraction import extract
from probing.geometry import relative_variance

from .conftest import Checkpoints, Encoders
from .test_families import WITH_POOLER, each_family

TEXTS = ["The film was good.", "Bad!", "We never saw the house by the bank, but paid it."]


def outputs(encoder: Encoder) -> tuple[torch.Tensor, ...]:
    """Hidden states of all layers, and what the pooler makes of the last one where there is one."""
    states = encoder.forward(encoder.tokenize(TEXTS))
    return states.layers + (() if states.pooler_output is None else (states.pooler_output,))


def equal(some: tuple[torch.Tensor, ...], others: tuple[torch.Tensor, ...]) -> list[bool]:
    return [torch.equal(a, b) for a, b in zip(some, others, strict=True)]


@each_family
def test_the_same_architecture_with_other_weights(model_type: str, encoder: Encoders) -> None:
    trained = encoder(model_type)
    twin = random_twin(trained, 3)
    assert type(twin.model) is type(trained.model)
    assert twin.tokenizer is trained.tokenizer
    assert (twin.info, twin.family, twin.device) == (trained.info, trained.family, trained.device)
    mine, theirs = (dict(e.model.named_parameters()) for e in (twin, trained))
    assert {k: v.shape for k, v in mine.items()} == {k: v.shape for k, v in theirs.items()}
    for name, weight in mine.items():
        assert weight.dtype == torch.float32
        assert not weight.requires_grad
        assert weight.isfinite().all(), name
        assert not torch.equal(weight, theirs[name]), name
    assert not twin.model.training
    attention = twin.model.config._attn_implementation
    assert attention == trained.model.config._attn_implementation
    before, after = outputs(trained), outputs(twin)
    assert [state.shape for state in after] == [state.shape for state in before]
    assert all(state.isfinite().all() for state in after)
    assert not any(equal(before, after))


@each_family
def test_weights_are_those_of_the_architectures_own_initialisation(
    model_type: str, encoder: Encoders
) -> None:
    """As a model made by hand under the same seed; not noise added to the trained ones."""
    trained = encoder(model_type)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        fresh = AutoModel.from_config(trained.model.config).state_dict()
    found = random_twin(trained, 5).model.state_dict()
    assert found.keys() == fresh.keys()
    assert all(torch.equal(found[name], fresh[name]) for name in found)


@each_family
def test_a_seed_gives_the_same_weights_and_another_gives_others(
    model_type: str, encoder: Encoders
) -> None:
    trained = encoder(model_type)
    torch.rand(7)  # wherever the process's own random numbers are
    first = outputs(random_twin(trained, 0))
    assert all(equal(first, outputs(random_twin(trained, 0))))
    assert not any(equal(first, outputs(random_twin(trained, 1))))
    twin = random_twin(trained, 0)
    assert all(equal(outputs(twin), outputs(twin))), "dropout is on"


@each_family
def test_a_pooler_where_the_encoder_has_one(model_type: str, encoder: Encoders) -> None:
    twin = random_twin(encoder(model_type), 0)
    states = twin.forward(twin.tokenize(TEXTS))
    first = states.layers[-1][:, -1 if model_type == "xlnet" else 0]
    if model_type not in WITH_POOLER:
        assert states.pooler_output is None
        with pytest.raises(EncoderError, match="has no pooler"):
            twin.pool(first)
        return
    assert states.pooler_output is not None
    torch.testing.assert_close(twin.pool(first), states.pooler_output)


@pytest.mark.parametrize("model_type", ["roberta", "esm"])
def test_no_pooler_is_made_up(model_type: str, encoder: Encoders) -> None:
    """transformers makes one; the checkpoint had none."""
    twin = random_twin(encoder(model_type, head="SequenceClassification"), 0)
    assert twin.model.pooler is not None
    assert twin.forward(twin.tokenize(TEXTS)).pooler_output is None
    with pytest.raises(EncoderError, match="has no pooler"):
        twin.pool(torch.zeros(1, 16))


@pytest.mark.parametrize("model_type", FAMILIES)
def test_random_states_are_left_as_they_were(model_type: str, encoder: Encoders) -> None:
    trained = encoder(model_type)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    random_twin(trained, 0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert random.getstate() == before[2]


def test_the_encoder_stays_as_it_is_and_need_not_stay(checkpoint: Checkpoints) -> None:
    trained = load_encoder(checkpoint("bert"))
    before, config = outputs(trained), trained.model.config.to_dict()
    twin = random_twin(trained, 0)
    assert all(equal(before, outputs(trained)))
    assert trained.model.config.to_dict() == config
    storages = {weight.untyped_storage().data_ptr() for weight in trained.model.parameters()}
    assert not storages & {
        weight.untyped_storage().data_ptr() for weight in twin.model.parameters()
    }
    assert twin.model.config is not trained.model.config
    model = weakref.ref(trained.model)
    del trained
    gc.collect()
    assert model() is None, "the twin keeps the encoder's weights in memory"
    assert len(outputs(twin)) == 4


def test_the_config_decides_neither_code_nor_precision(
    encoder: Encoders, checkpoint: Checkpoints
) -> None:
    """As on loading: transformers' own code, float32."""
    trained = load_encoder(checkpoint("bert"))
    trained.model.config.auto_map = {"AutoModel": "theirs--model.Theirs"}
    trained.model.config.dtype = torch.float16
    twin = random_twin(trained, 0)
    assert {weight.dtype for weight in twin.model.parameters()} == {torch.float32}
    assert all(equal(outputs(twin), outputs(random_twin(encoder("bert"), 0))))


def test_the_bundled_encoders_twin_is_initialised_as_bert_is(bundled: Encoder) -> None:
    """BERT's initialisation: normal with standard deviation 0.02, biases 0, norms 1."""
    twin = random_twin(bundled, 0)
    weights = dict(twin.model.named_parameters())
    dense = weights["encoder.layer.3.attention.self.query.weight"]
    assert dense.std() == pytest.approx(0.02, rel=0.02)
    assert weights["embeddings.word_embeddings.weight"].std() == pytest.approx(0.02, rel=0.02)
    assert not weights["encoder.layer.3.output.dense.bias"].any()
    assert (weights["encoder.layer.5.output.LayerNorm.weight"] == 1).all()
    assert bundled.model.embeddings.word_embeddings.weight.std() > 0.03
    got = extract(TEXTS, twin, ("cls", "mean"))
    assert relative_variance(got.cell(0, "cls")) < 1e-9
    assert relative_variance(got.cell(6, "cls")) > 1e-6
    assert relative_variance(got.cell(0, "mean")) > 0.01
