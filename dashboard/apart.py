"""Large files are parsed in a process of their own, so that nobody else's page waits for them.

Parsing holds the interpreter's lock: of 20 MB full of quotes and commas for ten seconds. What is
found comes back a thousand records a line of JSON, and other threads have their turn in between.
"""

import contextlib
import gc
import json
import subprocess
import sys
import threading
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from probing.errors import DataError
from probing.parsing.cells import shown
from probing.sentences import Dropped
from probing.tables import Limits, Table, read_table

SMALL = 2**20
"""Bytes that are parsed here: they take a tenth of a second, at worst half of one."""
PATIENCE = 600.0
"""Seconds after which a process is ended, whatever it waits for."""
_RECORDS = 1_000  # a line
_COMMAND = ("-m", "dashboard.apart")
_turns = threading.BoundedSemaphore(2)


def read(data: bytes, name: str, limits: Limits) -> Table:
    """The table in a file's bytes, as ``read_table`` gives it, wherever it is parsed.

    Raises ``DataError`` as that does, and for what takes too much time or memory.
    """
    if len(data) <= SMALL:
        return read_table(data, name, limits=limits)
    with _turns:
        return _read_apart(data, name, limits)


def _read_apart(data: bytes, name: str, limits: Limits) -> Table:
    process = subprocess.Popen(
        [sys.executable, *_COMMAND],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could quote the file
    )
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        head = {"name": name, "limits": asdict(limits)}
        process.stdin.write(json.dumps(head).encode() + b"\n")
        process.stdin.write(data)
        process.stdin.close()
        return _received(process.stdout)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "{name} takes more time or memory to read than this server gives one file. Give a "
            "part of its rows, or fewer columns.",
            name=shown(name, 100),
        ) from error
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        with contextlib.suppress(OSError):  # what it did not read
            process.stdin.close()
        process.wait()


def _received(answer: IO[bytes]) -> Table:
    about = json.loads(answer.readline())
    if "trouble" in about:
        trouble = str(about["trouble"])
        raise DataError(trouble)
    records: list[tuple[str, ...]] = []
    for line in answer:
        records += map(tuple, json.loads(line))
    dropped = tuple(
        Dropped(d["reason"], tuple(d["rows"]), tuple(d["lines"])) for d in about.pop("dropped")
    )
    found: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in about.items()}
    if len(records) != len(found["rows"]):
        raise ValueError("it ended before all was said")
    return Table(**found, dropped=dropped, records=tuple(records))


# ---- that process


def main() -> None:
    """Parse what comes on standard input, and say on standard output what it is."""
    gc.disable()  # nothing here is cyclic, and looking for it takes a third of the time
    head = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    _bounded(2**30 + 40 * len(data), 30 + 2 * len(data) // 10**6)  # thrice the worst
    try:
        table = read_table(data, head["name"], limits=Limits(**head["limits"]))
    except DataError as error:
        _say({"trouble": str(error)})
        return
    about: dict[str, Any] = {f.name: getattr(table, f.name) for f in fields(table)}
    records = about.pop("records")
    _say({**about, "dropped": [asdict(dropped) for dropped in table.dropped]})
    for start in range(0, len(records), _RECORDS):
        _say(records[start : start + _RECORDS])


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _bounded(memory: int, seconds: int) -> None:
    """Hold this process to bytes of memory and seconds of computing, where the system can."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
