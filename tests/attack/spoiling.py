"""Ways to spoil a checkpoint's folder."""

import base64
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

Spoil = Callable[[Path], object]
JSON = dict[str, Any]


def change(file: Path, **entries: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def spoilt_copy(case: Spoil, sound: Path, target: Path) -> Path:
    target.mkdir()
    for file in sound.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    case(target)
    return target


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
