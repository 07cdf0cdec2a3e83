"""One sentence, read by fixed probes: against shorter texts, finite differences, the plain mean."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from probing.encoders import Encoder
from probing.encoders.tokens import tokens_of
from probing.errors import EncoderError
from probing.extraction import extract
from probing.mechanism import occlusion
from probing.mechanism.readers import Reader, Readers
from probing.mechanism.saliency import gradient_times_input
from probing.mechanism.sentence import averages, readings, tokens_of_sentence
from probing.mechanism.tokens import group_of
from probing.mechanism.values import Average, Missing, Reading
from probing.representations import POOLINGS
from tests.tiny import BERT

Encoders = Callable[..., Encoder]

FAMILIES = (
    "bert", "roberta", "distilbert", "albert", "electra", "mpnet", "deberta-v2", "modernbert",
    "longformer", "xlnet", "fnet",
)  # fmt: skip
WORDS = ["the", "film", "was", "unbelievable", "and", "we", "never", "saw", "the", "house"]
TEXT = " ".join(WORDS)
EMBEDDING_OUTPUT = {
    "albert": "encoder.embedding_hidden_mapping_in",
    "electra": "embeddings_project",
    "xlnet": "word_embedding",
}
"""The module that gives layer 0, where it is not named embeddings."""
each_family = pytest.mark.parametrize("model_type", FAMILIES)


@cache
def made_up(encoder: Encoder, classes: int = 3) -> Readers:
    """A random probe for each cell but CLS at layer 0, which is constant."""
    rng = np.random.default_rng(0)
    columns = 1 if classes == 2 else classes
    found = []
    for pooling in POOLINGS:
        if pooling == "pooled" and not encoder.info.pooler.present:
            continue
        for layer in range(pooling in ("cls", "pooled"), encoder.info.layers + 1):
            weights = rng.normal(size=(encoder.info.hidden, columns)) / 4
            found.append(Reader(layer, pooling, weights, rng.normal(size=columns) / 4))
    return Readers(tuple("abcdefgh"[:classes]), tuple(found))


def read(text: str, encoder: Encoder, classes: int = 3) -> tuple[Reading, ...]:
    found = readings(text, encoder, made_up(encoder, classes))
    assert not isinstance(found, Missing)
    return found


def split(text: str, encoder: Encoder, classes: int = 3) -> tuple[Average, ...]:
    found = averages(text, encoder, made_up(encoder, classes))
    assert not isinstance(found, Missing)
    return found


# ---- tokens


@pytest.mark.parametrize(
    ("text", "special", "first", "group"),
    [
        ("[CLS]", True, True, "self"),
        ("the", False, True, "self"),
        ("[SEP]", True, False, "separator"),
        (",", False, False, "punctuation"),
        ("##'", False, False, "punctuation"),
        ("Ġ—", False, False, "punctuation"),
        ("▁...", False, False, "punctuation"),
        ("!</w>", False, False, "punctuation"),
        ("。", False, False, "punctuation"),
        ("$", False, False, "punctuation"),
        ("#", False, False, "punctuation"),
        ("▁", False, False, "word"),
        ("##ing", False, False, "word"),
        ("film</w>", False, False, "word"),
        ("3.5", False, False, "word"),
        ("[UNK]", False, False, "word"),
        ("🙂", False, False, "word"),
    ],
)
def test_groups_of_tokens(text: str, special: bool, first: bool, group: str) -> None:
    assert group_of(text, special, first) == group


@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlnet"])
def test_tokens_are_those_that_the_encoder_reads(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    tokens, cut = tokens_of_sentence("The film, unseen!", loaded)
    batch = loaded.tokenize(["The film, unseen!"])
    assert [token.id for token in tokens] == batch["input_ids"][0].tolist()
    texts = [token.text for token in tokens]
    assert texts == loaded.tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist())
    assert texts.count("##n") == 2
    assert [token.special for token in tokens] == batch["special_tokens_mask"][0].bool().tolist()
    groups = [token.group for token in tokens]
    assert groups.count("self") == groups.count("separator") == 1
    assert groups.index("self") == (len(tokens) - 1 if model_type == "xlnet" else 0)
    assert [t.text for t in tokens if t.group == "punctuation"] == [",", "!"]
    assert cut == 0


def test_a_long_sentence_is_cut(encoder: Encoders) -> None:
    tokens, cut = tokens_of_sentence("good " * 100, encoder())
    assert len(tokens) == 64
    assert cut == 100 + 2 - 64
    assert tokens[-1].group == "separator"


def test_tokens_of_bytes_are_shown_in_letters(encoder: Encoders) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(BERT.tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(["the café — the café —"] * 9, trainer)
    backend.post_processor = processors.TemplateProcessing(
        single=BERT.template, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=64,
        **{f"{name}_token": token for name, token in BERT.names.items()},
    )
    loaded = replace(encoder(), tokenizer=tokenizer)
    tokens, _ = tokens_of_sentence("the café — 好", loaded)
    assert [token.text for token in tokens][:4] == ["[CLS]", "the", "Ġcafé", "Ġ—"]
    assert tokens[3].group == "punctuation"
    assert len({token.text for token in tokens[4:-1]}) > 2, "the bytes of a letter stay apart"


# ---- what the average is made of


@each_family
@pytest.mark.parametrize("classes", [2, 3])
def test_parts_add_up_to_the_logits_of_the_mean(
    model_type: str, classes: int, encoder: Encoders
) -> None:
    loaded = encoder(model_type)
    means = extract([TEXT], loaded, ("mean",)).arrays["mean"]
    found = split(TEXT, loaded, classes)
    assert [average.layer for average in found] == list(range(loaded.info.layers + 1))
    for average in found:
        reader = made_up(loaded, classes).find(average.layer, "mean")
        assert reader is not None
        parts = np.array(average.contributions)
        assert parts.shape == (1 if classes == 2 else 3, len(tokens_of_sentence(TEXT, loaded)[0]))
        logits = reader.logits(means[average.layer])[0, -len(parts) :]
        size = np.abs(parts).sum(axis=1).max()
        np.testing.assert_allclose(
            parts.sum(axis=1) + np.array(average.intercepts), logits, atol=1e-6 * size, rtol=0
        )


@each_family
def test_the_part_of_a_token_is_its_own(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    states = loaded.forward(loaded.tokenize([TEXT])).layers
    for average in split(TEXT, loaded):
        reader = made_up(loaded).find(average.layer, "mean")
        assert reader is not None
        tokens = states[average.layer][0].numpy()
        expected = [reader.logits(t[None])[0] - reader.intercepts for t in tokens]
        np.testing.assert_allclose(
            np.array(average.contributions).T, np.array(expected) / len(tokens), atol=1e-5
        )


def test_parts_of_layers_without_a_probe_and_no_parts_without_one(encoder: Encoders) -> None:
    readers = made_up(encoder())
    part = Readers(
        readers.classes, tuple(r for r in readers.all if (r.layer, r.pooling) != (1, "mean"))
    )
    found = averages(TEXT, encoder(), part)
    assert not isinstance(found, Missing)
    assert [average.layer for average in found] == [0, 2]
    none = Readers(readers.classes, tuple(r for r in readers.all if r.pooling != "mean"))
    missing = averages(TEXT, encoder(), none)
    assert isinstance(missing, Missing)
    assert "no probe that reads the mean" in missing.reason


# ---- readings


@each_family
def test_probabilities_and_what_is_lost_without_each_word(
    model_type: str, encoder: Encoders
) -> None:
    """A sentence without a word is the text without it: encoded as any text, in padded batches."""
    loaded = encoder(model_type)
    shorter = [" ".join(WORDS[:i] + WORDS[i + 1 :]) for i in range(len(WORDS))]
    vectors = extract([TEXT, *shorter, "good"], loaded).arrays
    pieces = loaded.tokenizer(TEXT).word_ids()
    found = read(TEXT, loaded)
    readers = made_up(loaded)
    assert [(r.layer, r.pooling) for r in found] == [(r.layer, r.pooling) for r in readers.all]
    assert pieces.count(3) > 1, "a word of several pieces"
    largest = 0.0
    for reading, reader in zip(found, readers.all, strict=True):
        expected = reader.probabilities(vectors[reader.pooling][reader.layer])
        np.testing.assert_allclose(reading.probabilities, expected[0], atol=1e-5)
        given = expected[0].argmax()
        for piece, change in zip(pieces, reading.occlusion, strict=True):
            if piece is None:
                assert change is None
            else:
                lost = expected[0, given] - expected[1 + piece, given]
                assert change == pytest.approx(lost, abs=1e-5)
                largest = max(largest, abs(lost))
    assert largest > 0.01, "changes that are nothing would prove nothing"


def scaled_logits(loaded: Encoder, place: int, factor: float) -> dict[tuple[int, str], np.ndarray]:
    """Each cell's logits with the layer-0 state of the token at ``place`` times ``factor``."""

    def scale(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        scaled = output.clone()
        scaled[(slice(None), place) if len(output) == 1 else place] *= factor
        return scaled

    batch = loaded.tokenize([TEXT])
    name = EMBEDDING_OUTPUT.get(loaded.family.model_type, "embeddings")
    hook = loaded.model.get_submodule(name).register_forward_hook(scale)
    try:
        states = [layer[0] for layer in loaded.forward(batch).layers]
    finally:
        hook.remove()
    words = ~batch["special_tokens_mask"][0].bool()
    first = int(loaded.cls_positions(batch)[0])
    found = {}
    for reader in made_up(loaded).all:
        h = states[reader.layer]
        vector = {"cls": h[first], "mean": h.mean(0), "mean_words": h[words].mean(0)}
        vector["pooled"] = loaded.pool(h[[first]])[0] if loaded.info.pooler.present else h[first]
        x = vector[reader.pooling].numpy()[None]
        found[reader.layer, reader.pooling] = reader.logits(x)[0]
    return found


@each_family
def test_gradient_times_input_is_what_scaling_a_token_does(
    model_type: str, encoder: Encoders
) -> None:
    """By central differences, in float64: d logit / d s at h_t · (1 + s), s = 0."""
    loaded = replace(encoder(model_type), model=deepcopy(encoder(model_type).model).double())
    readers = made_up(loaded)
    classes = [i % 3 for i in range(len(readers.all))]
    found = gradient_times_input(tokens_of([TEXT], loaded), loaded, readers.all, classes)
    rough = model_type in ("longformer", "modernbert")  # float32 within
    small, error = (1e-2, 2e-3) if rough else (1e-5, 1e-7)
    for place in (0, 2, 6, len(tokens_of_sentence(TEXT, loaded)[0]) - 1):
        up, down = (scaled_logits(loaded, place, 1 + s) for s in (small, -small))
        for reader, number, products in zip(readers.all, classes, found, strict=True):
            cell = reader.layer, reader.pooling
            slope = (up[cell][number] - down[cell][number]) / (2 * small)
            assert products is not None
            assert products[place] == pytest.approx(slope, abs=error), (cell, place)
    assert max(abs(g) for products in found if products for g in products) > 0.1


@each_family
def test_at_layer_0_the_gradient_of_the_mean_is_what_the_average_is_made_of(
    model_type: str, encoder: Encoders
) -> None:
    loaded = encoder(model_type)
    mean = next(r for r in read(TEXT, loaded) if (r.layer, r.pooling) == (0, "mean"))
    parts = split(TEXT, loaded)[0].contributions[int(np.argmax(mean.probabilities))]
    np.testing.assert_allclose(mean.gradient, parts, atol=1e-6)


@pytest.mark.parametrize("model_type", ["bert", "modernbert"])
def test_of_two_classes_the_gradient_is_towards_the_given_one(
    model_type: str, encoder: Encoders
) -> None:
    loaded = encoder(model_type)
    readers, tokens = made_up(loaded, 2), tokens_of([TEXT], loaded)
    first = gradient_times_input(tokens, loaded, readers.all, [0] * len(readers.all))
    second = gradient_times_input(tokens, loaded, readers.all, [1] * len(readers.all))
    for reader, one, other, reading in zip(
        readers.all, first, second, read(TEXT, loaded, 2), strict=True
    ):
        assert one is not None and other is not None  # noqa: PT018
        np.testing.assert_allclose(one, -np.array(other), atol=1e-6)
        assert np.abs(one).max() > 0.01, (reader.layer, reader.pooling)
        given = (one, other)[int(np.argmax(reading.probabilities))]
        np.testing.assert_allclose(given, reading.gradient, atol=1e-6)
    assert {int(np.argmax(r.probabilities)) for r in read(TEXT, loaded, 2)} == {0, 1}


def test_cls_at_layer_0_has_its_gradient_at_cls_alone(encoder: Encoders) -> None:
    loaded = encoder()
    reader = Reader(0, "cls", np.eye(16)[:, :3], np.zeros(3))
    (products,) = gradient_times_input(tokens_of([TEXT], loaded), loaded, [reader], [1])
    assert products is not None
    assert products[0] != 0
    assert set(products[1:]) == {0.0}


def test_no_float64_is_made_on_the_encoders_device(
    encoder: Encoders, without_float64: Callable[[], None]
) -> None:
    expected = [reading.gradient for reading in read(TEXT, encoder())]
    without_float64()
    found = [reading.gradient for reading in read(TEXT, encoder())]
    for mine, other in zip(found, expected, strict=True):
        assert mine == pytest.approx(other, rel=1e-5, abs=1e-9)


def test_where_there_is_no_gradient_there_is_none(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = replace(encoder(), model=deepcopy(encoder().model))
    first = loaded.model.encoder.layer[0]  # nothing flows back through it
    first.register_forward_pre_hook(lambda _m, given: (given[0].detach(), *given[1:]))
    for reading in read(TEXT, loaded):
        assert (reading.gradient is None) == (reading.layer > 0)
        assert reading.occlusion[1] is not None

    def refuse(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("one of the variables has been modified by an inplace operation")

    for broken in (refuse, lambda *_args, **_options: (None,)):
        monkeypatch.setattr(torch.autograd, "grad", broken)
        assert {reading.gradient for reading in read(TEXT, encoder())} == {None}
    monkeypatch.undo()
    monkeypatch.setattr("probing.mechanism.saliency._source", lambda _outputs, _first: None)
    assert {reading.gradient for reading in read(TEXT, encoder())} == {None}


# ---- what is left, what is long, what is short


@each_family
def test_no_state_is_left_in_the_encoder(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    batch = loaded.tokenize([TEXT, "good"])
    before = [state.clone() for state in loaded.forward(batch).layers]
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in loaded.model.modules()]
    with torch.inference_mode():  # as a caller may be in
        within = read(TEXT, loaded)
    assert within == read(TEXT, loaded)
    assert all(reading.gradient is not None for reading in within)
    for one, other in zip(before, loaded.forward(batch).layers, strict=True):
        assert torch.equal(one, other)
    weights = list(loaded.model.parameters())
    assert not any(weight.requires_grad or weight.grad is not None for weight in weights)
    assert hooks == [
        (len(m._forward_hooks), len(m._forward_pre_hooks)) for m in loaded.model.modules()
    ]
    assert not loaded.model.training


def test_long_sentences_lose_neighbouring_words_together(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = encoder()
    text = " ".join(["good film unbelievable"] * 20)
    tokens = tokens_of([text], loaded)
    assert tokens.lengths[0] == 64
    words = occlusion.spans(text, tokens, loaded)
    monkeypatch.setattr(occlusion, "READ", 64 * 3)
    monkeypatch.setattr(occlusion, "FEWEST_SPANS", 2)
    few = occlusion.spans(text, tokens, loaded)
    assert len(few) == 3 < len(words)
    for spans in (words, few):
        assert np.concatenate(spans).tolist() == list(range(1, 63)), "each token in one span"
    starts = {span[0] for span in words}
    assert {span[0] for span in few} <= starts, "no word is cut"
    monkeypatch.setattr(occlusion, "READ", 0)
    assert len(occlusion.spans(text, tokens, loaded)) == 2
    assert len(set(read(text, loaded)[0].occlusion)) == 3


@pytest.mark.parametrize("text", ["good", "unbelievable", ""])
def test_nothing_is_left_out_where_nothing_would_be_left(text: str, encoder: Encoders) -> None:
    for reading in read(text, encoder()):
        assert set(reading.occlusion) == {None}
        assert sum(reading.probabilities) == pytest.approx(1)
        assert reading.gradient is not None
        assert len(reading.gradient) == len(reading.occlusion)
    assert len(split(text, encoder())) == 3


def test_a_sentence_without_any_token_is_refused(encoder: Encoders) -> None:
    names = {name: token for name, token in BERT.names.items() if name != "cls"}
    bare = encoder(specials=replace(BERT, template="", names=names))
    for call in (
        lambda: tokens_of_sentence("", bare),
        lambda: averages("", bare, made_up(bare)),
        lambda: readings("", bare, made_up(bare)),
    ):
        with pytest.raises(EncoderError, match="no tokens at all"):
            call()
    words = read("good film", bare)[0].occlusion
    assert None not in words, "no special tokens, so every word can be left out"


def test_a_tokenizer_that_knows_no_words_loses_token_by_token(encoder: Encoders) -> None:
    class Slow:
        is_fast = False

    loaded = encoder()
    tokens = tokens_of([TEXT], loaded)
    apart = occlusion.spans(TEXT, tokens, replace(loaded, tokenizer=Slow()))
    assert [span.tolist() for span in apart] == [[i] for i in range(1, tokens.lengths[0] - 1)]


def test_without_probes_there_are_no_readings(encoder: Encoders) -> None:
    missing = readings(TEXT, encoder(), Readers(("a", "b"), ()))
    assert isinstance(missing, Missing)
    assert "no probe" in missing.reason


# ---- the bundled encoder


def test_the_bundled_encoder_alone_as_in_a_batch(bundled: Encoder) -> None:
    text = "Why was the unbelievably slow card payment declined?"
    others = ["Hello there.", text, "A much longer sentence than the one before, to be padded to."]
    batch = extract(others, bundled)
    readers, found = made_up(bundled), read(text, bundled)
    assert len(found) == 3 * 7 + 7 - 2
    for reading, reader in zip(found, readers.all, strict=True):
        vectors = batch.arrays[reader.pooling][reader.layer][1:2]
        np.testing.assert_allclose(
            reading.probabilities, reader.probabilities(vectors)[0], atol=1e-5
        )
    for average in split(text, bundled):
        reader = readers.find(average.layer, "mean")
        assert reader is not None
        parts = np.array(average.contributions)
        logits = reader.logits(batch.arrays["mean"][average.layer][1:2])[0]
        np.testing.assert_allclose(
            parts.sum(axis=1) + np.array(average.intercepts),
            logits,
            atol=1e-6 * np.abs(parts).sum(axis=1).max(),
        )


def test_the_bundled_encoder_without_a_word_of_pieces(bundled: Encoder) -> None:
    text, without = (
        "Why was the unbelievably slow card declined?",
        "Why was the slow card declined?",
    )
    places = [i for i, w in enumerate(bundled.tokenizer(text).word_ids()) if w == 3]
    assert len(places) == 5
    vectors = extract([text, without], bundled).arrays
    for reading, reader in zip(read(text, bundled), made_up(bundled).all, strict=True):
        whole, less = reader.probabilities(vectors[reader.pooling][reader.layer])
        lost = whole[whole.argmax()] - less[whole.argmax()]
        assert [reading.occlusion[i] for i in places] == pytest.approx([lost] * 5, abs=1e-5)
