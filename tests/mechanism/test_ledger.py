"""The ledger against transformers' attentions and sums written out token by token."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from probing.encoders import Encoder
from probing.mechanism import anatomy
from probing.mechanism.anatomy import ANATOMY
from probing.mechanism.ledger import ledger, sentence_ledger
from probing.mechanism.tokens import PADDING, group_numbers, group_of
from probing.mechanism.values import GROUPS, Ledger, LedgerLayer, Missing, SentenceLayer

from .conftest import TEXTS, Eager, Encoders, fingerprint, plain

each_family = pytest.mark.parametrize("family", ANATOMY)
SELF, SEPARATOR, PUNCTUATION, WORD = range(4)


def measured(encoder: Encoder, texts: Any = TEXTS) -> Ledger:
    found = ledger(texts, encoder)
    assert isinstance(found, Ledger)
    return found


def of_sentence(encoder: Encoder, text: str) -> tuple[SentenceLayer, ...]:
    found = sentence_ledger(text, encoder)
    assert isinstance(found, tuple)
    return found


def close(a: Any, b: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(np.array(a, float), np.array(b, float), atol=tolerance, rtol=0)


# ---- groups


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("film", "word"), ("##ing", "word"), ("Ġgood", "word"), ("▁good", "word"),
        ("good</w>", "word"), ("7", "word"), ("[UNK]", "word"), ("a.", "word"), ("😀", "word"),
        (".", "punctuation"), ("##!", "punctuation"), ("Ġ?", "punctuation"), ("▁(", "punctuation"),
        (".</w>", "punctuation"), ("...", "punctuation"), ("$", "punctuation"),
        ("’", "punctuation"),
        ("。", "punctuation"), ("##", "word"), ("▁", "word"), ("", "word"),
    ],
)  # fmt: skip
def test_groups_of_tokens(text: str, group: str) -> None:
    assert group_of(text, special=False, is_cls=False) == group
    assert group_of(text, special=True, is_cls=False) == "separator"
    assert group_of(text, special=True, is_cls=True) == "self"


def test_groups_of_a_batch(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("roberta")
    batch = encoder.tokenize(["bad!", "the film, never"])
    assert group_numbers(batch, encoder).tolist() == [
        [SELF, WORD, PUNCTUATION, SEPARATOR, PADDING, PADDING],
        [SELF, WORD, WORD, PUNCTUATION, WORD, SEPARATOR],
    ]


# ---- it adds up


@each_family
def test_the_parts_are_what_the_model_adds_up(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    found = measured(encoder)
    assert found.error < 1e-4
    assert found.sentences == 3
    assert [layer.layer for layer in found.layers] == [1, 2, 3]
    for layer in found.layers:
        assert layer.residual + layer.bias + sum(layer.parts) == pytest.approx(1)
        assert sum(layer.attention) == pytest.approx(1, abs=1e-5)
        assert sum(layer.rollout) == pytest.approx(1, abs=1e-5)
        assert min(layer.parts) > 0
        assert layer.entropy is not None
        assert 0 < layer.entropy <= 1
        assert 0 < layer.mixing < 1
        assert (layer.bias > 0) == (family not in ("modernbert", "eurobert"))


@each_family
def test_a_sentence_alone_is_the_sentence_in_a_batch(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    together, alone = measured(encoder), [measured(encoder, [text]) for text in TEXTS]
    for number, layer in enumerate(together.layers):
        each = [one.layers[number] for one in alone]
        for name in ("residual", "bias", "parts", "attention", "entropy", "mixing", "rollout"):
            close(getattr(layer, name), np.mean([getattr(one, name) for one in each], axis=0))
        close(layer.attention_received, np.mean([one.attention_received for one in each], axis=0))


@each_family
def test_a_sentence_is_told_token_by_token(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    text = TEXTS[2]
    groups = group_numbers(encoder.tokenize([text]), encoder)[0].numpy()
    whole = measured(encoder, [text])
    for layer, one in zip(of_sentence(encoder, text), whole.layers, strict=True):
        assert layer.layer == one.layer
        assert layer.residual + layer.bias + sum(layer.parts) == pytest.approx(1)
        assert len(layer.parts) == len(layer.attention) == len(layer.received) == len(groups)
        heads = np.array(layer.heads)
        assert heads.shape == (2, len(groups))
        close(heads.sum(axis=1), 1)
        close(heads.mean(axis=0), layer.attention)
        for number in range(4):
            close(np.array(layer.attention)[groups == number].sum(), one.attention[number])
            received = np.array(layer.received)[groups == number].mean()
            close(received, one.attention_received[number])
        scale = one.residual / layer.residual  # the same vectors over another sum of norms
        close(np.array(layer.parts)[groups == SELF].sum() * scale, one.parts[SELF])
        assert np.array(layer.parts)[groups == WORD].sum() * scale > one.parts[WORD]


def test_alike_in_a_sentence_of_one_token_and_without_punctuation(tiny_encoder: Encoders) -> None:
    layer = measured(tiny_encoder("bert"), ["good", "the bad film"]).layers[0]
    assert layer.attention_received[PUNCTUATION] is None
    assert layer.parts[PUNCTUATION] == layer.attention[PUNCTUATION] == 0
    punctuated = measured(tiny_encoder("bert"), ["good", "the bad film", "bad!"]).layers[0]
    only = measured(tiny_encoder("bert"), ["bad!"]).layers[0]
    close(punctuated.attention_received[PUNCTUATION], only.attention_received[PUNCTUATION])


# ---- every figure by hand, on BERT


@pytest.fixture(scope="module")
def by_hand(tiny_encoder: Encoders, eager_model: Eager) -> list[dict[str, Any]]:
    """Each layer of one sentence with loops over tokens and heads, in float64."""
    encoder, model = tiny_encoder("bert"), eager_model("bert")
    batch = encoder.tokenize([TEXTS[2]])
    with torch.no_grad():
        output = model(**plain(encoder, batch), output_attentions=True, output_hidden_states=True)
    found, rolled = [], np.eye(batch["input_ids"].shape[1])
    for number, module in enumerate(model.encoder.layer):
        a = output.attentions[number][0].double().numpy()  # (heads, T, T)
        h = output.hidden_states[number][0].double().numpy()
        w = {k: v.double().numpy() for k, v in module.attention.state_dict().items()}
        value = h @ w["self.value.weight"].T + w["self.value.bias"]
        brought = np.zeros_like(h)
        for t in range(len(h)):
            for head in range(2):
                part = slice(8 * head, 8 * head + 8)
                out = w["output.dense.weight"][:, part]
                brought[t] += a[head, 0, t] * (out @ value[t, part])
        rolled = (a.mean(axis=0) / 2 + np.eye(len(h)) / 2) @ rolled
        found.append(
            {
                "a": a,
                "h": h[0],
                "brought": brought,
                "bias": w["output.dense.bias"],
                "norm": module.attention.output.LayerNorm,
                "after": w["output.LayerNorm.bias"],
                "rolled": rolled[0],
            }
        )
    return found


def test_shares_by_hand(by_hand: list[dict[str, Any]], tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("bert")
    groups = group_numbers(encoder.tokenize([TEXTS[2]]), encoder)[0].numpy()
    layers = measured(encoder, [TEXTS[2]]).layers
    sentence = of_sentence(encoder, TEXTS[2])
    for hand, layer, tokens in zip(by_hand, layers, sentence, strict=True):
        fixed = [np.linalg.norm(hand["h"]), np.linalg.norm(hand["bias"])]
        norms = [
            np.linalg.norm(hand["brought"][groups == number].sum(axis=0)) for number in range(4)
        ]
        shares = np.array(fixed + norms) / sum(fixed + norms)
        close((layer.residual, layer.bias, *layer.parts), shares)
        norms = np.linalg.norm(hand["brought"], axis=1).tolist()
        shares = np.array(fixed + norms) / sum(fixed + norms)
        close((tokens.residual, tokens.bias, *tokens.parts), shares)


def test_rows_and_columns_of_attention_by_hand(
    by_hand: list[dict[str, Any]], tiny_encoder: Encoders
) -> None:
    for hand, layer in zip(by_hand, of_sentence(tiny_encoder("bert"), TEXTS[2]), strict=True):
        close(layer.attention, hand["a"][:, 0, :].mean(axis=0))
        close(layer.received, hand["a"][:, :, 0].mean(axis=0))
        close(layer.heads, hand["a"][:, 0, :])
        assert np.abs(np.array(layer.attention) - layer.received).max() > 0.01


def test_entropy_and_rollout_by_hand(by_hand: list[dict[str, Any]], tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("bert")
    groups = group_numbers(encoder.tokenize([TEXTS[2]]), encoder)[0].numpy()
    for hand, layer in zip(by_hand, measured(encoder, [TEXTS[2]]).layers, strict=True):
        entropies = [-sum(p * math.log(p) for p in row) for row in hand["a"][:, 0]]
        close(layer.entropy, np.mean(entropies) / math.log(len(groups)))
        close(layer.rollout, [hand["rolled"][groups == number].sum() for number in range(4)])


def test_mixing_by_hand(by_hand: list[dict[str, Any]], tiny_encoder: Encoders) -> None:
    """With LayerNorm as the model applies it: LN(whole) − LN(whole − part), at a fixed divisor."""
    for hand, layer in zip(by_hand, measured(tiny_encoder("bert"), [TEXTS[2]]).layers, strict=True):
        own = hand["h"] + hand["brought"][0]
        others = hand["brought"][1:].sum(axis=0)
        total = own + others + hand["bias"]
        scale = hand["norm"].weight.detach().double().numpy()

        def normed(x: np.ndarray, total: Any = total, scale: Any = scale) -> np.ndarray:
            return scale * (x - x.mean()) / np.sqrt(total.var() + 1e-12)

        with torch.no_grad():
            model_sum = hand["norm"](torch.tensor(total).float()).numpy()
        close(normed(own) + normed(others) + normed(hand["bias"]) + hand["after"], model_sum)
        mixed, kept = np.linalg.norm(normed(others)), np.linalg.norm(normed(own))
        close(layer.mixing, mixed / (mixed + kept))


# ---- what can't be had, progress, the bundled encoder


def test_parts_that_do_not_add_up_are_not_shown(
    tiny_encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    wrong = replace(ANATOMY["bert"], value="attention.self.key")
    monkeypatch.setattr(anatomy, "ANATOMY", {"bert": wrong})
    reason = "The parts of attention do not add up to what this BERT model computes."
    assert ledger(TEXTS, tiny_encoder("bert")) == Missing(reason)
    assert sentence_ledger(TEXTS[0], tiny_encoder("bert")) == Missing(reason)


def test_missing_without_attention_or_sentences(tiny_encoder: Encoders) -> None:
    for found in (ledger(TEXTS, tiny_encoder("fnet")), sentence_ledger("a", tiny_encoder("fnet"))):
        assert isinstance(found, Missing)
        assert "FNet has no attention" in found.reason
    assert ledger([], tiny_encoder("bert")) == Missing("There are no sentences.")


def test_a_convolution_between_layers_does_not_matter(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("deberta-v2", config={"conv_kernel_size": 3})
    assert measured(encoder).error < 1e-4


def test_queries_may_share_values(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("eurobert", config={"num_key_value_heads": 1})
    assert measured(encoder).error < 1e-4


def test_long_sentences_are_cut(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("bert")
    assert len(of_sentence(encoder, "good " * 200)[0].parts) == encoder.info.max_tokens


def test_progress_and_an_encoder_as_before(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("bert")
    before, heard = fingerprint(encoder), []
    ledger(TEXTS, encoder, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (3, 3)
    assert fingerprint(encoder) == before


def test_the_bundled_encoders_ledger_is_exact(bundled: Encoder) -> None:
    texts = ["What can I do if my card still hasn't arrived after 2 weeks?", "Why?", *TEXTS]
    found = measured(bundled, texts)
    assert found.error < 1e-4
    assert len(found.layers) == 6
    last: LedgerLayer = found.layers[-1]
    assert GROUPS[int(np.argmax(last.parts))] == "word"
