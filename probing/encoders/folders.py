"""Looking at a checkpoint's folder before anything of it is loaded.

Nothing here runs code of the checkpoint or allocates by its figures: the config is read as JSON
and the weights by their safetensors headers. Needs no torch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probing.errors import EncoderError
from probing.language import say

from .checks import check_config, check_files, numbers_stored, read_json
from .messages import on_one_line

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_INNER = ("1_Pooling", "additional_chat_templates")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_POOLING_MODES = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max"}
_SAFE = say(
    "save it as safetensors first: AutoModel.from_pretrained(…).save_pretrained(folder), "
    "where you trust it"
)
_SAFE_ALONE = say(
    "Save it as safetensors first: AutoModel.from_pretrained(…).save_pretrained(folder), "
    "where you trust it"
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
            "{shown} holds an adapter (adapter_config.json), not a whole encoder; merge it into "
            "its base model and save that",
            shown=shown,
        )
    if "config.json" not in names:
        raise EncoderError(
            "{shown} has no config.json ({names!s}); give a folder written by transformers' "
            "save_pretrained, or the subfolder that is one",
            shown=shown,
            names=_listed(names),
        )
    config = read_json(folder / "config.json", shown)
    check_config(config, shown)
    weights = weight_files(folder, shown)
    stored = numbers_stored(weights, shown)
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
                "{shown} lacks {missing}, which its {index} names; download it again",
                shown=shown,
                missing=", ".join(missing[:3]),
                index=_INDEX,
            )
        return files
    names = sorted(entry.name for entry in folder.iterdir())
    raise EncoderError(no_safetensors(names, shown))


def no_safetensors(names: list[str], shown: str) -> str:
    """The message for a checkpoint whose files ``names`` include no safetensors weights."""
    pickles = [name for name in names if name.endswith(_PICKLES) and "training_args" not in name]
    if pickles:
        pickle = on_one_line(pickles[0])
        return say(
            "{shown} has its weights only as {pickle}, a format that may run code or that is "
            "not for torch; only safetensors is loaded. {safe!s}",
            shown=shown,
            pickle=pickle,
            safe=_SAFE_ALONE,
        )
    return say(
        "{shown} has no {weights} ({names!s}); {safe!s}",
        shown=shown,
        weights=_WEIGHTS,
        names=_listed(names),
        safe=_SAFE,
    )


def indexed_names(index: Path, shown: str) -> list[str]:
    """Names of the weight files in a safetensors index: plain names within the same folder."""
    weight_map = read_json(index, shown).get("weight_map")
    named = list(weight_map.values()) if isinstance(weight_map, dict) else []
    plain = all(
        isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name
        for name in named
    )
    if not named or not plain or any("\\" in name for name in named):
        raise EncoderError(
            "{index} of {shown} does not name safetensors files of its own folder; download the "
            "encoder again",
            index=_INDEX,
            shown=shown,
        )
    return sorted(set(named))


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
    files, of a size to be read, and folders: reading a pipe would never end."""
    root = folder.resolve()
    allowed = root
    if root.parent.name == "snapshots" and root.parent.parent.name.startswith("models--"):
        allowed = root.parent.parent
    entries = [*folder.iterdir(), *(file for inner in _INNER for file in folder.glob(f"{inner}/*"))]
    for entry in entries:
        if entry.is_symlink() and not _stays(entry, allowed):
            raise EncoderError(
                "{name} of {shown} is a link that leads out of the folder; put the file itself "
                "there",
                name=on_one_line(entry.name),
                shown=shown,
            )
        if entry.exists() and not entry.is_file() and not entry.is_dir():
            raise EncoderError(
                "{name} of {shown} is neither a file nor a folder; remove it",
                name=on_one_line(entry.name),
                shown=shown,
            )
    check_files(entries, shown)


def _stays(link: Path, allowed: Path) -> bool:
    try:
        return link.resolve().is_relative_to(allowed)
    except (OSError, RuntimeError):  # a link to itself
        return False


def _listed(names: list[str]) -> str:
    if not names:
        return say("it is empty")
    shown = ", ".join(on_one_line(name) for name in names[:6])
    return say("it has: {names}", names=shown + (", …" if len(names) > 6 else ""))
