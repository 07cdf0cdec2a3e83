"""Writes the generated probing tasks, `probing_tasks/<task>.csv` beside this script.

    python data/generate.py           write the files anew (always the same bytes)
    python data/generate.py --check   compare with the files on disk; exit 1 where they differ

Needs the standard library only, and may be called from any folder.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from pathlib import Path

from grammar import Grammar, repeats, spell
from tasks import TASKS, Task

ROWS = 1200
"""Sentences per task, shared equally by its classes."""
SEED = 2024
FOLDER = Path(__file__).resolve().parent / "probing_tasks"


def sentences(task: Task, seed: int = SEED) -> list[tuple[str, str]]:
    """`ROWS` sentences with their labels, no two alike, in random order."""
    # A seed per task: adding a task, or changing one, leaves the other files as they are.
    rng = random.Random(f"{seed} {task.name}")
    grammar = Grammar(rng)
    rows: list[tuple[str, str]] = []
    seen: set[tuple[str, ...]] = set()
    while len(rows) < ROWS:
        label = task.labels[len(rows) % len(task.labels)]
        phrase = task.write(grammar, label)
        if phrase is None or repeats(phrase):
            continue
        text = spell(phrase)
        # Two orders of the same words would be twins: a bag of words that has learnt the one would
        # be certain of the other's label, and wrong, so the check would fall *below* chance.
        bag = tuple(sorted(text.casefold().rstrip(".").replace(",", "").split()))
        if bag not in seen:
            seen.add(bag)
            rows.append((text, label))
    rng.shuffle(rows)
    return rows


def as_csv(rows: list[tuple[str, str]]) -> bytes:
    """The rows under the header `text,label`, in UTF-8, lines ended by a line feed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([("text", "label"), *rows])
    return buffer.getvalue().encode("utf-8")


def main() -> int:
    """Write or check all files; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files on disk")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    status = 0
    for task in TASKS:
        path = FOLDER / f"{task.name}.csv"
        content = as_csv(sentences(task))
        if not check:
            path.write_bytes(content)
        elif not path.is_file() or path.read_bytes() != content:
            sys.stderr.write(f"{path.name} differs; run python data/generate.py\n")
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main())
