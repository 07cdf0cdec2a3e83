"""Every row of the family table against transformers' own outputs, on tiny checkpoints."""

from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

from probing.encoders import FAMILIES, READS, Encoder, family_of, head_reads, load_encoder
from probing.encoders.heads import head_input, head_logits
from probing.errors import EncoderError

from .conftest import Checkpoints, Encoders

TEXTS = ["The film was good.", "Bad!", "We never saw the house by the bank, but paid it."]

# Written down here a second time, from transformers' source: the table has to agree.
WITH_POOLER = {
    "bert", "ernie", "rembert", "megatron-bert", "fnet", "mobilebert", "albert", "big_bird",
    "roberta", "xlm-roberta", "camembert", "data2vec-text", "mpnet", "esm", "longformer",
}  # fmt: skip
CLASSIFIES_ON_POOLER = {
    "bert", "ernie", "rembert", "megatron-bert", "fnet", "mobilebert", "albert",
}  # fmt: skip
CLS_TOKEN = {
    **dict.fromkeys(
        ("roberta", "xlm-roberta", "camembert", "data2vec-text", "mpnet", "longformer"), "<s>"
    ),
    "xlm": "<s>",
    "flaubert": "<s>",
    "esm": "<cls>",
    "xlnet": "<cls>",
    "eurobert": "<|begin_of_text|>",
}
ANY_LENGTH = {"deberta-v2", "xlnet", "modernbert", "eurobert", "esm", "roformer", "fnet"}

each_family = pytest.mark.parametrize("model_type", FAMILIES)


def plain(encoder: Encoder, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The batch as a user of transformers would pass it."""
    names = ["input_ids", "attention_mask"]
    if "token_type_ids" in batch and encoder.family.model_type != "distilbert":
        names.append("token_type_ids")
    return {name: batch[name] for name in names}


@pytest.mark.parametrize("row", FAMILIES.values(), ids=FAMILIES)
def test_rows_are_well_formed(row: Any) -> None:
    assert row.head_reads in READS[:-1]
    assert set(row.head_choices.values()) <= set(READS)
    assert bool(row.head_choices) == (row.head_option is not None)
    assert (row.pooler is not None) == (row.model_type in WITH_POOLER)
    assert not row.assumed
    assert head_reads(row, AutoConfig.for_model(row.model_type)) == row.head_reads


@each_family
def test_cls_is_where_the_table_says(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    batch = loaded.tokenize(TEXTS)
    last = model_type == "xlnet"
    assert loaded.info.cls_position == ("last" if last else "first")
    expected = batch["input_ids"].shape[1] - 1 if last else 0
    assert loaded.cls_positions(batch).tolist() == [expected] * 3
    tokens = loaded.tokenizer.convert_ids_to_tokens(batch["input_ids"][:, expected].tolist())
    assert tokens == [CLS_TOKEN.get(model_type, "[CLS]")] * 3
    assert loaded.info.cls_token == tokens[0]


@each_family
def test_hidden_states_are_those_of_transformers(
    model_type: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    loaded = encoder(model_type)
    batch = loaded.tokenize(TEXTS)
    model = AutoModel.from_pretrained(checkpoint(model_type)).eval()
    inputs = plain(loaded, batch)
    if model_type == "longformer":
        inputs["global_attention_mask"] = torch.eye(batch["input_ids"].shape[1])[:1].expand(3, -1)
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True)
    states = loaded.forward(batch)
    assert len(states.layers) == loaded.info.layers + 1 == 3
    for ours, theirs in zip(states.layers, output.hidden_states, strict=True):
        assert ours.shape == (3, batch["input_ids"].shape[1], 16)
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    torch.testing.assert_close(states.layers[-1], output.last_hidden_state, atol=1e-5, rtol=0)
    if model_type in WITH_POOLER:
        torch.testing.assert_close(states.pooler_output, output.pooler_output, atol=1e-5, rtol=0)
    else:
        assert states.pooler_output is None
        assert getattr(output, "pooler_output", None) is None


@each_family
def test_pool_is_the_familys_own_pooler_on_any_layer(
    model_type: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    loaded = encoder(model_type)
    states = loaded.forward(loaded.tokenize(TEXTS))
    if model_type not in WITH_POOLER:
        assert not loaded.info.pooler.present
        with pytest.raises(EncoderError, match=r"has no pooler that can be used.*leave out"):
            loaded.pool(states.layers[-1][:, 0])
        return
    assert states.pooler_output is not None
    torch.testing.assert_close(loaded.pool(states.layers[-1][:, 0]), states.pooler_output)
    assert loaded.info.pooler.present
    weights = load_file(checkpoint(model_type) / "model.safetensors")
    dense = "pooler" if f"{'pooler'}.weight" in weights else "pooler.dense"
    for layer in states.layers:
        by_hand = torch.tanh(layer[:, 0] @ weights[f"{dense}.weight"].T + weights[f"{dense}.bias"])
        torch.testing.assert_close(loaded.pool(layer[:, 0]), by_hand)


def classifier_of(checkpoint: Checkpoints, model_type: str, **options: Any) -> Any:
    folder = checkpoint(model_type, head="SequenceClassification", **options)
    return AutoModelForSequenceClassification.from_pretrained(folder).eval()


def check_head(loaded: Encoder, classifier: Any) -> None:
    """Logits recomputed from hidden states by the table's steps are the classifier's own."""
    batch = loaded.tokenize(TEXTS)
    with torch.no_grad():
        own = classifier(**plain(loaded, batch)).logits
        states = loaded.forward(batch)
        pooled = states.pooler_output
        mask, cls = batch["attention_mask"], loaded.cls_positions(batch)
        vectors = head_input(loaded.family, classifier.config, states.layers[-1], mask, cls, pooled)
        recomputed = head_logits(loaded.family, classifier, vectors, mask)
    assert own.shape == (3, 3)
    assert own.std() > 0.01, "logits that do not differ would prove nothing"
    torch.testing.assert_close(recomputed, own, atol=1e-5, rtol=1e-5)


def disturbed_logits(loaded: Encoder, classifier: Any, what: str) -> Tensor:
    """The classifier's logits after its encoder's output was disturbed.

    ``what``: ``"nothing"``, ``"cls"`` or ``"others"`` (last hidden states of [CLS], or of all
    other real tokens), ``"pooler"``.
    """
    batch = loaded.tokenize(TEXTS)
    cls = torch.zeros_like(batch["input_ids"], dtype=torch.bool)
    cls[torch.arange(3), loaded.cls_positions(batch)] = True
    chosen = {"cls": cls, "others": ~cls & batch["attention_mask"].bool()}.get(what)
    generator = torch.Generator().manual_seed(1)

    def disturb(module: Any, args: Any, output: Any) -> Any:
        last = output.last_hidden_state.clone()
        if chosen is not None:
            last[chosen] = torch.randn(last[chosen].shape, generator=generator)
            output["last_hidden_state"] = last
        if what == "pooler":
            output["pooler_output"] = torch.randn(output.pooler_output.shape, generator=generator)
        return output

    handle = getattr(classifier, classifier.base_model_prefix).register_forward_hook(disturb)
    with torch.no_grad():
        logits = classifier(**plain(loaded, batch)).logits
    handle.remove()
    return logits


@each_family
def test_the_head_reads_what_the_table_says(
    model_type: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    loaded = encoder(model_type, head="SequenceClassification")
    classifier = classifier_of(checkpoint, model_type)
    check_head(loaded, classifier)
    reads = loaded.info.head_reads
    assert (reads == "pooler_output") == (model_type in CLASSIFIES_ON_POOLER)
    own = disturbed_logits(loaded, classifier, "nothing")
    matters = {
        "pooler_output": {"pooler"},
        "first hidden state": {"cls"},
        "last hidden state": {"cls"},
        "all tokens": {"cls", "others"},
    }[reads]
    for what in ("cls", "others", *(["pooler"] if reads == "pooler_output" else [])):
        change = (disturbed_logits(loaded, classifier, what) - own).abs().amax(dim=1)
        if what in matters:
            assert change.min() > 1e-3, f"{what} should matter"
        else:
            assert change.max() == 0, f"{what} should not matter"


@pytest.mark.parametrize(
    ("model_type", "option", "reads"),
    [
        ("modernbert", {"classifier_pooling": "mean"}, "mean"),
        ("eurobert", {"classifier_pooling": "bos"}, "first hidden state"),
        ("eurobert", {"classifier_pooling": "mean"}, "mean"),
    ],
)
def test_a_config_can_change_what_the_head_reads(
    model_type: str, option: Any, reads: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    loaded = encoder(model_type, head="SequenceClassification", config=option)
    assert loaded.info.head_reads == reads
    classifier = classifier_of(checkpoint, model_type, config=option)
    check_head(loaded, classifier)
    own = disturbed_logits(loaded, classifier, "nothing")
    change = (disturbed_logits(loaded, classifier, "others") - own).abs().max()
    assert (change > 1e-3) == (reads == "mean")


@each_family
def test_padding_is_inert_as_the_table_says(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    batch = loaded.tokenize(TEXTS)
    together = loaded.forward(batch).layers
    worst = 0.0
    for row, text in enumerate(TEXTS):
        alone = loaded.forward(loaded.tokenize([text])).layers
        real = batch["attention_mask"][row].bool()
        for a, b in zip(alone, together, strict=True):
            worst = max(worst, float((a[0] - b[row, real]).abs().max()))
    reaching = ("fnet", "mobilebert", "convbert", "nystromformer")
    assert loaded.info.padding_inert == (model_type not in reaching)
    if loaded.info.padding_inert:
        assert worst < 1e-5
    else:
        assert worst > 1e-3
        assert any("the same length" in notice for notice in loaded.info.notices)


@each_family
def test_the_longest_input_runs_and_one_more_token_does_not(
    model_type: str, encoder: Encoders
) -> None:
    loaded = encoder(model_type, limit=int(1e30))
    expected = {"xlnet": 512, "esm": 66}.get(model_type, 64)
    assert loaded.info.max_tokens == expected
    assert any("sets no limit" in notice for notice in loaded.info.notices) == (expected == 512)
    batch = loaded.tokenize(["good " * 600])
    assert batch["input_ids"].shape == (1, expected)
    assert loaded.forward(batch).layers[-1].isfinite().all()
    if model_type in ANY_LENGTH:
        return
    longer = {name: value[:, [*range(64), 62]] for name, value in batch.items()}
    with pytest.raises((IndexError, RuntimeError)):
        loaded.forward(longer)


def test_the_tokenizers_own_limit_counts_too(encoder: Encoders) -> None:
    assert encoder("roberta", limit=20).info.max_tokens == 20


def test_mobilebert_without_activation_has_no_pooler_of_its_own(encoder: Encoders) -> None:
    loaded = encoder("mobilebert", config={"classifier_activation": False})
    assert not loaded.info.pooler.present
    assert loaded.info.pooler.evidence == "its pooler_output is h0 itself, no weights"


@pytest.mark.parametrize("model_type", ["roberta", "mpnet", "esm", "longformer", "big_bird"])
def test_classifiers_that_do_not_use_the_pooler_do_not_save_it(
    model_type: str, encoder: Encoders
) -> None:
    pooler = encoder(model_type, head="SequenceClassification").info.pooler
    if model_type == "big_bird":
        assert pooler.present
        return
    assert not pooler.present
    assert not pooler.trained
    assert pooler.evidence == (
        "pooler.dense.bias and pooler.dense.weight are not in the checkpoint: "
        "transformers would fill in random numbers"
    )


def test_an_unknown_family_says_what_is_assumed() -> None:
    row = family_of("newbert")
    assert row.assumed
    assert row.cls == "first"
    assert row.head_reads == "unknown"
    assert "assumed are [CLS] as the first token" in row.notice


@pytest.mark.parametrize("model_type", ["roc_bert", "ibert", "roberta-prelayernorm"])
def test_unknown_families_work_where_they_can(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type, heads=4)
    assert model_type not in FAMILIES
    assert loaded.info.assumed
    assert any("assumed" in notice for notice in loaded.info.notices)
    assert loaded.info.head_reads == "unknown"
    states = loaded.forward(loaded.tokenize(TEXTS))
    assert states.pooler_output is not None
    torch.testing.assert_close(loaded.pool(states.layers[-1][:, 0]), states.pooler_output)


def test_padding_of_unknown_families_is_measured(encoder: Encoders) -> None:
    assert encoder("roc_bert", heads=4).info.padding_inert
    assert not encoder("yoso").info.padding_inert


def test_a_pooler_that_reads_something_else_counts_as_absent(
    checkpoint: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probing.encoders.encoder.pooler_function", lambda model: torch.sin)
    pooler = load_encoder(checkpoint("bert")).info.pooler
    assert not pooler.present
    assert pooler.evidence == "its pooler does not read [CLS] of the last layer alone"
