"""Thousands of damaged files by the way that an upload takes: does anything but a refusal come out?

``python -m tests.benchmarks.attack [--files 10000] [--seed 0]``

One process. A file may be read or refused with a message for people; anything else is an escape,
printed with its name (which says how to make it again), and the exit status is 1. A file that
takes longer than ``--seconds`` counts as an escape too; a watchdog says so while it hangs.
"""

import argparse
import faulthandler
import re
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from probing import preparation
from probing.errors import ProbingError
from probing.reading import guess_columns, read_table, select
from probing.sentences import Sentences
from probing.settings import Settings
from tests.attack.mutations import mutants
from tests.benchmarks.measure import peak_memory

LONGEST_MESSAGE = 1_500
"""Characters: three lines of 60 names at most are listed, and a sentence around them."""
_OF_THE_SERVER = re.compile(
    r"Traceback|File \"|/home/|/usr/|/tmp/|/work/|site-packages|0x[0-9a-f]{8}"
)


@dataclass
class Tally:
    """What became of the files so far."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """How often each error type came, with the first words of its message."""
    escaped: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def upload(data: bytes, name: str) -> Sentences:
    """The sentences a run would use, as an upload comes to them."""
    table = read_table(data, name)
    sentences = select(table, guess_columns(table))
    return preparation.prepare(sentences, Settings()).sentences


def unfit(message: str) -> str:
    """Why a message is not one for people; empty where it is."""
    if not message.strip() or len(message) > LONGEST_MESSAGE or message.count("\n") > 3:
        return f"is empty or too long ({len(message):,} characters)"
    if not message.replace("\n", "").isprintable():
        return "has characters that do not print"
    found = _OF_THE_SERVER.search(message)
    return f"says {found.group()!r}" if found else ""


def outcome(data: bytes, name: str) -> tuple[str, str]:
    """(``read``, ``refused`` or ``escaped``; the message)."""
    try:
        sentences = upload(data, name)
        for value in (*sentences.texts, *sentences.classes, *sentences.source.notices):
            value.encode()  # a lone surrogate could be stored nowhere
    except ProbingError as error:
        reason = unfit(str(error))
        return ("escaped", f"message {reason}: {error!r}") if reason else ("refused", str(error))
    except Exception:  # noqa: BLE001 - whatever comes out is the finding
        return "escaped", traceback.format_exc()
    return "read", ""


def attack(count: int, seed: int, seconds: float) -> Tally:
    """Read ``count`` mutants; more than ``seconds`` for one is an escape."""
    tally = Tally()
    for name, data in mutants(count, seed):
        faulthandler.dump_traceback_later(60)
        start = time.perf_counter()
        kind, message = outcome(data, "reviews.csv")
        took = time.perf_counter() - start
        faulthandler.cancel_dump_traceback_later()
        tally.slowest = max(tally.slowest, (took, name))
        if took > seconds:
            kind, message = "escaped", f"took {took:.1f} s"
        if kind == "read":
            tally.read += 1
        elif kind == "refused":
            tally.refused[" ".join(re.sub(r"[\d,]+|'.*?'", "…", message).split()[:9])] += 1
        else:
            tally.escaped.append(f"{name}\n{message}")
            print(f"ESCAPED {name}\n{message}", file=sys.stderr, flush=True)
    return tally


def main() -> int:
    """Attack, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="the most that one file may take"
    )
    asked = parser.parse_args()
    outcome(
        "text,label\nçà et là,b\n".encode("cp1252") * 9, "first.csv"
    )  # with all that it imports
    start = time.perf_counter()
    with peak_memory() as peak:
        tally = attack(asked.files, asked.seed, asked.seconds)
    slow, name = tally.slowest
    print(
        f"{asked.files:,} files in {time.perf_counter() - start:.0f} s: {tally.read:,} read, ",
        end="",
    )
    print(f"{tally.refused.total():,} refused, {len(tally.escaped):,} escaped")
    print(f"slowest {slow:.2f} s ({name}); memory grew by {peak.mb:.0f} MB at its peak")
    for words, times in tally.refused.most_common(25):
        print(f"{times:6,}  {words}")
    return 1 if tally.escaped else 0


if __name__ == "__main__":
    sys.exit(main())
