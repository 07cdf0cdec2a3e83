"""Questions to the hub, asked in the background: a page waits for an answer, and may be left.

What was answered is kept for some minutes, so that coming back, or a click that interrupts the
page, asks nothing anew.
"""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import streamlit as st

KEPT, FAILED = 600.0, 20.0
"""Seconds that an answer, and a refusal, is remembered."""
MOST = 32
"""Answers remembered."""
_LOOK = 0.2  # seconds between two looks


class Questions:
    """What was asked, by key. Safe from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._asked: dict[Hashable, tuple[Future[Any], float]] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="hub")

    def ask(self, key: Hashable, answer: Callable[[], Any]) -> Future[Any]:
        """The answer that is known or under way for ``key``, else that of ``answer()``, begun."""
        with self._lock:
            found = self._asked.get(key)
            if found is not None and not self._stale(*found):
                return found[0]
            future = self._pool.submit(answer)
            self._asked.pop(key, None)
            self._asked[key] = (future, self._clock())
            while len(self._asked) > MOST:
                del self._asked[next(iter(self._asked))]
            return future

    def forget(self, key: Hashable) -> None:
        """Let go of an answer, such as a file that was taken."""
        with self._lock:
            self._asked.pop(key, None)

    def _stale(self, future: Future[Any], since: float) -> bool:
        if not future.done():
            return False
        return self._clock() - since > (KEPT if future.exception() is None else FAILED)


questions = Questions()
"""Those of this process."""


def wait(future: Future[Any], words: str) -> Any:
    """The answer, with a spinner until it is there; raises what the question raised.

    A click meanwhile ends the wait, not the question: Streamlit stops the script at the next thing
    that it draws.
    """
    if future.done():
        return future.result()
    with st.spinner(words):
        spot = st.empty()
        while not future.done():
            spot.empty()
            time.sleep(_LOOK)
    return future.result()
