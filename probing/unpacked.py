"""The look at an archive that was unpacked, in a process of its own with bounded memory.

``python -m probing.unpacked FOLDER ROWS CHARACTERS`` says what is wrong with a run, as JSON.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probing import beside, store
from probing.environment import Limits
from probing.errors import ProbingError, RunFolderError
from probing.language import say
from probing.representations import POOLINGS

MEMORY = 4 * 2**30  # bytes of address space for reading a run
PATIENCE = 120.0  # seconds it may take
_HERE, _IN_IT = say("the archive"), say("the archive/{name}")  # in place of a path


def refused(reason: str) -> RunFolderError:
    """What is said of a file that is no run's archive, for some reason."""
    return RunFolderError(
        "this is not a run's archive that can be opened: {reason!s}. Give a zip file as “Export” "
        "of CLS Probe writes it.",
        reason=reason,
    )


def check_apart(folder: Path, limits: Limits) -> None:
    """Load everything in another process: native readers of files may crash or never end."""
    command = [sys.executable, "-m", "probing.unpacked", str(folder.resolve())]
    command += [str(limits.rows), str(limits.text_chars)]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said: Any = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
        trouble = said["trouble"]
    except subprocess.TimeoutExpired as error:
        raise refused(say("reading it takes too long")) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise refused(say("it cannot be read completely")) from error
    if trouble is not None:
        raise RunFolderError(str(trouble))


def check(folder: Path, rows: int, text_chars: int) -> None:
    """Read all of an unpacked run. Raises ``ProbingError`` where something does not fit."""
    from probing.mechanism import shelf

    _check_tables(folder, rows)
    run = store.load_run(folder)
    n = len(run.sentences)
    if not 0 < n <= rows:
        raise refused(say("it has {n:,} sentences, and {most:,} are allowed", n=n, most=rows))
    if max(map(len, run.sentences.texts)) > text_chars:
        raise refused(say("a sentence has more than {most:,} characters", most=text_chars))
    _check_beside(run.sentences.beside)
    _check_record(run.record)
    layers, hidden = (int(run.record["encoder"][name]) for name in ("layers", "hidden"))
    if run.representations is not None:
        for name, array in run.representations.arrays.items():
            if array.shape != (layers + 1, n, hidden) or array.dtype.str != "<f4":
                raise refused(say("representations/{name}.npy is not of this run", name=name))
    counts = [len(probe.predicted) for probe in run.probes]
    counts += [len(probe.predicted) for probe in run.regressions]
    counts += [len(map_.points) for map_ in run.projections]
    if any(count != n for count in counts):
        raise refused(say("its files are not of one run"))
    assert run.evidence is not None
    assert run.table is not None
    shelf.load(folder)


def _check_beside(found: Mapping[str, Sequence[str]]) -> None:
    """The file's other columns: as many and as long as ``reading`` keeps."""
    if len(found) > beside.MOST:
        raise refused(
            say(
                "it has {n:,} other columns, and {most} are allowed", n=len(found), most=beside.MOST
            )
        )
    for name, values in found.items():
        if max(len(name), *map(len, values)) > beside.LONGEST:
            raise refused(
                say(
                    "another column has more than {most:,} characters in a value",
                    most=beside.LONGEST,
                )
            )


def _check_tables(folder: Path, rows: int) -> None:
    """What Parquet files say of their size, before they are read."""
    from pyarrow import ArrowException, parquet

    for path in sorted(folder.rglob("*.parquet")):
        try:
            about = parquet.read_metadata(path)
        except (ArrowException, OSError) as error:
            raise refused(say("{name} is damaged", name=path.name)) from error
        if about.num_rows > rows or about.num_columns > 20_000:
            raise refused(
                say(
                    "{name} has {n:,} rows, and {most:,} are allowed",
                    name=path.name,
                    n=about.num_rows,
                    most=rows,
                )
            )


def _check_record(record: Any) -> None:
    """The numbers and words of ``run.json`` that pages show without more ado."""
    data, encoder, settings = record["data"], record["encoder"], record["settings"]
    whole = (
        *(encoder["layers"], encoder["hidden"], settings["seed"], settings["folds"]),
        *(data["rows_read"], data["rows_used"]),
    )
    words = (
        *(data["name"], encoder["id"], encoder["family_title"], encoder["head"]),
        *(settings["encoder"], encoder["pooler"]["evidence"], *record["notices"]),
    )
    made = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not (
        all(type(number) is int for number in whole)
        and all(isinstance(word, str) and len(word) < 10_000 for word in words)
        and isinstance(record["created"], str)
        and re.fullmatch(made, record["created"])
        and set(settings["poolings_used"]) <= set(POOLINGS)
    ):
        raise refused(say("{name} does not say what it should", name=store.RUN))


def _bounded() -> None:
    """Hold this process to what a run needs, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def trouble_with(folder: Path, rows: int, text_chars: int) -> str | None:
    """What is wrong with an unpacked run, for the person; None where it is whole."""
    try:
        check(folder, rows, text_chars)
    except ProbingError as error:
        return str(error).replace(str(folder), _HERE)
    except Exception as error:  # noqa: BLE001 - hostile files fail in any way
        return str(refused(say("it cannot be read ({error})", error=type(error).__name__)))
    return None


def main(arguments: list[str]) -> None:
    """Say on standard output what is wrong with an unpacked run."""
    _bounded()
    trouble = trouble_with(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    sys.stdout.write(json.dumps({"trouble": trouble}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
