"""What may be in a checkpoint's files: their sizes, and the figures that others would count to.

Read before transformers, tokenizers or safetensors open the folder, because they believe what is
there: they make a list of as many layers as config.json says, and open the files that it names.
``tokenizer_checks`` does the same for tokenizers. Needs no torch.
"""

import json
import math
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from probing.errors import EncoderError
from probing.language import say

from .messages import on_one_line, one_line

LARGEST_SETTINGS = 5_000_000
"""Bytes of a file of settings."""
LARGEST_VOCABULARY = 100_000_000
"""Bytes of a file with a vocabulary; XLM-R's 250,000 pieces take 17 million."""
MOST_VALUES = 4_000_000
"""Values of a JSON file, and lines of another file with a vocabulary; XLM-R's has 750,000. Each
takes up to 100 bytes of memory."""
LARGEST_HEADER = 3_000_000
"""Bytes of a safetensors header; a thousand weights take 120,000."""
MOST_WEIGHTS = 20_000
"""Matrices and vectors of all files; a large encoder has a thousand."""
MOST_DIMENSIONS = 8
"""Dimensions of a weight: figures of any length would be multiplied."""
MOST = {
    "num_labels": 100_000,
    "label2id": 100_000,
    "id2label": 100_000,
    "_layers": 512,
    "n_layer": 512,
    "attention_window": 4_096,
    "_chunk_length": 4_096,
    "hash_code_len": 16,
}
"""End of a name in config.json → the largest figure (or longest table) read there, at any depth.
By these transformers makes lists, pads each sentence or doubles a table."""

_SETTINGS = (
    *("config.json", "*_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("*.index.json", "*.jinja"),
)
_VOCABULARIES = (
    *("tokenizer*.json", "*vocab*", "*merges*", "*.txt", "*.codes", "*.model*", "*.spm"),
    *("tekken*", "tiktoken*"),
)
_ELSEWHERE = {
    "configuration_files": say("other settings"),
    "transformers_weights": say("other weights"),
}


def check_files(entries: Iterable[Path], shown: str) -> None:
    """Refuse files that are read and too large for what they are called. None is opened but for a
    vocabulary, to count its lines."""
    for file in entries:
        if not file.is_file():
            continue
        name, size = file.name, file.stat().st_size
        if any(fnmatch(name, pattern) for pattern in _SETTINGS):
            most = LARGEST_SETTINGS
        elif any(fnmatch(name, pattern) for pattern in _VOCABULARIES):
            most = LARGEST_VOCABULARY
        else:
            continue
        if size > most:
            raise _too_large(file, shown, say("{most:,} bytes", most=most))
        if most == LARGEST_VOCABULARY and file.suffix != ".json" and size > MOST_VALUES:
            lines = file.read_bytes().count(b"\n")  # in a .model, at least one a piece
            if lines > MOST_VALUES:
                raise _too_large(file, shown, say("{most:,} lines", most=MOST_VALUES))


def read_json(file: Path, shown: str, largest: int = LARGEST_SETTINGS) -> dict[str, Any]:
    """The object in a JSON file of a checkpoint. Raises EncoderError for anything else."""
    try:
        if file.stat().st_size > largest:
            raise _too_large(file, shown, say("{most:,} bytes", most=largest))
        content = file.read_bytes()
        if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise _too_large(file, shown, say("{most:,} values", most=MOST_VALUES))
        value = json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(
            "{name} of {shown} cannot be read as JSON ({error}); download it again",
            name=file.name,
            shown=shown,
            error=one_line(error),
        ) from error
    if not isinstance(value, dict):
        raise EncoderError(
            "{name} of {shown} is not a JSON object; download it again", name=file.name, shown=shown
        )
    return value


def check_config(config: dict[str, Any], shown: str) -> None:
    """Refuse a config.json without a family, of quantised weights, that names other files, or
    with figures beyond ``MOST``."""
    if not isinstance(config.get("model_type"), str):
        raise EncoderError(
            "config.json of {shown} names no model_type; give an encoder saved by transformers",
            shown=shown,
        )
    if config.get("quantization_config") is not None:
        raise EncoderError(
            "{shown} is quantised (quantization_config in its config.json), which changes what "
            "its vectors are; give the original in 32 or 16 bits",
            shown=shown,
        )
    for name, what in _ELSEWHERE.items():
        if config.get(name) is not None:
            raise EncoderError(
                "config.json of {shown} redirects to {what!s} ({name}); remove the entry and call "
                "them config.json and model.safetensors",
                shown=shown,
                what=what,
                name=name,
            )
    for name, figure in _figures(config):
        most = next((most for end, most in MOST.items() if name.endswith(end)), math.inf)
        if figure > most:
            raise EncoderError(
                "config.json of {shown} says {name} = {figure:.6g}; up to {most:,} are read. "
                "Correct or remove the entry (an encoder needs no labels), or choose another "
                "encoder",
                shown=shown,
                name=on_one_line(name),
                figure=figure,
                most=most,
            )


def numbers_stored(files: Iterable[Path], shown: str) -> int:
    """Numbers in safetensors files, from their headers; EncoderError where a header is not one,
    claims more than its file can hold, or where there are more than ``MOST_WEIGHTS``."""
    shapes: list[list[int]] = []
    for file in files:
        shapes += _shapes(file, shown)
        if len(shapes) > MOST_WEIGHTS:
            raise EncoderError(
                "{shown} has more than {most:,} weights (matrices and vectors), the most "
                "that is read; choose another encoder",
                shown=shown,
                most=MOST_WEIGHTS,
            )
    return sum(map(math.prod, shapes))


def _shapes(file: Path, shown: str) -> list[list[int]]:
    damaged = say(
        "{name} of {shown} is not a whole safetensors file; download it again",
        name=file.name,
        shown=shown,
    )
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
            if start == b"version ":
                raise EncoderError(
                    "{name} of {shown} is a git-lfs pointer, not the weights; run `git lfs pull` "
                    "in its folder",
                    name=file.name,
                    shown=shown,
                )
            length, size = int.from_bytes(start, "little"), os.fstat(stream.fileno()).st_size
            if length > size:
                raise EncoderError(damaged)
            if length > LARGEST_HEADER:
                raise EncoderError(
                    "{name} of {shown} has a header of {length:,} bytes; up to {most:,} "
                    "are read. Choose another encoder",
                    name=file.name,
                    shown=shown,
                    length=length,
                    most=LARGEST_HEADER,
                )
            header = json.loads(stream.read(length))
        shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        if any(len(shape) > MOST_DIMENSIONS or min(shape, default=0) < 0 for shape in shapes):
            raise EncoderError(damaged)
        if sum(map(math.prod, shapes)) > size:  # a number takes a byte or more
            raise EncoderError(damaged)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderError(damaged) from error
    return shapes


def _figures(config: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """(name, figure) at any depth; a list's figures have its name, a table counts as its length."""
    todo: list[tuple[str, Any]] = list(config.items())
    while todo:
        name, value = todo.pop()
        if isinstance(value, dict):
            yield name, len(value)
            todo += value.items()
        elif isinstance(value, list):
            todo += ((name, part) for part in value)
        elif isinstance(value, int | float):
            yield name, float(min(value, 10**300))


def _too_large(file: Path, shown: str, most: str) -> EncoderError:
    return EncoderError(
        "{name} of {shown} is larger than {most!s}; download it again",
        name=on_one_line(file.name),
        shown=shown,
        most=most,
    )
