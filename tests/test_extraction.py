"""Extraction against a plain transformers loop that knows nothing of batches or poolings."""

import csv
import inspect
import shutil
import tracemalloc
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from probing import extraction
from probing.encoders import Encoder
from probing.encoders.bundled import bundled_folder
from probing.encoders.taps import find_taps
from probing.encoders.tokens import tokens_of
from probing.errors import Cancelled, EncoderError
from probing.extraction import extract
from probing.geometry import relative_variance
from probing.representations import POOLINGS, Representations
from probing.vector_cache import VectorCache
from tests.batches import counted_batches
from tests.tiny import WORDS

DATA = Path(__file__).resolve().parents[1] / "data"

TEXTS = [
    "the film was good",
    "bad",
    "we never saw the house by the bank but paid it and they always loved the two dogs",
    "Great food!",
    "the staff and the room",
    "zzz qq",
    "the film was good",
    "a",
    "my cat found one very good book in the city and you lost it",
]
FAMILIES = ("bert", "roberta", "albert", "mpnet", "distilbert", "electra", "deberta-v2",
            "modernbert", "xlnet", "fnet", "convbert")  # fmt: skip
WITH_POOLER = {"bert", "roberta", "albert", "mpnet", "fnet"}

Encoders = Callable[..., Encoder]
Checkpoints = Callable[..., Path]


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    """A dozen sentences of the bundled sample, spread over it, one of them long."""
    with (DATA / "reviews.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return [*texts[5::40][:11], " ".join(texts[:12])]


def plain_loop(folder: Path, texts: Sequence[str], last: bool = False) -> dict[str, np.ndarray]:
    """(layers, n, H) per pooling: a sentence at a time, no padding, nothing of this package."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    accepted = inspect.signature(model.forward).parameters
    found: dict[str, list[torch.Tensor]] = {"cls": [], "mean": [], "mean_words": []}
    for text in texts:
        given = {k: v for k, v in tokenizer(text, return_tensors="pt").items() if k in accepted}
        length = given["input_ids"].shape[1]
        content = len(tokenizer(text, add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            states = torch.stack(model(**given, output_hidden_states=True).hidden_states)
        states = states[:, 0, :length]
        start = 0 if last else 1
        found["cls"].append(states[:, -1 if last else 0])
        found["mean"].append(states.sum(dim=1) / length)
        found["mean_words"].append(states[:, start : start + content].sum(dim=1) / content)
    return {name: torch.stack(parts, dim=1).numpy() for name, parts in found.items()}


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_to_a_plain_loop(family: str, checkpoint: Checkpoints, encoder: Encoders) -> None:
    got = extract(TEXTS, encoder(family))
    wanted = plain_loop(checkpoint(family), TEXTS, last=family == "xlnet")
    for pooling, expected in wanted.items():
        np.testing.assert_allclose(got.arrays[pooling], expected, atol=1e-5, rtol=1e-5)
    assert got.arrays["cls"].shape == (3, len(TEXTS), 16)
    assert ("pooled" in got.arrays) == (family in WITH_POOLER)
    assert got.truncated == got.tokens_lost == 0


def test_equal_to_a_plain_loop_on_real_sentences(bundled: Encoder, reviews: list[str]) -> None:
    got = extract(reviews, bundled)
    for pooling, expected in plain_loop(bundled_folder(), reviews).items():
        assert np.abs(got.arrays[pooling] - expected).max() < 1e-5, pooling
    assert got.arrays["mean"].shape == (7, 12, 384)


def test_the_plain_loop_would_see_a_wrong_token(bundled: Encoder, reviews: list[str]) -> None:
    """The second token in [CLS]'s place, or special tokens in the mean of words, are far off."""
    got, wanted = extract(reviews, bundled), plain_loop(bundled_folder(), reviews)
    assert np.abs(got.arrays["mean_words"] - wanted["mean"]).max() > 0.01
    assert np.abs(got.arrays["cls"] - wanted["mean"]).max() > 0.1


def test_pooled_on_the_last_layer_is_pooler_output(bundled: Encoder, reviews: list[str]) -> None:
    model = AutoModel.from_pretrained(bundled_folder(), dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(bundled_folder())
    with torch.no_grad():
        expected = [model(**tokenizer(t, return_tensors="pt")).pooler_output[0] for t in reviews]
    got = extract(reviews, bundled, ("pooled",)).cell(6, "pooled")
    assert np.abs(got - torch.stack(expected).numpy()).max() < 1e-5


@pytest.mark.parametrize("family", sorted(WITH_POOLER))
def test_pooled_is_the_poolers_map_on_every_layer(
    family: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    """tanh(W h + b) with the weights of the file, and pooler_output at the last layer."""
    got = extract(TEXTS, encoder(family), ("cls", "pooled"))
    model = AutoModel.from_pretrained(checkpoint(family)).eval()
    dense = model.pooler if family == "albert" else model.pooler.dense
    with torch.no_grad():
        expected = torch.tanh(dense(torch.from_numpy(got.arrays["cls"].copy()))).numpy()
        ids = AutoTokenizer.from_pretrained(checkpoint(family))(TEXTS[2])["input_ids"]
        output = model(input_ids=torch.tensor([ids])).pooler_output[0].numpy()
    np.testing.assert_allclose(got.arrays["pooled"], expected, atol=1e-6)
    np.testing.assert_allclose(got.cell(2, "pooled")[2], output, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_sentence_alone_is_itself_in_any_batch(family: str, encoder: Encoders) -> None:
    together = extract(TEXTS, encoder(family))
    for i, text in enumerate(TEXTS):
        alone = extract([text], encoder(family))
        for pooling in together.poolings:
            np.testing.assert_allclose(
                together.arrays[pooling][:, i], alone.arrays[pooling][:, 0], atol=1e-5
            )


def test_alone_is_in_a_batch_for_the_bundled_encoder(bundled: Encoder, reviews: list[str]) -> None:
    together = extract(reviews, bundled)
    for i in (0, 5, 11):
        alone = extract([reviews[i]], bundled)
        for pooling in POOLINGS:
            gap = np.abs(together.arrays[pooling][:, i] - alone.arrays[pooling][:, 0]).max()
            assert gap < 1e-5, (i, pooling)


@pytest.mark.parametrize("family", ["bert", "xlnet", "fnet"])
@pytest.mark.parametrize("budget", [1, 25, 10_000])
def test_results_are_in_input_order_however_batches_fall(
    family: str, budget: int, encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = extract(TEXTS, encoder(family))
    sizes = counted_batches(monkeypatch)
    monkeypatch.setattr(extraction, "BATCH_TOKENS", budget)
    backwards = extract(TEXTS[::-1], encoder(family))
    for pooling in expected.poolings:
        np.testing.assert_allclose(
            backwards.arrays[pooling][:, ::-1], expected.arrays[pooling], atol=1e-5
        )
    assert sum(sizes) == len(set(TEXTS))
    assert max(sizes) == (1 if budget == 1 else max(sizes))
    if family == "fnet":  # padding would change the words: only sentences of one length share
        assert max(sizes) <= 2
    elif budget == 10_000:
        assert sizes == [len(set(TEXTS))]


def test_a_batch_stays_within_its_budget(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "BATCH_TOKENS", 40)
    bert = encoder()
    widths: list[tuple[int, ...]] = []
    encode = extraction.encode_batch

    def seen(batch: dict[str, torch.Tensor], *rest: Any) -> dict[str, np.ndarray]:
        widths.append(tuple(batch["input_ids"].shape))
        return encode(batch, *rest)

    monkeypatch.setattr(extraction, "encode_batch", seen)
    extract([f"{text} {more}" for text in TEXTS for more in ("", "one", "two", "of")], bert)
    assert all(rows * width <= 40 or rows == 1 for rows, width in widths)
    assert len(widths) > 3


def test_the_first_token_is_constant_before_the_first_layer(
    bundled: Encoder, reviews: list[str]
) -> None:
    got = extract(reviews, bundled)
    assert relative_variance(got.cell(0, "cls")) < 1e-9
    assert relative_variance(got.cell(0, "pooled")) < 1e-9
    assert relative_variance(got.cell(0, "mean")) > 0.01
    assert relative_variance(got.cell(6, "cls")) > 0.01


@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in ("fnet", "convbert")])
def test_layer_zero_is_constant_in_every_family(family: str, encoder: Encoders) -> None:
    got = extract(TEXTS, encoder(family), ("cls", "mean"))
    assert relative_variance(got.cell(0, "cls")) < 1e-9
    assert relative_variance(got.cell(2, "cls")) > 1e-6
    assert relative_variance(got.cell(0, "mean")) > 1e-3


def test_truncation_is_counted(encoder: Encoders) -> None:
    """12 positions: [CLS], 10 tokens, [SEP]. Sentences of 9, 10, 11 and 15 words."""
    texts = [" ".join(["film"] * words) for words in (9, 10, 11, 15)]
    got = extract(texts, encoder(positions=12))
    assert (got.truncated, got.tokens_lost) == (2, 1 + 5)
    assert got.token_counts is not None
    assert got.token_counts.tolist() == [11, 12, 12, 12]
    for pooling in got.poolings:  # what is left of the three longer ones is the same sentence
        np.testing.assert_allclose(got.arrays[pooling][:, 2], got.arrays[pooling][:, 1], atol=1e-6)
        np.testing.assert_allclose(got.arrays[pooling][:, 3], got.arrays[pooling][:, 1], atol=1e-6)


def test_nothing_is_truncated_where_all_fit(encoder: Encoders) -> None:
    got = extract([" ".join(["film"] * 10)] * 3, encoder(positions=12))
    assert (got.truncated, got.tokens_lost) == (0, 0)


def test_tokens_are_counted_as_the_tokenizer_does(bundled: Encoder, reviews: list[str]) -> None:
    """Although the bundled tokenizer's file asks for padding and a cut of its own."""
    plain = AutoTokenizer.from_pretrained(bundled_folder())
    one_by_one = [len(plain.tokenize(text)) + 2 for text in reviews]
    assert tokens_of(reviews, bundled).counts.tolist() == one_by_one
    assert len(set(one_by_one)) > 5
    long = " ".join(reviews * 8)
    assert tokens_of([long], bundled).counts[0] == len(plain.tokenize(long)) + 2 > 512


def test_progress_begins_at_nothing_and_reaches_the_total(encoder: Encoders) -> None:
    steps: list[tuple[int, int]] = []
    extract(TEXTS, encoder("fnet"), report=lambda done, total: steps.append((done, total)))
    assert steps[0] == (0, len(TEXTS))
    assert steps[-1] == (len(TEXTS), len(TEXTS))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert len(steps) > 3


def test_cancelled_by_raising(encoder: Encoders) -> None:
    def stop(done: int, total: int) -> None:
        if done > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        extract(TEXTS, encoder("fnet"), report=stop)


def test_on_disk_as_in_memory(encoder: Encoders, tmp_path: Path) -> None:
    in_memory = extract(TEXTS, encoder())
    on_disk = extract(TEXTS, encoder(), folder=tmp_path / "vectors")
    assert sorted(p.name for p in (tmp_path / "vectors").iterdir()) == sorted(
        f"{name}.npy" for name in POOLINGS
    )
    again = Representations.load(tmp_path / "vectors")
    assert again is not None
    for pooling in POOLINGS:
        assert isinstance(again.arrays[pooling], np.memmap)
        assert np.array_equal(on_disk.arrays[pooling], in_memory.arrays[pooling])
        assert np.array_equal(again.arrays[pooling], in_memory.arrays[pooling])


def test_saved_and_loaded(encoder: Encoders, tmp_path: Path) -> None:
    made = extract(TEXTS, encoder(), ("mean", "cls"))
    made.save(tmp_path)
    again = Representations.load(tmp_path)
    assert again is not None
    assert again.poolings == made.poolings == ("cls", "mean")
    assert np.array_equal(again.arrays["mean"], made.arrays["mean"])
    assert Representations.load(tmp_path / "nothing") is None


def test_values_are_read_only(encoder: Encoders) -> None:
    got = extract(TEXTS, encoder(), ("cls",))
    with pytest.raises(ValueError, match="read-only"):
        got.cell(1, "cls")[0, 0] = 1.0
    with pytest.raises(TypeError):
        got.arrays["cls"] = got.arrays["cls"]  # type: ignore[index]


def test_poolings_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        Representations({"cls": np.zeros((2, 3, 4)), "mean": np.zeros((2, 3, 5))})


def test_an_encoder_that_overflows_is_refused(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(batch: dict[str, torch.Tensor], *rest: Any) -> dict[str, np.ndarray]:
        broken = np.full((3, len(batch["input_ids"]), 16), np.inf, dtype=np.float32)
        return {"cls": broken, extraction.EMBEDDINGS: broken[:1]}

    monkeypatch.setattr(extraction, "encode_batch", overflow)
    with pytest.raises(EncoderError, match=r"not finite.*Choose another encoder"):
        extract(TEXTS, encoder(), ("cls",))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mean_of_layer_zero_comes_whatever_is_asked_for(
    family: str, checkpoint: Checkpoints, encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "BATCH_TOKENS", 30)
    expected = plain_loop(checkpoint(family), TEXTS, last=family == "xlnet")["mean"][0]
    without = extract(TEXTS, encoder(family), ("cls", "mean_words"))
    assert without.poolings == ("cls", "mean_words")
    with_mean = extract(TEXTS, encoder(family), ("mean",))
    for got in (without, with_mean):
        assert got.embedding_mean is not None
        assert got.embedding_mean.dtype == np.float32
        np.testing.assert_allclose(got.embedding_mean, expected, atol=1e-5, rtol=1e-5)
    assert np.array_equal(with_mean.embedding_mean, with_mean.cell(0, "mean"))
    assert np.array_equal(with_mean.embedding_mean, without.embedding_mean)


def test_no_mean_is_computed_twice(encoder: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    mean = extraction.pooling.mean
    monkeypatch.setattr(
        extraction.pooling, "mean", lambda *given: (calls.append(1), mean(*given))[1]
    )
    for poolings, expected in ((("mean",), 3), (("cls",), 1), (("mean", "mean_words"), 6)):
        calls.clear()
        extract(TEXTS, encoder(), poolings)
        assert len(calls) == expected


def test_the_mean_of_layer_zero_is_read_only_and_not_saved(
    encoder: Encoders, tmp_path: Path
) -> None:
    got = extract(TEXTS, encoder(), ("cls",), folder=tmp_path)
    assert got.embedding_mean is not None
    with pytest.raises(ValueError, match="read-only"):
        got.embedding_mean[0, 0] = 1.0
    got.save(tmp_path / "again")
    for folder in (tmp_path, tmp_path / "again"):
        assert [path.name for path in folder.glob("*.npy")] == ["cls.npy"]
        again = Representations.load(folder)
        assert again is not None
        assert again.embedding_mean is None


def test_a_mean_of_layer_zero_that_overflows_is_refused(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(batch: dict[str, torch.Tensor], *rest: Any) -> dict[str, np.ndarray]:
        fine = np.zeros((3, len(batch["input_ids"]), 16), dtype=np.float32)
        return {"cls": fine, extraction.EMBEDDINGS: np.full_like(fine[:1], np.nan)}

    monkeypatch.setattr(extraction, "encode_batch", overflow)
    with pytest.raises(EncoderError, match="not finite"):
        extract(TEXTS, encoder(), ("cls",))


def test_half_of_a_character_does_not_stop_it(encoder: Encoders) -> None:
    """A lone surrogate, as some JSON files hold, is read as an unknown character."""
    got = extract(["the film \ud800 was good", "bad"], encoder())
    assert np.isfinite(got.arrays["cls"]).all()


# ---- the encoder's work is done once


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_read_where_they_come_about(family: str, encoder: Encoders) -> None:
    """At most the embeddings, a layer's input and its output are there at once, but for XLNet,
    which turns its states round at the end, and DeBERTa, which collects them whether asked or not.
    """
    loaded = encoder(family, layers=4)
    batch = loaded.tokenize(TEXTS)
    expected = loaded.forward(batch).layers
    alive: list[int] = []
    held: list[weakref.ref[torch.Tensor]] = []
    found: dict[int, torch.Tensor] = {}

    def visit(layer: int, state: torch.Tensor) -> None:
        held.append(weakref.ref(state))
        alive.append(sum(ref() is not None for ref in held))
        found[layer] = state.clone()

    loaded.visit_layers(batch, visit)
    assert sorted(found) == list(range(5))
    for layer, state in enumerate(expected):
        assert torch.equal(found[layer], state)
    assert (loaded._taps is None) == (family == "xlnet")
    assert max(alive) == 5 if family in ("xlnet", "deberta-v2") else max(alive) <= 3


def test_states_changed_in_place_are_not_tapped() -> None:
    """A module's output that is changed afterwards is not the hidden state, though the same
    tensor."""

    class Model(torch.nn.Module):
        def __init__(self, change: bool) -> None:
            super().__init__()
            self.layer, self.change = torch.nn.Identity(), change

        def forward(self, x: torch.Tensor, **_: Any) -> Any:
            first = self.layer(x + 1)
            second = self.layer(first + 1)
            return SimpleNamespace(hidden_states=(first, second.add_(1) if self.change else second))

    inputs = {"x": torch.zeros(1, 2, 3)}
    plain = Model(False)
    assert find_taps(plain, inputs) == {plain.layer: {0: 0, 1: 1}}
    assert find_taps(Model(True), inputs) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_tokenizer(family: str, encoder: Encoders) -> None:
    """Any rows as one batch: what the tokenizer gives for them, padding and cut included."""
    loaded = encoder(family)
    texts = [*TEXTS, " ".join(["film"] * 100), "\ud800"]
    tokens = tokens_of(texts, loaded)
    for rows in ([1], [0, 4], [9, 2, 1], list(range(len(texts)))):
        expected = loaded.tokenize([texts[i] for i in rows])
        got = tokens.batch(np.array(rows), loaded)
        for name, tensor in expected.items():
            assert torch.equal(got[name], tensor), name
    assert tokens.counts[9] > loaded.info.max_tokens == tokens.lengths[9]


def test_a_text_is_encoded_once(encoder: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = counted_batches(monkeypatch)
    monkeypatch.setattr(extraction, "WINDOW", 7)  # copies within a window and across windows
    texts = ["bad", *TEXTS, "bad", "BAD", *TEXTS[::-1]]
    got = extract(texts, encoder())
    assert sum(encoded) == len(set(TEXTS))
    assert got.reused == len(texts) - len(set(TEXTS))
    expected = plain_loop_of(encoder(), texts)
    np.testing.assert_allclose(got.arrays["mean"], expected, atol=1e-5)
    assert got.token_counts is not None
    assert got.token_counts.tolist() == tokens_of(texts, encoder()).counts.tolist()


def test_windows_change_nothing(encoder: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = extract(TEXTS, encoder())
    steps: list[int] = []
    monkeypatch.setattr(extraction, "WINDOW", 2)
    parts = extract(TEXTS, encoder(), report=lambda done, total: steps.append(done))
    for pooling in POOLINGS:
        np.testing.assert_allclose(parts.arrays[pooling], whole.arrays[pooling], atol=1e-5)
    assert steps == sorted(set(steps))
    assert steps[-1] == len(TEXTS)


def test_on_disk_memory_hardly_grows_with_the_sentences(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """1,000 sentences more, of 7 kB of vectors each: in memory they are there, on disk not."""
    monkeypatch.setattr(extraction, "WINDOW", 100)
    loaded = encoder(layers=4, hidden=96, positions=64)

    def peak(count: int, name: str) -> int:
        texts = [f"the {WORDS[i % 60]} {WORDS[i // 60]} film" for i in range(count)]
        folder = tmp_path / name if name else None
        cache = VectorCache(tmp_path / f"{name}-cache", 10**9)
        tracemalloc.start()
        got = extract(texts, loaded, folder=folder, cache=cache)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert got.reused == 0
        shutil.rmtree(cache.folder)
        return most

    peak(50, "warm")
    assert peak(1_200, "large") - peak(200, "small") < 1_000_000
    assert peak(1_200, "") - peak(200, "") > 6_000_000


def plain_loop_of(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """(layers, n, H) means of all tokens, a text at a time."""
    states = [encoder.forward(encoder.tokenize([text])).layers for text in texts]
    return np.stack([[layer[0].mean(dim=0).numpy() for layer in layers] for layers in states], 1)
