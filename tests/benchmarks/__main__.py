"""All benchmarks, one process after another: ``make bench``, or ``python -m tests.benchmarks``.

Prints the table of README.md and writes it to ``results.json`` beside this file, for the next
change to be compared with.
"""

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from tests.benchmarks.measure import Row, printed

NAMES = ("solver", "extraction", "maps", "inside", "whole", "layers", "sharing")
RESULTS = Path(__file__).with_name("results.json")
CHILD = (
    "import json, sys; from dataclasses import asdict; from importlib import import_module; "
    "rows = import_module(f'tests.benchmarks.{sys.argv[1]}').rows(sys.argv[2] == 'quick'); "
    "print('\\n' + json.dumps([asdict(row) for row in rows]))"
)


def measured(name: str, quick: bool) -> list[Row]:
    """The rows of one benchmark, from a process of its own."""
    command = [sys.executable, "-c", CHILD, name, "quick" if quick else "whole"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="|".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="smaller, and not kept")
    asked = parser.parse_args()
    rows: list[Row] = []
    for name in asked.names:
        part = measured(name, asked.quick)
        rows += part
        if not asked.quick:
            keep(name, part)
    print(printed(rows))


def keep(name: str, rows: list[Row]) -> None:
    """Put one benchmark's rows into the file, as soon as they are there."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machine = {"machine": platform.machine(), "torch": torch.__version__}
    kept[name] = {**machine, "rows": [{**asdict(r), "ratio": r.ratio} for r in rows]}
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
