"""Checkpoints that are meant to do harm: refused before anything runs, waits or is allocated."""

import base64
import functools
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from probing.encoders import load_encoder, understand
from probing.errors import EncoderError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def spoilt(checkpoint: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of a tiny BERT that a test may spoil."""
    target = tmp_path / "copy"
    target.mkdir()
    for file in checkpoint("bert").iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def change(file: Path, **entries: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def refused(folder: Path, message: str) -> None:
    """Loading is refused in a line that matches, and takes no memory to speak of."""
    process = psutil.Process()
    before = process.memory_info().rss
    with pytest.raises(EncoderError, match=message) as caught:
        load_encoder(folder)
    assert process.memory_info().rss - before < 300e6
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("where", ["top", "below", "list"])
def test_a_billion_labels_are_refused_unmade(where: str, spoilt: Path) -> None:
    """transformers names each of them at once: it took 19 GB."""
    entry: dict[str, Any] = {"num_labels": 10**9}
    entries = {"top": entry, "below": {"text_config": entry}, "list": {"parts": [[entry]]}}
    change(spoilt / "config.json", **entries[where])
    refused(spoilt, r"says num_labels = 1e\+09; up to 100,000 are read")
    change(spoilt / "config.json", num_labels=3, text_config=None, parts=None)
    load_encoder(spoilt)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "any"])
def test_a_pipe_is_not_waited_for(name: str, spoilt: Path) -> None:
    (spoilt / name).unlink(missing_ok=True)
    os.mkfifo(spoilt / name)
    refused(spoilt, f"{name} of .* is neither a file nor a folder; remove it")


def test_a_link_out_of_the_inner_folder(spoilt: Path) -> None:
    outside = spoilt.parent / "secret.json"
    outside.write_text('{"pooling_mode": "secret"}')
    (spoilt / "1_Pooling").mkdir()
    (spoilt / "1_Pooling" / "config.json").symlink_to(outside)
    refused(spoilt, "is a link that leads out of the folder")


@pytest.mark.parametrize("code", ["evil.X", ["evil.X"], 3], ids=str)
def test_remote_code_in_an_odd_form(code: Any, spoilt: Path) -> None:
    (spoilt / "evil.py").write_text("import pathlib; pathlib.Path('canary').touch()")
    change(spoilt / "config.json", auto_map=code)
    refused(spoilt, "brings its own code")


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_large_json_is_refused_unread(name: str, spoilt: Path) -> None:
    with (spoilt / name).open("wb") as file:
        file.truncate(100_000_000)
    refused(spoilt, f"{name} of .* is larger than 5,000,000 bytes")


def test_names_of_files_cannot_write_lines(spoilt: Path) -> None:
    (spoilt / "model.safetensors").unlink()
    (spoilt / "a\nerror: b\x1b[31m.bin").touch()
    refused(spoilt, r"only as a error: b \[31m\.bin")


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 100_000,
        b'{"w":{"dtype":"F32","shape":[-4,5],"data_offsets":[0,4]}}',
        b'{"w":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}}',
        b'{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,1152921504606846976]}}',
    ],
    ids=["deep", "negative", "dtype", "huge", "overlapping", "past the end"],
)
def test_headers_that_lie(header: bytes, spoilt: Path) -> None:
    file = spoilt / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    refused(spoilt, "whole safetensors|cannot be loaded|has at least")
    file.write_bytes(struct.pack("<Q", 2**63) + header)
    refused(spoilt, "not a whole safetensors file")


@pytest.mark.parametrize(
    "name", ["\u202egpt2", "gpt2\u200b", "a%00b", "file:///etc", "ａ/b", "a/ b", "a/..", "..a/b"]
)
def test_odd_names_reach_no_hub(name: str) -> None:
    with pytest.raises(EncoderError, match=r"is not the name|neither a hub id") as caught:
        understand(name)
    assert str(caught.value).isprintable()


# Everything else: in processes of their own, as what gets through takes the process with it


@pytest.fixture(scope="module")
def alone(checkpoint: Callable[..., Path]) -> Iterator[Callable[[Path], dict[str, Any]]]:
    """What becomes of loading a folder in a process with 1.5 GB of memory and 15 s."""
    command = [sys.executable, "-m", "tests.attack.alone"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout
        asked.write(f"{checkpoint('bert')}\n")

        def ask(folder: Path) -> dict[str, Any]:
            asked.write(f"{folder}\n")
            asked.flush()
            return dict(json.loads(answers.readline()))

        yield ask
        asked.close()


Spoil = Callable[[Path], object]
JSON = dict[str, Any]


def config(**entries: Any) -> Spoil:
    return lambda folder: change(folder / "config.json", **entries)


def words(**entries: Any) -> Spoil:
    """Entries of tokenizer_config.json."""
    return lambda folder: change(folder / "tokenizer_config.json", **entries)


def program(edit: Callable[[JSON], object]) -> Spoil:
    """A changed tokenizer.json."""

    def spoil(folder: Path) -> None:
        file = folder / "tokenizer.json"
        values = json.loads(file.read_text())
        edit(values)
        file.write_text(json.dumps(values))

    return spoil


def steps(part: str, *inner: JSON) -> Spoil:
    name = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}.get(part, "processors")
    return program(lambda v: v.update({part: {"type": "Sequence", name: list(inner)}}))


def replace(pattern: JSON, content: str) -> JSON:
    return {"type": "Replace", "pattern": pattern, "content": content}


def template(pieces: list[JSON], ids: list[int]) -> Spoil:
    tokens = {"[CLS]": {"id": "[CLS]", "ids": ids, "tokens": ["[CLS]"] * len(ids)}}
    first = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
    step = {"type": "TemplateProcessing", "single": [first, *pieces], "pair": []}
    return program(lambda v: v.update(post_processor={**step, "special_tokens": tokens}))


def write(name: str, content: bytes | Callable[[], bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_bytes(content() if callable(content) else content)

    return spoil


def deep(name: str, depth: int) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text().rstrip()[:-1]
        (folder / name).write_text(f'{text},"x":{"[" * depth}{"]" * depth}}}')

    return spoil


def only_vocabulary(content: bytes | Callable[[], bytes]) -> Spoil:
    """vocab.txt in place of tokenizer.json."""

    def spoil(folder: Path) -> None:
        (folder / "tokenizer.json").unlink()
        change(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer")
        write("vocab.txt", content)(folder)

    return spoil


def header(content: bytes | Callable[[], bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        raw = content() if callable(content) else content
        write("model.safetensors", struct.pack("<Q", len(raw)) + raw)(folder)

    return spoil


def map_of(replacement: str) -> JSON:
    """SentencePiece's map with an empty index and one long replacement."""
    raw = struct.pack("<I", 4) + bytes(4) + replacement.encode() + b"\0"
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(raw).decode()}


def unigram(pieces: list[str]) -> Spoil:
    vocab = [["<unk>", 0.0], ["[CLS]", 0.0], *([piece, -1.0] for piece in pieces)]
    return program(lambda v: v.update(model={"type": "Unigram", "vocab": vocab, "unk_id": 0}))


def indexed(weight_map: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        file = folder / "model.safetensors.index.json"
        file.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))

    return spoil


def pipe(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        os.mkfifo(folder / name)

    return spoil


def hidden_elsewhere(name: str, entry: str, other: str, kept: str) -> Spoil:
    """A second file that the first one sends readers to."""

    def spoil(folder: Path) -> None:
        change(folder / name, **{entry: [other]})
        (folder / other).write_text(kept)

    return spoil


EVIL = "{{ cycler.__init__.__globals__.os.mkdir('canary') }}"
BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}
BILLION = 10**9
TOKEN = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}

REFUSED: dict[str, tuple[str, Spoil, str]] = {
    # figures of config.json
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
    # headers
    "a header of lists": (
        "bert",
        header(lambda: b'{"w":{"shape":[' + b"[]," * 900_000 + b"[]]}}"),
        "not a whole safetensors",
    ),
    "a header of 90 MB": (
        "bert",
        header(lambda: b"{" + b" " * 90_000_000 + b"}"),
        "header of 90,000,002 bytes; up to 3,000,000",
    ),
    "30,000 weights": (
        "bert",
        header(
            lambda: json.dumps(
                {
                    f"w{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                    for i in range(30_000)
                }
            ).encode()
        ),
        "more than 20,000 weights",
    ),
    "20,000 dimensions": (
        "bert",
        header(lambda: json.dumps({"w": {"shape": [10**18] * 20_000}}).encode()),
        "not a whole safetensors",
    ),
    "numbers that are not there": (
        "bert",
        header(b'{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}'),
        "not a whole safetensors",
    ),
    # what a tokenizer adds to a text
    "a text in front": (
        "bert",
        steps("normalizer", {"type": "Prepend", "prepend": "x " * 400}),
        "times as long",
    ),
    "a megabyte in front": (
        "bert",
        steps("normalizer", {"type": "Prepend", "prepend": "x " * 500_000}),
        "up to 1,024",
    ),
    "ten for one, nine times": (
        "bert",
        steps("normalizer", *[replace({"String": "a"}, "a" * 10)] * 9),
        r"can make a text 1e\+09 times as long; up to 200",
    ),
    "doubled by a pattern": (
        "bert",
        steps("normalizer", *[replace({"Regex": "(?=.)"}, "a")] * 30),
        "times as long",
    ),
    "an empty pattern": (
        "bert",
        steps("normalizer", *[replace({"String": ""}, "ab")] * 20),
        "times as long",
    ),
    "bytes of bytes": ("bert", steps("pre_tokenizer", *[BYTES] * 25), "times as long"),
    "a map to a novel": ("bert", steps("normalizer", map_of("x" * 100_000)), "times as long"),
    "a decoder that grows": (
        "bert",
        program(lambda v: v.update(decoder=replace({"String": "a"}, "a" * 1000))),
        "times as long",
    ),
    "steps in steps": (
        "bert",
        program(
            lambda v: v.update(
                normalizer=functools.reduce(
                    lambda inner, _: {"type": "Sequence", "normalizers": [inner]},
                    range(100),
                    {"type": "Lowercase"},
                )
            )
        ),
        "cannot be loaded",
    ),
    "the text a thousand times": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}] * 1000, [2]),
        "puts a text 1000 times",
    ),
    "100,000 special tokens": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}], [2] * 100_000),
        "values beside its vocabulary",
    ),
    "1,000 special tokens": (
        "bert",
        template([{"Sequence": {"id": "A", "type_id": 0}}], [2] * 1000),
        "1,000 of them special",
    ),
    "words without end": (
        "bert",
        program(lambda v: v["model"].update(max_input_chars_per_word=BILLION)),
        "max_input_chars_per_word",
    ),
    "a pattern that cannot be": (
        "bert",
        steps("normalizer", replace({"Regex": "(((("}, "")),
        "cannot be loaded",
    ),
    "a pattern that goes back for ever": (
        "bert",
        steps("normalizer", replace({"Regex": "(a+)+$"}, "")),
        "fails on these sentences .*retry-limit",
    ),
    # vocabularies
    "a token of a megabyte": ("bert", unigram(["x" * 1_000_000]), "up to 1,024"),
    "a million added tokens": (
        "bert",
        program(
            lambda v: v.update(
                added_tokens=[
                    {**TOKEN, "id": 300 + i, "content": f"t{i}", "special": True}
                    for i in range(100_000)
                ]
            )
        ),
        "adds 100,000 tokens; up to 50,000",
    ),
    "added far out": (
        "bert",
        words(added_tokens_decoder={str(10**9): {"content": "boo", "special": True}}),
        "with the id 1000000000",
    ),
    "added in another file": (
        "bert",
        write("added_tokens.json", b'{"film": 99999999999}'),
        "with the id",
    ),
    "an id beyond 32 bits": (
        "bert",
        program(lambda v: v["model"]["vocab"].update(film=4_000_000_000)),
        "with the id 4,000,000,000",
    ),
    "a special token of a megabyte": (
        "bert",
        words(extra_special_tokens={"a": "b" * 10**6}),
        "up to 1,024",
    ),
    "a token of lines": ("bert", words(cls_token="a\nb\x1b[31m"), "has the token a b"),
    "five million pieces": (
        "bert",
        write("tokenizer.json", lambda: b'{"model":{"vocab":[' + b"[]," * 5_000_000 + b"[]]}}"),
        "larger than 4,000,000 values",
    ),
    "a vocabulary of 200 MB": (
        "bert",
        lambda d: os.truncate(d / "tokenizer.json", 200_000_000),
        "larger than 100,000,000 bytes",
    ),
    "ten million lines": (
        "bert",
        only_vocabulary(lambda: b"\n" * 10_000_000),
        "larger than 4,000,000 lines",
    ),
    "a template of 60 MB": (
        "bert",
        write("chat_template.jinja", lambda: b"x" * 60_000_000),
        "larger than 5,000,000",
    ),
    "a limit of 1": ("bert", words(model_max_length=1), "longest input of .* is 1 tokens"),
    "a limit of a half": ("bert", words(model_max_length=0.5), "longest input of .* is 0 tokens"),
}
HARMLESS: dict[str, Spoil] = {
    "padding to a billion": program(
        lambda v: v.update(
            padding={
                "strategy": "BatchLongest",
                "direction": "Right",
                "pad_to_multiple_of": BILLION,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            }
        )
    ),
    "fixed padding": program(
        lambda v: v.update(
            padding={
                "strategy": {"Fixed": BILLION},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            }
        )
    ),
    "cut to one": program(
        lambda v: v.update(
            truncation={
                "direction": "Right",
                "max_length": 1,
                "strategy": "LongestFirst",
                "stride": 0,
            }
        )
    ),
    "no limit": words(model_max_length=10**30),
    "a limit below 0": words(model_max_length=-1),
    "a limit of NaN": words(model_max_length=float("nan")),
    "a template that acts": words(chat_template=EVIL),
    "a file of a template that acts": write("chat_template.jinja", EVIL.encode()),
    "a class of another module": words(tokenizer_class="os.system"),
    "a class of a pickle": lambda d: (
        words(tokenizer_class="TransfoXLTokenizer", pretrained_vocab_file="vocab.pkl")(d),
        write("vocab.pkl", b"cos\nmkdir\n(S'canary'\ntR.")(d),
    ),
    "files of elsewhere": words(vocab_file="/dev/zero", tokenizer_file="/etc/passwd"),
    "code of a processor": write("processor_config.json", b'{"auto_map":{"AutoProcessor":"e.X"}}'),
    "generation settings nested": write("generation_config.json", b"[" * 5000),
    "a name of elsewhere": config(_name_or_path="/etc", architectures=["../../evil"]),
    "kernels": config(use_kernels=True, attn_implementation="someone/kernel"),
}


def spoil(case: Spoil, sound: Path, target: Path) -> Path:
    target.mkdir()
    for file in sound.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    case(target)
    return target


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_take_memory_or_time_is_refused(
    name: str,
    alone: Callable[[Path], dict[str, Any]],
    checkpoint: Callable[..., Path],
    tmp_path: Path,
) -> None:
    family, case, message = REFUSED[name]
    found = alone(spoil(case, checkpoint(family), tmp_path / "copy"))
    assert found["outcome"] == "refused", found
    assert re.search(message, found["said"]), found["said"]
    assert found["said"].isprintable()
    assert len(found["said"]) < 700
    assert found["mb"] < 500
    assert found["seconds"] < 4


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_said_to_nobody_does_no_harm(
    name: str,
    alone: Callable[[Path], dict[str, Any]],
    checkpoint: Callable[..., Path],
    tmp_path: Path,
) -> None:
    found = alone(spoil(HARMLESS[name], checkpoint("bert"), tmp_path / "copy"))
    assert found["outcome"] == "loaded", found
    assert found["mb"] < 200
    assert found["seconds"] < 4
    assert not list(ROOT.glob("canary")) + list(tmp_path.rglob("canary"))


def test_a_sound_encoder_is_loaded_there(
    alone: Callable[[Path], dict[str, Any]], checkpoint: Callable[..., Path]
) -> None:
    """So that a refusal is the attack's, and what dies is told from what is refused."""
    assert alone(checkpoint("bert"))["outcome"] == "loaded"
