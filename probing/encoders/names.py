"""What a person meant by the name of an encoder: the bundled one, a hub id, or a folder."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from probing.errors import EncoderError
from probing.language import say

from .bundled import BUNDLED

_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"{_PART}(?:/{_PART})?")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_PATH_STARTS = ("/", "./", "../", "~") + ((".\\", "..\\", "\\") if os.sep == "\\" else ())
_ALLOWED = say(
    "give {bundled} (the bundled one), a hub id such as google-bert/bert-base-uncased, or a "
    "folder written as a path such as ./my-encoder",
    bundled=BUNDLED,
)


@dataclass(frozen=True)
class Target:
    """An encoder as it was meant."""

    source: Literal["bundled", "hub", "folder"]
    """Where it lies."""
    id: str
    """How it is called: a hub id, the bundled id, or the last part of a folder's name."""
    folder: Path | None = None
    """The folder, absolute, where ``source`` is ``"folder"``."""


def understand(name: str | os.PathLike[str]) -> Target:
    """What ``name`` means. A bare name is never a folder; a folder is written as a path.

    Raises EncoderError for a name that is none of the three, for a folder that does not exist,
    and for a hub id that is also a folder here, where nobody can tell which one was meant.
    """
    text = os.fspath(name)
    if isinstance(name, str) and text in (BUNDLED, "bundled"):
        return Target("bundled", BUNDLED)
    if not text.strip() or not text.isprintable() or len(text) > 4000:
        raise EncoderError(
            "{text} is not the name of an encoder; {allowed!s}", text=_short(text), allowed=_ALLOWED
        )
    if not isinstance(name, str) or _is_path(text):
        return _folder(text)
    if not _HUB_ID.fullmatch(text) or "--" in text or ".." in text or text.endswith(".git"):
        raise EncoderError(
            "{text} is neither a hub id nor a path; {allowed!s}",
            text=_short(text),
            allowed=_ALLOWED,
        )
    if os.path.lexists(text):
        raise EncoderError(
            "{text!r} is a folder or file here and could also be a hub id; write ./{text} for "
            "what lies here, or rename it to get the model of that name from the hub",
            text=text,
        )
    return Target("hub", text)


def check_revision(revision: str | None, source: str) -> None:
    """Refuse a revision that git could not name, or one of something that has none."""
    if revision is None:
        return
    if source != "hub":
        raise EncoderError(
            "revision {revision} was given, but only encoders from the hub have revisions; leave "
            "it out",
            revision=_short(revision),
        )
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise EncoderError(
            "{revision} is not a revision; give a branch, a tag or a commit, e.g. main",
            revision=_short(revision),
        )


def _is_path(text: str) -> bool:
    many_parts = text.replace(os.sep, "/").count("/") > 1 and "://" not in text
    return text in (".", "..") or text.startswith(_PATH_STARTS) or many_parts or os.path.isabs(text)


def _folder(text: str) -> Target:
    try:
        folder = Path(text).expanduser().absolute()
        exists, is_folder = folder.exists(), folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise EncoderError(
            "the path {text} cannot be read: {error}", text=_short(text), error=error
        ) from error
    if not exists:
        raise EncoderError(
            "the folder {text} does not exist; {allowed!s}", text=_short(text), allowed=_ALLOWED
        )
    if not is_folder:
        raise EncoderError(
            "{text} is a file; give the folder that holds config.json, the tokenizer and "
            "model.safetensors",
            text=_short(text),
        )
    return Target("folder", folder.resolve().name or "encoder", folder)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
