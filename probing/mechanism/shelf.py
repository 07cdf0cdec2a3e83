"""Where in a run's folder it is kept what was measured inside its encoder: ``mechanism/``.

``inside.json`` holds the figures, ``readers.npz`` the fixed probes. Both are replaced at once, so
that a reader sees the old or the new.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args, get_origin

from probing.errors import RunFolderError
from probing.mechanism.readers import Readers
from probing.mechanism.values import Inside, Look, Missing

FOLDER = "mechanism"
INSIDE = "inside.json"
READERS = "readers.npz"
FORMAT = 1
"""Of ``inside.json``; another is as if it were not there, and is made anew."""


def save(folder: Path, inside: Inside) -> None:
    """Keep figures beside the run in ``folder``."""
    text = json.dumps(
        {"format": FORMAT, "inside": asdict(inside)}, ensure_ascii=False, indent=1, allow_nan=False
    )
    _replace(folder / FOLDER / INSIDE, lambda path: path.write_text(text + "\n", encoding="utf-8"))


def save_readers(folder: Path, readers: Readers) -> None:
    """Keep fixed probes beside the run in ``folder``."""
    _replace(folder / FOLDER / READERS, readers.save)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write(temporary)
    temporary.replace(path)


def load(folder: Path) -> Inside | None:
    """What was measured so far; None where nothing was, or by another version.

    Raises RunFolderError for a damaged file.
    """
    path = folder / FOLDER / INSIDE
    if not path.is_file():
        return None
    import cattrs

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        return cattrs.structure(content["inside"], Inside)
    except Exception as error:
        raise _damaged(path, error) from error


def load_readers(folder: Path) -> Readers | None:
    """The fixed probes of the run in ``folder``; None where there are none yet."""
    path = folder / FOLDER / READERS
    if not path.is_file():
        return None
    try:
        return Readers.load(path)
    except Exception as error:
        raise _damaged(path, error) from error


def look_from_json(value: Mapping[str, Any]) -> Look:
    """The ``Look`` whose ``asdict`` went through JSON."""
    from cattrs import Converter

    converter = Converter()

    def structure(value: Any, union: Any) -> Any:
        """A tuple came as a list, ``Missing`` as a mapping."""
        of = (
            Missing
            if isinstance(value, Mapping)
            else next(t for t in get_args(union) if t != Missing)
        )
        return converter.structure(value, of)

    converter.register_structure_hook_func(_tuple_or_missing, structure)
    return converter.structure(value, Look)


def _tuple_or_missing(of: Any) -> bool:
    parts = get_args(of)
    return Missing in parts and any(get_origin(part) is tuple for part in parts)


def _damaged(path: Path, error: Exception) -> RunFolderError:
    return RunFolderError(
        "{path!s} is damaged ({error}). Delete that file; it is made again.",
        path=path,
        error=type(error).__name__,
    )
