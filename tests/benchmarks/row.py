"""Small runs through the queue one after another: how its memory and the worker's grow.

``python -m tests.benchmarks.row --runs 500``; ``--tiny``: by an encoder of two layers, which takes
a tenth of the time; ``--maps 2``: two more maps of each run, of kinds and cells drawn at random.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from dashboard.jobs import Jobs
from dashboard.library import Library
from probing.sentences import Sentences
from probing.settings import Settings
from tests.benchmarks.memory import grown, resident
from tests.benchmarks.visitor import table
from tests.tiny import tiny_checkpoint


def in_a_row(count: int, settings: Settings, layers: int, maps: int) -> dict[str, Any]:
    """Runs of 40 to 120 sentences through the queue of this process, each with so many ``maps``."""
    memory, states, began = [], Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["PROBING_HOME"] = scratch
        runs, jobs, choice = Library(Path(scratch)), Jobs(Path(scratch)), random.Random(0)
        for number in range(count):
            run = _begin(jobs, runs, settings, choice, f"visitor {number % 7}")
            states[_ended(jobs, run)] += 1
            for _ in range(maps):
                wanted = (choice.choice(("umap", "pca")), choice.choice((2, 3)))
                cell = (choice.randrange(1, layers), choice.choice(settings.poolings))
                states[_ended(jobs, jobs.start_map(jobs.run_folder(run), *wanted, *cell))] += 1
            worker = psutil.Process(jobs.worker_pid)
            memory.append((float(number), resident(psutil.Process()), resident(worker)))
            runs.remove(run)
            if (number + 1) % 50 == 0:
                print(f"{number + 1} runs, MB {memory[-1][1:]}", file=sys.stderr, flush=True)
        jobs.close()
    begin, end = grown(memory)
    growth = [round(100 * (b / a - 1), 1) for a, b in zip(begin, end, strict=True)]
    about = {"jobs": dict(states), "seconds a run": round((time.monotonic() - began) / count, 2)}
    return {**about, "MB warm": begin, "MB at the end": end, "growth in %": growth}


def _begin(
    jobs: Jobs, runs: Library, settings: Settings, choice: random.Random, visitor: str
) -> str:
    rows = table(choice.randint(40, 120), choice).decode().split("\n")[1:]
    texts, labels = zip(*(row.split(",") for row in rows), strict=True)
    run = jobs.start_run(Sentences(texts=texts, labels=labels), settings, visitor)
    runs.claim(run, visitor)
    return run


def _ended(jobs: Jobs, job: str) -> str:
    while not (status := jobs.status(job)) or not status.over:
        time.sleep(0.02)
    return status.state


def main() -> None:
    """Run them, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="so many (default: 100)")
    parser.add_argument("--tiny", action="store_true", help="an encoder of 2 layers")
    parser.add_argument("--maps", type=int, default=0, help="so many more maps of each run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        encoder = str(tiny_checkpoint(Path(folder))) if asked.tiny else "bundled"
        settings = Settings(encoder=encoder, poolings=("cls", "mean"))
        found = in_a_row(asked.runs, settings, 3 if asked.tiny else 7, asked.maps)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
