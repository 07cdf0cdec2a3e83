"""Loading one folder after another, each in a process of its own with bounded memory and time.

``python -m tests.attack.alone`` imports what is heavy once, then reads a folder a line from
standard input and answers with a line of JSON: what became of loading it and of reading two texts.
Each is done by a fork, which may die.
"""

import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

MEMORY = 1_500_000_000
"""Bytes that loading may take beyond what the libraries have."""
SECONDS = 15
"""Of a processor."""
TEXTS = [
    "a good film",
    "the " * 100,
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    "東京 x𝒳é\u202e",
]


def try_folder(folder: Path) -> dict[str, Any]:
    """What became of it: ``outcome`` is loaded, refused or escaped."""
    from probing.encoders import load_encoder
    from probing.encoders.tokens import tokens_of
    from probing.errors import EncoderError

    try:
        encoder = load_encoder(folder)
        tokens_of(TEXTS, encoder)
        encoder.forward(encoder.tokenize(TEXTS))
    except EncoderError as error:
        return {"outcome": "refused", "said": str(error)}
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        return {"outcome": "escaped", "said": repr(error)[:500]}
    return {"outcome": "loaded", "said": " ".join(encoder.info.notices)}


def in_a_fork(folder: Path) -> dict[str, Any]:
    """``try_folder`` in a child, with its ``mb`` of memory and ``seconds``; or how it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _bounded()
        before = _peak()
        found = try_folder(folder)
        used = resource.getrusage(resource.RUSAGE_SELF)
        found |= {"mb": (_peak() - before) / 1000, "seconds": used.ru_utime + used.ru_stime}
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if said:
        return dict(json.loads(said))
    return {"outcome": "died", "said": f"status {status}", "mb": 0, "seconds": 0}


def _bounded() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(4 * SECONDS)  # what waits takes no processor
    with open(os.devnull, "w") as nowhere:  # a panic's backtrace
        os.dup2(nowhere.fileno(), 2)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Serve until standard input closes; the first line is a sound folder, loaded here."""
    warnings.simplefilter("ignore")
    from probing.encoders import load_encoder

    load_encoder(Path(sys.stdin.readline().strip()))  # imports what all need
    for line in sys.stdin:
        sys.stdout.write(json.dumps(in_a_fork(Path(line.strip()))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
