"""Looking at a checkpoint's folder before anything of it is loaded.

Nothing here runs code of the checkpoint or allocates by its figures: the config is read as JSON
and the weights by their safetensors headers. Needs no torch.
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probing.errors import EncoderError

from .messages import on_one_line

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_LARGEST_JSON = 5_000_000
_LARGEST_HEADER = 100_000_000
_MOST_LABELS = 100_000
_POOLING_MODES = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max"}
_SAFE = (
    "save it as safetensors first: "
    "AutoModel.from_pretrained(…).save_pretrained(folder), where you trust it"
)


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a config and safetensors weights, and may be loaded."""

    folder: Path
    """Absolute path."""
    shown: str
    """How messages call it."""
    config: dict[str, Any]
    """config.json as it is in the file."""
    weights: tuple[Path, ...]
    """The safetensors files, in the order of their names."""
    stored: int
    """Numbers stored in them (heads included)."""


def inspect_folder(folder: Path, shown: str) -> Checkpoint:
    """Read config and headers of the checkpoint in ``folder``, called ``shown`` in messages.

    Raises EncoderError for a folder without config or safetensors weights, with pickles only,
    with links that leave it, with an adapter or quantised weights, or with damaged files.
    """
    _refuse_entries(folder, shown)
    names = sorted(entry.name for entry in folder.iterdir())
    if "adapter_config.json" in names:
        raise EncoderError(
            f"{shown} holds an adapter (adapter_config.json), not a whole encoder; merge it into "
            "its base model and save that"
        )
    if "config.json" not in names:
        raise EncoderError(
            f"{shown} has no config.json ({_listed(names)}); give a folder written by "
            "transformers' save_pretrained, or the subfolder that is one"
        )
    config = read_json(folder / "config.json", shown)
    _refuse_config(config, shown)
    weights = weight_files(folder, shown)
    stored = sum(_numbers_stored(file, shown) for file in weights)
    return Checkpoint(folder, shown, config, weights, stored)


def weight_files(folder: Path, shown: str) -> tuple[Path, ...]:
    """The safetensors files of the encoder in ``folder``; EncoderError where there are none."""
    if (folder / _WEIGHTS).is_file():
        return (folder / _WEIGHTS,)
    if (folder / _INDEX).is_file():
        files = tuple(folder / name for name in indexed_names(folder / _INDEX, shown))
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise EncoderError(
                f"{shown} lacks {', '.join(missing[:3])}, which its {_INDEX} names; "
                "download it again"
            )
        return files
    names = sorted(entry.name for entry in folder.iterdir())
    raise EncoderError(no_safetensors(names, shown))


def no_safetensors(names: list[str], shown: str) -> str:
    """The message for a checkpoint whose files ``names`` include no safetensors weights."""
    pickles = [name for name in names if name.endswith(_PICKLES) and "training_args" not in name]
    if pickles:
        pickle = on_one_line(pickles[0])
        return (
            f"{shown} has its weights only as {pickle}, a format that may run code or that "
            f"is not for torch; only safetensors is loaded. {_SAFE[0].upper()}{_SAFE[1:]}"
        )
    return f"{shown} has no {_WEIGHTS} ({_listed(names)}); {_SAFE}"


def indexed_names(index: Path, shown: str) -> list[str]:
    """Names of the weight files in a safetensors index: plain names within the same folder."""
    weight_map = read_json(index, shown).get("weight_map")
    names = set(weight_map.values()) if isinstance(weight_map, dict) else set()
    plain = all(
        isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name
        for name in names
    )
    if not names or not plain or any("\\" in name for name in names):
        raise EncoderError(
            f"{_INDEX} of {shown} does not name safetensors files of its own folder; "
            "download the encoder again"
        )
    return sorted(names)


def sentence_pooling(checkpoint: Checkpoint) -> str | None:
    """How sentence-transformers pools this encoder, e.g. ``"mean"``; None where it says nothing."""
    file = checkpoint.folder / "1_Pooling" / "config.json"
    if not file.is_file():
        return None
    settings = read_json(file, checkpoint.shown)
    old = (name for name in _POOLING_MODES if settings.get(f"pooling_mode_{name}") is True)
    mode = settings.get("pooling_mode") or next(old, None)
    return _POOLING_MODES.get(str(mode), str(mode)[:40]) if mode else None


def _refuse_entries(folder: Path, shown: str) -> None:
    """Links may stay in the folder, or in the repository's folder of the hub's cache; the rest are
    files and folders: reading a pipe would never end."""
    root = folder.resolve()
    allowed = root
    if root.parent.name == "snapshots" and root.parent.parent.name.startswith("models--"):
        allowed = root.parent.parent
    for entry in (*folder.iterdir(), *folder.glob("1_Pooling/*")):
        if entry.is_symlink() and not entry.resolve().is_relative_to(allowed):
            raise EncoderError(
                f"{on_one_line(entry.name)} of {shown} is a link that leads out of the folder; "
                "put the file itself there"
            )
        if entry.exists() and not entry.is_file() and not entry.is_dir():
            raise EncoderError(
                f"{on_one_line(entry.name)} of {shown} is neither a file nor a folder; remove it"
            )


def _refuse_config(config: dict[str, Any], shown: str) -> None:
    if not isinstance(config.get("model_type"), str):
        raise EncoderError(
            f"config.json of {shown} names no model_type; give an encoder saved by transformers"
        )
    if config.get("quantization_config") is not None:
        raise EncoderError(
            f"{shown} is quantised (quantization_config in its config.json), which changes what "
            "its vectors are; give the original in 32 or 16 bits"
        )
    labels = _largest_label_number(config)
    if labels > _MOST_LABELS:
        raise EncoderError(
            f"config.json of {shown} says num_labels = {labels:.6g}; up to {_MOST_LABELS:,} are "
            "read. Remove the entry: an encoder needs no labels"
        )
    if config.get("transformers_weights") is not None:
        raise EncoderError(
            f"config.json of {shown} redirects to other weights (transformers_weights); "
            f"remove the entry and call the weights {_WEIGHTS}"
        )


def _largest_label_number(config: dict[str, Any]) -> float:
    """The largest ``num_labels`` at any depth: transformers makes a name for each label at once."""
    found, todo = 0.0, list[Any]([config])
    while todo:
        part = todo.pop()
        values = part.items() if isinstance(part, dict) else enumerate(part)
        for name, value in values:
            if isinstance(value, dict | list):
                todo.append(value)
            elif str(name).endswith("num_labels") and isinstance(value, int | float):
                found = max(found, float(min(value, 10**300)))
    return found


def read_json(file: Path, shown: str) -> dict[str, Any]:
    """The object in a JSON file of a checkpoint. Raises EncoderError for anything else."""
    try:
        if file.stat().st_size > _LARGEST_JSON:
            raise EncoderError(
                f"{file.name} of {shown} is larger than {_LARGEST_JSON:,} bytes; download it again"
            )
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(
            f"{file.name} of {shown} cannot be read as JSON ({error}); download it again"
        ) from error
    if not isinstance(value, dict):
        raise EncoderError(f"{file.name} of {shown} is not a JSON object; download it again")
    return value


def _numbers_stored(file: Path, shown: str) -> int:
    """Numbers in a safetensors file, from its header; EncoderError where the header is not one."""
    damaged = f"{file.name} of {shown} is not a whole safetensors file; download it again"
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
            if start == b"version ":
                raise EncoderError(
                    f"{file.name} of {shown} is a git-lfs pointer, not the weights; "
                    "run `git lfs pull` in its folder"
                )
            length = int.from_bytes(start, "little")
            if length > min(_LARGEST_HEADER, os.fstat(stream.fileno()).st_size):
                raise EncoderError(damaged)
            header = json.loads(stream.read(length))
        return sum(
            math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__"
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderError(damaged) from error


def _listed(names: list[str]) -> str:
    if not names:
        return "it is empty"
    shown = ", ".join(on_one_line(name) for name in names[:6])
    return f"it has: {shown}{', …' if len(names) > 6 else ''}"
