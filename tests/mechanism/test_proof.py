"""The proof card against transformers' own outputs, and its program run as a person would."""

import ast
import contextlib
import copy
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from probing.encoders import FAMILIES, Encoder, load_encoder
from probing.errors import EncoderError
from probing.mechanism.proof import SHOWN, proof
from probing.mechanism.proof_code import PLACEHOLDER
from probing.mechanism.values import Proof
from tests.tiny import Specials

Checkpoints = Callable[..., Path]
Encoders = Callable[..., Encoder]

TEXT = "The film was good, but never the food."
WITHOUT_POOLER = {
    "distilbert", "electra", "convbert", "roformer", "nystromformer", "deberta", "deberta-v2",
    "modernbert", "eurobert", "xlnet", "xlm", "flaubert",
}  # fmt: skip
each_family = pytest.mark.parametrize("model_type", FAMILIES)


def steps(card: Proof) -> dict[str, tuple[int, ...]]:
    return {step.name: step.shape for step in card.steps}


# ---- the card


@each_family
def test_the_card_shows_what_transformers_gives(
    model_type: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    card = proof(TEXT, encoder(model_type))
    tokenizer = AutoTokenizer.from_pretrained(checkpoint(model_type))
    batch = dict(tokenizer(TEXT, return_tensors="pt"))
    if model_type == "distilbert":
        del batch["token_type_ids"]
    if model_type == "longformer":
        batch["global_attention_mask"] = torch.eye(batch["input_ids"].shape[1])[:1]
    model = AutoModel.from_pretrained(checkpoint(model_type)).eval()
    with torch.no_grad():
        last = model(**batch).last_hidden_state
    tokens, at = last.shape[1], -1 if model_type == "xlnet" else 0
    assert card.cls_position == at % tokens
    assert card.first_token == pytest.approx(last[0, at, :SHOWN].tolist(), abs=1e-6)
    assert card.first_feature == pytest.approx(last[0, :SHOWN, 0].tolist(), abs=1e-6)
    assert card.first_token != card.first_feature
    row = model.get_input_embeddings().weight[batch["input_ids"][0, at]]
    assert card.embedding == tuple(row[:SHOWN].tolist())
    assert card.embedding_size == tuple(model.get_input_embeddings().weight.shape)
    for name, token, number in card.specials:
        assert getattr(tokenizer, name) == token
        assert tokenizer.convert_tokens_to_ids(token) == number
    assert {token for _, token, _ in card.specials} == set(tokenizer.all_special_tokens)
    shapes = steps(card)
    assert shapes["input_ids"] == (1, tokens)
    assert all(shapes[f"hidden_states[{layer}]"] == (1, tokens, 16) for layer in range(3))
    assert shapes[f"hidden_states[-1][:, {at}]"] == (1, 16)
    assert shapes["hidden_states[-1][:, :, 0]"] == (1, tokens)
    assert ("pooler_output" in shapes) == (model_type not in WITHOUT_POOLER)
    assert shapes["logits"] == (1, 3)


@each_family
def test_pooler_and_head_by_hand_are_the_models_own(model_type: str, encoder: Encoders) -> None:
    loaded = encoder(model_type)
    card = proof(TEXT, loaded)
    if model_type in WITHOUT_POOLER:
        assert card.pooler_difference is None
        assert card.pooler_note.startswith("This encoder has no pooler that can be used:")
    else:
        assert card.pooler_difference is not None
        assert card.pooler_difference < 1e-6
        assert card.pooler_note.startswith("pooler_output is tanh(W·h0 + b)")
    assert card.head_difference is not None
    assert card.head_difference < 1e-6
    assert card.head == loaded.info.head
    assert card.head_steps[0] == loaded.info.head_reads
    names = [step.partition(":")[0] for step in card.head_steps[1:]]
    assert names == [step.removeprefix("config:") for step in loaded.family.head_steps]
    assert any("Linear(" in step for step in card.head_steps)


def test_a_wrong_step_of_the_head_would_be_seen(encoder: Encoders) -> None:
    loaded = encoder("roberta")
    for left_out in ("classifier.dense", "tanh"):
        kept = tuple(step for step in loaded.family.head_steps if step != left_out)
        wrong = replace(loaded, family=replace(loaded.family, head_steps=kept))
        difference = proof(TEXT, wrong).head_difference
        assert difference is not None
        assert difference > 1e-3
    pooled = replace(loaded, family=replace(loaded.family, head_reads="pooler_output"))
    difference = proof(TEXT, pooled).head_difference
    assert difference is not None
    assert difference > 1e-3


def test_a_pooler_with_another_activation_would_be_seen(checkpoint: Checkpoints) -> None:
    loaded = load_encoder(checkpoint("bert"))
    loaded.model.pooler.activation = torch.nn.Sigmoid()
    difference = proof(TEXT, loaded).pooler_difference
    assert difference is not None
    assert difference > 0.1


def test_the_head_is_built_around_the_encoder_itself(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from probing.mechanism import proof as module

    loaded = encoder("bert")
    before = copy.deepcopy(loaded.model.state_dict())
    classifier: Any = module._classifier(loaded)
    assert classifier.bert is loaded.model
    assert not any(weight.is_meta for weight in classifier.parameters())
    again: Any = module._classifier(loaded)
    assert torch.equal(classifier.classifier.weight, again.classifier.weight)
    state = torch.random.get_rng_state()
    proof(TEXT, loaded)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, weight in loaded.model.named_parameters():
        assert torch.equal(weight, before[name])
        assert not weight.requires_grad
    assert not any(part.training for part in loaded.model.modules())


def test_where_the_head_comes_from_the_config(encoder: Encoders) -> None:
    for option, reads in (("mean", "mean"), ("bos", "first hidden state")):
        card = proof(TEXT, encoder("eurobert", config={"classifier_pooling": option}))
        assert card.head_steps[0] == reads
        assert card.head_difference is not None
        assert card.head_difference < 1e-6


def test_an_unknown_head_is_not_taken_apart(encoder: Encoders) -> None:
    for loaded in (encoder("roc_bert", heads=4), encoder("xlnet", config={"summary_type": "attn"})):
        card = proof(TEXT, loaded)
        assert card.head_difference is None
        assert "logits" not in steps(card)
        assert "AutoModelForSequenceClassification" not in card.code
    assert proof(TEXT, encoder("roc_bert", heads=4)).pooler_difference is None
    assert proof(TEXT, encoder("roc_bert", heads=4)).head_steps == ()


def test_a_class_that_cannot_be_built_leaves_the_tables_words(
    encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise ValueError("no such class")

    monkeypatch.setattr(AutoModelForSequenceClassification, "from_config", refuse)
    card = proof(TEXT, encoder("bert"))
    assert card.head_difference is None
    assert card.head_steps == ("pooler_output", "dropout", "classifier")


def test_the_note_says_whether_a_pooler_was_trained(bundled: Encoder, encoder: Encoders) -> None:
    untrained = proof(TEXT, bundled).pooler_note
    assert "tanh(W·h0 + b), but training never shaped it: bias exactly 0" in untrained
    assert "Training has shaped it: bias" in proof(TEXT, encoder("bert")).pooler_note
    missing = proof(TEXT, encoder("roberta", head="SequenceClassification"))
    assert missing.pooler_difference is None
    assert "are not in the checkpoint" in missing.pooler_note
    assert "pooler_output" not in steps(missing)


def test_long_and_blank_texts(encoder: Encoders) -> None:
    assert steps(proof("good " * 100, encoder("bert")))["input_ids"] == (1, 64)
    assert steps(proof("", encoder("bert")))["input_ids"] == (1, 2)
    plain = Specials(("[PAD]", "[UNK]"), "", {"pad": "[PAD]", "unk": "[UNK]"})
    card = proof(TEXT, encoder("bert", specials=plain))
    assert any("whatever token is there" in step.note for step in card.steps)
    with pytest.raises(EncoderError, match="no tokens at all"):
        proof("", encoder("bert", specials=plain))


# ---- the program


def printed(lines: str) -> dict[str, Any]:
    """What a program printed: values by name, and the list in the line after a name."""
    found: dict[str, Any] = {}
    last = ""
    for line in lines.splitlines():
        name, found_colon, value = line.rpartition(": ") if line[0] != "[" else ("", "", line)
        if line.startswith(("[:, 0]", "[:, -1]", "[:, :, 0]")):
            last = line.partition("]")[0] + "]"
        elif not found_colon:
            found[last] = ast.literal_eval(value)
        else:
            name, _, value = line.partition(": ")
            found[name] = ast.literal_eval(value)
    return found


def run_here(code: str, folder: Path) -> dict[str, Any]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), torch.random.fork_rng(devices=[]):
        exec(code.replace(PLACEHOLDER, folder.as_posix()), {"__name__": "__main__"})
    return printed(out.getvalue())


def agree(card: Proof, shown: dict[str, Any], at: int = 0) -> None:
    shapes = steps(card)
    assert shown["special tokens"] == {token: number for _, token, number in card.specials}
    assert len(shown["tokens"]) == len(shown["input_ids"]) == shapes["input_ids"][1]
    assert shown["embedding table"] == card.embedding_size
    assert shown["embedding row"] == pytest.approx(card.embedding, abs=1e-6)
    for name, shape in shapes.items():
        if name.startswith("hidden_states[") and "][" not in name:
            assert shown[name] == shape
    assert shown[f"[:, {at}]"] == pytest.approx(card.first_token, abs=1e-5)
    assert shown["[:, :, 0]"] == pytest.approx(card.first_feature, abs=1e-5)
    if card.pooler_difference is None:
        assert "pooler difference" not in shown
    else:
        assert shown["pooler difference"] == pytest.approx(card.pooler_difference, abs=1e-5)
        assert shown["pooler_output"] == shapes["pooler_output"]
    assert shown["head difference"] == pytest.approx(card.head_difference, abs=1e-5)
    assert shown["logits"] == shapes["logits"]


@each_family
def test_the_program_shows_the_card(
    model_type: str, checkpoint: Checkpoints, encoder: Encoders
) -> None:
    card = proof(TEXT, encoder(model_type))
    shown = run_here(card.code, checkpoint(model_type))
    agree(card, shown, -1 if model_type == "xlnet" else 0)
    assert card.code.count(PLACEHOLDER) == 1


def test_the_programs_run_by_themselves(
    bundled: Encoder,
    encoder: Encoders,
    checkpoint: Checkpoints,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    cards, folder = [proof(TEXT, bundled), proof(TEXT, encoder("xlnet"))], checkpoint("xlnet")
    for number, card in enumerate(cards):
        assert "probing" not in card.code
        assert folder.name not in card.code
        assert folder.parent.name not in card.code
        filled = card.code.replace(PLACEHOLDER, folder.as_posix())
        (tmp_path / f"card{number}.py").write_text(filled, encoding="utf-8")
    both = "import runpy; runpy.run_path('card0.py'); print('=' * 9); runpy.run_path('card1.py')"
    done = subprocess.run(  # one process for both: most of its time goes into imports
        [sys.executable, "-c", both],
        cwd=tmp_path,
        env={name: value for name, value in environment.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    first, _, second = done.stdout.partition("=========\n")
    agree(cards[0], printed(first))
    agree(cards[1], printed(second), -1)


def test_an_encoder_of_the_hub_is_named_with_its_commit(
    encoder: Encoders, checkpoint: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = encoder("bert")
    info = replace(loaded.info, source="hub", id="someone/bert", revision="0123abcd")
    card = proof(TEXT, replace(loaded, info=info))
    asked = []
    for kind in (AutoTokenizer, AutoModel, AutoModelForSequenceClassification):

        def fetch(name: str, own: Any = kind.from_pretrained, **options: Any) -> Any:
            asked.append((name, options.pop("revision")))
            assert options["trust_remote_code"] is False
            return own(checkpoint("bert"), **options)

        monkeypatch.setattr(kind, "from_pretrained", fetch)
    agree(card, run_here(card.code, Path("unused")))
    assert asked == [("someone/bert", "0123abcd")] * 3


@pytest.mark.parametrize(
    "text",
    [
        "'''\"\"\"\\\n__import__('os').abort()  # ",
        "{TEXT} {0} %s {{",
        "\u202eright to left\u202c \x00\r\u2028",
        "half \ud83d of a pair",
        "ไทย 日本語 \\",
    ],
)
def test_a_text_is_never_code(text: str, encoder: Encoders) -> None:
    code = proof(text, encoder("bert")).code
    tree, plain = ast.parse(code), ast.parse(proof("plain", encoder("bert")).code)
    literals = []
    for parsed in (tree, plain):
        assignment = next(
            node
            for node in parsed.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TEXT"
        )
        literals.append(ast.literal_eval(assignment.value))
        assignment.value = ast.Constant("")
    assert literals == [text.replace("\ud83d", "?"), "plain"]
    assert ast.dump(tree) == ast.dump(plain)
    assert "\u202e" not in code
    code.encode("utf-8")
