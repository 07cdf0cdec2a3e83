"""A few of the crowd of ``tests.benchmarks.crowd``, in a hurry: nothing goes wrong."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.Element_pb2 import Element

from tests.benchmarks.crowd import Seen, steps
from tests.benchmarks.hosted import fill, server, troubles
from tests.benchmarks.memory import grown
from tests.benchmarks.visitor import Visitor, table


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def shared(home: Path) -> list[str]:
    """Finished runs that anybody may look at."""
    return fill(home, 3)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def port(home: Path, shared: list[str], log: Path) -> Iterator[int]:
    with server(home, log) as (found, process):
        yield found
        assert process.is_running(), log.read_text()
        assert not troubles(log)


@pytest.mark.slow
def test_many_look_at_once_and_nothing_goes_wrong(port: int, shared: list[str]) -> None:
    """Who looks at a run that is shared sees all its views, whatever others do."""

    async def hurries(seed: int) -> Visitor:
        visitor, choice = Visitor(port), random.Random(seed)
        await visitor.open(f"run={shared[seed % 3]}")
        assert visitor.charts == 2, "the first page"
        assert set(visitor.pages) >= {"data", "layers", "map", "inside", "runs"}
        await visitor.go("layers")
        assert visitor.charts >= 3
        assert {"layer", "pooling", "evidence"} <= set(visitor.widgets)
        await visitor.slide("layer", 2)
        await visitor.choose("pooling", visitor.options("pooling")[-1])
        for _ in range(4):
            await steps(visitor, shared, choice)[1]
        await visitor.close()
        return visitor

    async def all_of_them() -> list[Visitor]:
        return await asyncio.gather(*(hurries(seed) for seed in range(6)))

    visitors = asyncio.run(all_of_them())
    assert [visitor.errors for visitor in visitors] == [[]] * 6
    assert len({visitor.id for visitor in visitors}) == 6


@pytest.mark.slow
def test_one_uploads_and_follows_while_another_sees_nothing_of_it(
    port: int, shared: list[str]
) -> None:
    async def flow() -> tuple[Visitor, Visitor]:
        mine, other = Visitor(port), Visitor(port)
        await mine.open()
        await mine.go("data")
        await mine.choose("source", "Upload a CSV")
        await mine.upload("file", "mine.csv", table(40, random.Random(0)))
        assert "text:" in " ".join(mine.widgets), "the columns of the file are offered"
        await mine.press("Run probes")
        assert mine.query.startswith("run="), "its link is in the address"
        assert mine.polls, "the page follows the run"
        await other.open()
        await other.go("layers", mine.query)
        assert "Show the sample run" in other.widgets, "nobody else's business"
        assert not other.polls
        await mine.poll()
        assert mine.polls, "and goes on following"
        for visitor in (mine, other):
            await visitor.close()
        return mine, other

    assert [visitor.errors for visitor in asyncio.run(flow())] == [[], []]


def test_what_goes_wrong_on_a_page_would_be_seen(tmp_path: Path) -> None:
    visitor = Visitor(0)
    for kind in ("exception", "error", "info"):
        element = Element()
        if kind == "exception":
            element.exception.type = "ZeroDivisionError"
        else:
            element.alert.body = kind
            element.alert.format = getattr(element.alert, kind.upper())
        visitor._see(element)
    assert visitor.errors == ["exception: ZeroDivisionError", "said: error"]
    log = tmp_path / "log"
    log.write_text('{"level": "info", "event": "run"}\nTraceback (most recent call last):\n')
    assert sum(troubles(log).values()) == 1


def test_growth_is_of_the_time_after_warming_up() -> None:
    memory = [(float(i), 10.0 * min(i, 20), 100.0 if i < 90 else 110.0) for i in range(101)]
    assert grown(memory) == ([200.0, 100.0], [200.0, 110.0])
    seen = Seen(memory=memory)
    seen.note("map", 3.0)
    seen.computing = 1
    for i in range(100):
        seen.note("layers", i / 100)
    found = seen.report()
    assert (found["p50"], found["p95"], found["p95 while none computes"]) == (0.5, 0.95, 3.0)
