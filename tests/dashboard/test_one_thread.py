"""umap, numba, torch and tokenizers are not safe from two threads at once: one thread enters."""

import io
import json
import threading
from collections.abc import Callable

import numpy as np
import pytest

from dashboard import deeds, worker
from dashboard.worker import Worker
from probing.progress import silent
from probing.projections import layouts


class Entered:
    """Who came in, and whether somebody else was there."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.inside = self.most = self.count = 0
        self._lock = threading.Lock()

    def __call__(self, *arguments: object) -> None:
        with self._lock:
            self.threads.add(threading.get_ident())
            self.count += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        threading.Event().wait(0.02)  # long enough for another to come in, if one could
        with self._lock:
            self.inside -= 1


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Entered:
    """Everything heavy that a worker does, counted instead of done."""
    found = Entered()
    monkeypatch.setattr(deeds, "KINDS", dict.fromkeys(deeds.KINDS, found))
    for name in ("_warm_encoder", "_warm_probe", "_warm_maps"):
        monkeypatch.setattr(worker, name, found)
    monkeypatch.setattr(threading, "Timer", lambda *a: threading.Thread(target=str))
    return found


def at_once(act: Callable[[], object]) -> None:
    """The same in five threads that begin, and end, together."""
    begin, end = threading.Barrier(5), threading.Barrier(5)

    def acts() -> None:
        begin.wait(60)
        act()
        end.wait(60)

    threads = [threading.Thread(target=acts) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_one_thread_of_the_worker_enters_the_libraries(entered: Entered) -> None:
    orders = [{"id": f"{kind}{i}", "kind": kind} for i in range(5) for kind in deeds.KINDS]
    lines = io.StringIO("".join(f"{json.dumps(order)}\n" for order in orders))
    mine = Worker(io.StringIO())
    listener = threading.Thread(target=mine.listen, args=(lines,))
    listener.start()
    mine.serve()
    listener.join()
    assert entered.count >= len(orders) == 5 * len(deeds.KINDS) >= 20
    assert entered.threads == {threading.get_ident()}, "the thread that serves, and no other"
    assert entered.most == 1


def test_a_second_thread_would_be_seen(entered: Entered) -> None:
    mine = Worker(io.StringIO())
    at_once(lambda: mine.do({"id": "a", "kind": "look"}))
    assert len(entered.threads) == 5
    assert entered.most > 1


class FakeUmap:
    """Stands in for the umap package; both of its ways in are counted."""

    def __init__(self, entered: Entered) -> None:
        self.entered = entered
        self.umap_ = self

    def UMAP(self, **options: object) -> "FakeUmap":
        return self

    def fit_transform(self, x: np.ndarray) -> np.ndarray:
        self.entered()
        return x[:, :2]

    def nearest_neighbors(
        self, x: np.ndarray, k: int, *a: object, **o: object
    ) -> tuple[np.ndarray, np.ndarray, None]:
        self.entered()
        return np.zeros((len(x), k)), np.zeros((len(x), k)), None


def test_umap_lets_one_thread_in_even_where_a_program_has_many(
    entered: Entered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library cannot know its caller's threads, and numba would end the whole process."""
    monkeypatch.setattr(layouts, "load_umap", lambda: FakeUmap(entered))
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    exact = layouts.graph_of(x)
    monkeypatch.setattr(layouts, "EXACT", 10)

    def draws() -> None:
        layouts.graph_of(x)
        layouts.umap(x, 2, 0, silent, exact, None)

    at_once(draws)
    assert (entered.count, len(entered.threads)) == (10, 5)
    assert entered.most == 1
