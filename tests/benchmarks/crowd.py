"""A crowd before a public server: how long they wait, what goes wrong, what memory it takes.

``python -m tests.benchmarks.crowd`` starts the server as the README does and lets 50 visitors look
at finished runs for five minutes, 10 of whom upload sentences and run them again and again.

A view change is timed from what the page sends to the end of what it gets; a browser's drawing is
not in it. Memory is what processes have for themselves: pages of mapped files are not counted.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from websockets.exceptions import ConnectionClosed

from tests.benchmarks.hosted import fill, server, troubles
from tests.benchmarks.memory import grown, resident
from tests.benchmarks.visitor import Visitor, table

STORED = 12  # finished runs to look at
PACE = (4.0, 12.0)  # seconds that somebody looks at a view


@dataclass
class Seen:
    """What came of it so far."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """Of view changes by kind, while somebody's run computed,"""
    idle: list[float] = field(default_factory=list)
    """and of all while none did."""
    polls: list[float] = field(default_factory=list)
    """Of looks at a run's progress."""
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    """(seconds since the start, MB of the server, MB of its workers)."""
    errors: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    computing: int = 0
    """Visitors who wait for a run now."""

    def note(self, kind: str, seconds: float) -> None:
        """A view has changed."""
        if self.computing:
            self.seconds.setdefault(kind, []).append(seconds)
        else:
            self.idle.append(seconds)

    @property
    def changes(self) -> int:
        """View changes of all."""
        return len(self.idle) + sum(map(len, self.seconds.values()))

    def report(self) -> dict[str, Any]:
        """All of it in a few figures."""
        every = sorted(s for kind in self.seconds.values() for s in kind)
        begin, end = grown(self.memory) if self.memory else ([], [])
        return {
            "view changes": len(every),
            "p50": _quantile(every, 0.5),
            "p95": _quantile(every, 0.95),
            "longest": _quantile(every, 1.0),
            "p95 by view": {k: _quantile(sorted(v), 0.95) for k, v in sorted(self.seconds.items())},
            "p95 while none computes": _quantile(sorted(self.idle), 0.95),
            "p95 of polls": _quantile(sorted(self.polls), 0.95),
            "runs done": self.runs,
            "errors": dict(self.errors),
            "MB at first": [round(mb) for mb in self.memory[0][1:]] if self.memory else [],
            "MB warm": begin,
            "MB at the end": end,
        }


def _quantile(values: list[float], share: float) -> float | None:
    return round(values[min(len(values) - 1, int(share * len(values)))], 3) if values else None


Step = Callable[[Visitor, random.Random], Awaitable[float]]


def steps(visitor: Visitor, runs: list[str], choice: random.Random) -> tuple[str, Awaitable[float]]:
    """What somebody does next, by what is on the page, and its kind."""
    on_page = [key for key in ("layer", "pooling", "evidence", "method") if key in visitor.widgets]
    if on_page and choice.random() < 0.6:
        key = choice.choice(on_page)
        if key == "layer":
            slider = visitor.widgets[key]
            return "layer", visitor.slide(key, choice.randint(int(slider.min), int(slider.max)))
        return key, visitor.choose(key, choice.choice(visitor.options(key)))
    path = choice.choices(("layers", "map", "inside", "data", "runs", "start"), (4, 3, 2, 1, 1, 1))[
        0
    ]
    if choice.random() < 0.4:
        return f"open {path}", visitor.go(path, f"run={choice.choice(runs)}")
    return path, visitor.go(path)


async def looks(visitor: Visitor, seen: Seen, runs: list[str], seed: int, until: float) -> None:
    """Look at finished runs at a person's pace."""
    choice = random.Random(seed)
    await asyncio.sleep(choice.uniform(0, PACE[0]))
    await visitor.open()
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, choice.uniform(*PACE)))
        kind, step = steps(visitor, runs, choice)
        seen.note(kind, await step)


async def submits(visitor: Visitor, seen: Seen, runs: list[str], seed: int, until: float) -> None:
    """Upload sentences, run them, follow the run, look at it; again."""
    choice = random.Random(seed)
    await asyncio.sleep(choice.uniform(0, PACE[1]))
    await visitor.open()
    while time.monotonic() < until:
        seen.note("data", await visitor.go("data"))
        seen.note("source", await visitor.choose("source", "Upload a CSV"))
        text = table(choice.randint(60, 120), choice)
        seen.note("upload", await visitor.upload("file", "mine.csv", text))
        await asyncio.sleep(choice.uniform(*PACE))
        seen.computing += 1
        try:
            seen.note("run", await visitor.press("Run probes"))
            await follows(visitor, seen, until)
        finally:
            seen.computing -= 1
        for _ in range(4):
            if time.monotonic() < until:
                await asyncio.sleep(choice.uniform(*PACE))
                kind, step = steps(visitor, runs, choice)
                seen.note(f"own {kind}" if not kind.startswith("open") else kind, await step)


async def follows(visitor: Visitor, seen: Seen, until: float) -> None:
    """Watch a run until it is done, as its page does."""
    if not visitor.polls:
        seen.errors["a run did not start"] += 1
    while visitor.polls and time.monotonic() < until:
        seconds = await visitor.poll()
        if seconds is not None:
            seen.polls.append(seconds)
    seen.runs += not visitor.polls


async def crowd(port: int, runs: list[str], asked: argparse.Namespace, seen: Seen) -> None:
    """Let them all come, until the time is over."""
    until = time.monotonic() + 60 * asked.minutes

    async def one(number: int) -> None:
        visitor = Visitor(port)
        act = submits if number < asked.submitting else looks
        try:
            await act(visitor, seen, runs, asked.seed * 1000 + number, until)
        except (OSError, TimeoutError, ConnectionClosed, KeyError) as error:
            seen.errors[f"visitor lost: {error!r:.200}"] += 1
        finally:
            seen.errors.update(visitor.errors)
            with suppress(Exception):
                await visitor.close()

    await asyncio.gather(*(one(number) for number in range(asked.sessions)))


async def watched(port: int, process: psutil.Process, *rest: Any) -> None:
    """The crowd, with the memory of the server and of what it started beside it."""
    runs, asked, seen = rest
    began = time.monotonic()

    async def watch() -> None:
        while True:
            workers = sum(map(resident, process.children(recursive=True)))
            seen.memory.append((time.monotonic() - began, resident(process), workers))
            await asyncio.sleep(1.0)

    watching = asyncio.create_task(watch())
    await crowd(port, runs, asked, seen)
    watching.cancel()


def with_crowd(asked: argparse.Namespace) -> dict[str, Any]:
    """The whole of it; what came of it."""
    seen = Seen()
    with tempfile.TemporaryDirectory() as scratch:
        home, log = Path(scratch) / "home", Path(scratch) / "log"
        home.mkdir()
        runs = fill(home, STORED)
        with server(home, log, PROBING_RUNS_PER_HOUR="200") as (port, process):
            before = process.cpu_times()
            asyncio.run(watched(port, process, runs, asked, seen))
            after = process.cpu_times()
        seen.errors.update(troubles(log))
    used = after.user + after.system - before.user - before.system
    about = {
        "sessions": asked.sessions,
        "server's share of a core": round(used / (60 * asked.minutes), 2),
        "its CPU seconds a view change": round(used / max(1, seen.changes), 3),
    }
    return {**about, **seen.report()}


def main() -> None:
    """Let them come, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=50, help="visitors at once (default: 50)")
    parser.add_argument("--submitting", type=int, default=10, help="of whom so many run sentences")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    print(json.dumps(with_crowd(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
