"""Figures and forms of a checkpoint's JSON that would take memory or time, or lead elsewhere."""

import pytest

from tests.attack.conftest import RefusedAlone
from tests.attack.spoiling import Spoil, config, deep, hidden_elsewhere, indexed, pipe, words, write

BILLION = 10**9

REFUSED: dict[str, tuple[str, Spoil, str]] = {
    "no heads": ("bert", config(num_attention_heads=0), "cannot be loaded"),
    "heads below 0": ("bert", config(num_attention_heads=-2), "cannot be"),
    "hidden NaN": ("bert", config(hidden_size=float("nan")), "cannot be loaded"),
    "vocabulary infinite": ("bert", config(vocab_size=float("inf")), "cannot be loaded"),
    "a norm of NaN": ("bert", config(layer_norm_eps=float("nan")), "not finite numbers"),
    "padding far out": ("bert", config(pad_token_id=BILLION), "cannot be loaded"),
    "a trillion token types": ("bert", config(type_vocab_size=10**12), "has at least"),
    "weights not stored": ("bert", config(vocab_size=80_000_000), "asks for .* are stored"),
    "tables of a billion": (
        "esm",
        config(max_position_embeddings=1_200_000_000),
        "asks for tables|has at least",
    ),
    "a sinusoid of 40 million": (
        "roformer",
        config(max_position_embeddings=40_000_000),
        "asks for .* are stored",
    ),
    "layers listed": ("modernbert", config(num_hidden_layers=BILLION), "up to 512"),
    "layers below": ("bert", config(text_config={"num_hidden_layers": BILLION}), "up to 512"),
    "a billion networks": (
        "mobilebert",
        config(num_feedforward_networks=BILLION),
        "more than 15,000 modules|has at least",
    ),
    "a billion groups": (
        "albert",
        config(inner_group_num=BILLION),
        "more than 15,000 modules|has at least",
    ),
    "a window of a million": ("longformer", config(attention_window=10**6), "up to 4,096"),
    "windows of a million": ("longformer", config(attention_window=[10**6] * 2), "up to 4,096"),
    "odd layer types": ("modernbert", config(layer_types=["x", 7]), "cannot be loaded"),
    "200,000 labels": (
        "bert",
        config(id2label={str(i): "x" for i in range(200_000)}),
        "up to 100,000",
    ),
    "labels that are a list": ("bert", config(id2label=[1, 2]), "cannot be loaded"),
    "an activation of code": ("bert", config(hidden_act="__import__('os')"), "cannot be loaded"),
    "a number of 5,000 digits": (
        "bert",
        lambda d: (d / "config.json").write_text('{"model_type":"bert","n":' + "9" * 5000 + "}"),
        "cannot be read as JSON",
    ),
    # forms of JSON
    "config nested": ("bert", deep("config.json", 900), "cannot be"),
    "config nested deeper": ("bert", deep("config.json", 100_000), "cannot be read as JSON"),
    "tokenizer nested": ("bert", deep("tokenizer.json", 120), "cannot be|values"),
    "tokenizer nested deeper": ("bert", deep("tokenizer.json", 100_000), "cannot be read"),
    "tokenizer settings nested": ("bert", deep("tokenizer_config.json", 900), "cannot be loaded"),
    "a mark before config": (
        "bert",
        lambda d: (d / "config.json").write_bytes(b"\xef\xbb\xbf" + b"{}"),
        "cannot be read as JSON",
    ),
    "config in UTF-16": (
        "bert",
        lambda d: (d / "config.json").write_text('{"model_type": "bert"}', "utf-16"),
        "cannot be read as JSON",
    ),
    "a key twice": (
        "bert",
        write("config.json", b'{"model_type":"bert","model_type":"gpt2"}'),
        "decoder-only",
    ),
    "a folder for config": (
        "bert",
        lambda d: ((d / "config.json").unlink(), (d / "config.json").mkdir()),
        "cannot be read as JSON",
    ),
    # ways out of what was checked
    "another config": (
        "bert",
        hidden_elsewhere("config.json", "configuration_files", "config.4.0.0.json", "{}"),
        "redirects to other settings",
    ),
    "another tokenizer": (
        "bert",
        hidden_elsewhere(
            "tokenizer_config.json", "fast_tokenizer_files", "tokenizer.4.0.0.json", "{}"
        ),
        "names other files",
    ),
    "vocabulary of a device": ("bert", words(vocab="/dev/zero"), "names other files"),
    "a model of a device": (
        "bert",
        words(sp_model_kwargs={"model_file": "/dev/zero"}),
        "names other files",
    ),
    "first argument": ("bert", words(init_inputs=["/etc/passwd"]), "names other files"),
    "a pipe among templates": ("bert", pipe("additional_chat_templates/a.jinja"), "neither a file"),
    "a link to itself": ("bert", lambda d: (d / "loop").symlink_to("loop"), "leads out"),
    "an index of lists": ("bert", indexed({"a": ["b"]}), "does not name"),
    "an index out": ("bert", indexed({"a": "../x.safetensors"}), "does not name"),
    "an index of a device": ("bert", indexed({"a": "/dev/zero"}), "does not name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str, refused_alone: RefusedAlone) -> None:
    refused_alone(*REFUSED[name])
