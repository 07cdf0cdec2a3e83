"""The lines of open pages of a public server: how many there are, and what comes over one.

Each open page holds a websocket, a session of Streamlit's behind it, and runs the page's script
with each message. Streamlit bounds neither their number nor their messages.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PAGES = 400
"""Open pages of all visitors, of 1 to 2 MB of memory each,"""
OWN = 40
"""and of one visitor."""
RATE, BURST = 20.0, 100.0
"""Messages a second that are read of one page for long, and at once. Further ones wait."""
WRONG = 1008  # a websocket's end: "a message that violates its policy"
QUERY = 8_192
"""Characters of a page's address after the question mark."""


class Lines:
    """Who has pages open. Of the server's event loop alone."""

    def __init__(self, most: int = PAGES, own: int = OWN) -> None:
        self.most, self.own = most, own
        self._open: Counter[str] = Counter()

    def full(self, visitor: str) -> bool:
        """Whether a visitor may open no further page now."""
        return self._open.total() >= self.most or self._open[visitor] >= self.own

    @contextmanager
    def opened(self, visitor: str) -> Iterator[None]:
        """Within the block one more page is open."""
        self._open[visitor] += 1
        try:
            yield
        finally:
            self._open[visitor] -= 1
            if not self._open[visitor]:
                del self._open[visitor]


def paced(
    receive: Receive, send: Send, clock: Callable[[], float] = time.monotonic
) -> tuple[Receive, Send]:
    """``receive`` and ``send`` of a websocket that waits where a page says too much, and ends where
    no page of ours would say such a thing: see ``_proper``."""
    left, last, ended = BURST, clock(), False

    async def receiving() -> Message:
        nonlocal left, last, ended
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            now = clock()
            left, last = min(BURST, left + RATE * (now - last)) - 1, now
            if left < 0:
                await asyncio.sleep(-left / RATE)
            proper = _proper(message)
            if proper:
                return message
            if proper is False:
                ended = True
                await send({"type": "websocket.close", "code": WRONG})
                return {"type": "websocket.disconnect", "code": WRONG}

    async def sending(message: Message) -> None:
        if not ended:
            await send(message)

    return receiving, sending


def _proper(message: Message) -> bool | None:
    """Whether a message goes on to Streamlit; None where it is passed over in silence.

    Anybody may ask Streamlit to clear the caches of all visitors, which no page of ours does. Of an
    address of megabytes, Streamlit would read each of a million parameters; a message in text makes
    it fail.
    """
    content = message.get("bytes")
    if content is None:
        return False
    try:
        asked = BackMsg.FromString(content)
    except DecodeError:
        return True  # Streamlit ends the line
    if asked.WhichOneof("type") == "clear_cache":
        return None
    return len(asked.rerun_script.query_string) <= QUERY
