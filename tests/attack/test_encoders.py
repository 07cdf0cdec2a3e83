"""Checkpoints that are meant to do harm: refused before anything runs, waits or is allocated."""

import os
import struct
from pathlib import Path
from typing import Any

import psutil
import pytest

from probing.encoders import load_encoder, understand
from probing.errors import EncoderError
from tests.attack.spoiling import change


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
