"""A browser's side of Streamlit's protocol, without a browser: one websocket, one visitor.

What a page sends is read, widgets are found by key or label, and reruns are asked for as the page
in a browser would, those of fragments that follow a run among them.
"""

import asyncio
import http.client
import random
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from dashboard import visitors

PATIENCE = 60.0  # seconds that an answer may take
_WIDGETS = ("slider", "button_group", "button", "selectbox", "file_uploader")


@dataclass
class Visitor:
    """One browser window. ``errors`` are exceptions and refusals that its pages showed."""

    port: int
    id: str = field(default_factory=visitors.new_id)
    errors: list[str] = field(default_factory=list)
    widgets: dict[str, Any] = field(default_factory=dict)
    """What can be used on the page, by key, else by label."""
    polls: dict[str, float] = field(default_factory=dict)
    """Fragments that want to be run again, and after how many seconds."""
    pages: dict[str, str] = field(default_factory=dict)
    """Script hashes of the pages by path."""
    page: str = ""
    query: str = ""
    charts: int = 0
    """Charts that the last answer held."""
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _session: str = ""
    _xsrf: str = ""
    _line: ClientConnection | None = None

    async def open(self, query: str = "") -> float:
        """Come to the first page; gives seconds, as everything that waits for an answer."""
        self._xsrf = await asyncio.to_thread(self._token)
        self.query = query
        self._line = await connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            additional_headers={"Cookie": self._cookie()},
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        )
        return await self._rerun()

    async def close(self) -> None:
        """Go away."""
        if self._line is not None:
            await self._line.close()

    async def go(self, path: str, query: str | None = None) -> float:
        """Choose another page; ``query`` opens it as a link would."""
        self.page, self.query = self.pages[path], self.query if query is None else query
        self._states.clear()
        return await self._rerun()

    async def slide(self, key: str, value: float) -> float:
        """Move a slider."""
        state = self._state(key)
        state.double_array_value.data[:] = [value]
        return await self._rerun()

    async def choose(self, key: str, value: str) -> float:
        """Choose one of several options, by its words."""
        state = self._state(key)
        if hasattr(self.widgets[key], "click_mode"):
            state.string_array_value.data[:] = [value]
        else:
            state.string_value = value
        return await self._rerun()

    async def press(self, key: str) -> float:
        """Press a button."""
        state = self._state(key)
        state.trigger_value = True
        try:
            return await self._rerun()
        finally:
            self._states.pop(state.id, None)

    async def poll(self) -> float | None:
        """Wait as long as a fragment wants to and run it; None where none does."""
        if not self.polls:
            return None
        fragment, interval = next(iter(self.polls.items()))
        await asyncio.sleep(interval)
        return await self._rerun(fragment)

    async def upload(self, key: str, name: str, data: bytes) -> float:
        """Give a file to an uploader."""
        message = BackMsg()
        asked = message.file_urls_request
        asked.request_id, asked.session_id = secrets.token_hex(4), self._session
        asked.file_names.append(name)
        await self._send(message)
        while (answer := await self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        (place,) = answer.file_urls_response.file_urls
        status = await asyncio.to_thread(self._put, place.upload_url, name, data)
        if status != 204:
            self.errors.append(f"upload: {status}")
        state = self._state(key)
        about = state.file_uploader_state_value.uploaded_file_info.add()
        about.name, about.size, about.file_id = name, len(data), place.file_id
        about.file_urls.CopyFrom(place)
        return await self._rerun()

    def options(self, key: str) -> Sequence[str]:
        """What can be chosen there."""
        found = self.widgets[key].options
        return [getattr(option, "content", option) for option in found]

    # ---- the line

    def _cookie(self) -> str:
        return f"{visitors.COOKIE}={self.id}; {self._xsrf}"

    def _token(self) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as line:
            line.request("GET", "/_stcore/health")
            answer = line.getresponse()
            answer.read()
            return str(answer.headers["set-cookie"]).partition(";")[0]

    def _put(self, path: str, name: str, data: bytes) -> int:
        border = "x" + secrets.token_hex(8)
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
        body = f"--{border}\r\n{head}\r\n\r\n".encode() + data + f"\r\n--{border}--\r\n".encode()
        headers = {
            "Cookie": self._cookie(),
            "X-Xsrftoken": self._xsrf.partition("=")[2],
            "Content-Type": f"multipart/form-data; boundary={border}",
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as line:
            line.request("PUT", "/" + path.lstrip("/"), body=body, headers=headers)
            return line.getresponse().status

    def _state(self, key: str) -> WidgetState:
        widget = self.widgets[key]
        return self._states.setdefault(widget.id, WidgetState(id=widget.id))

    async def _send(self, message: BackMsg) -> None:
        assert self._line is not None
        await self._line.send(message.SerializeToString())

    async def _receive(self) -> ForwardMsg:
        assert self._line is not None
        answer = ForwardMsg()
        answer.ParseFromString(bytes(await asyncio.wait_for(self._line.recv(), PATIENCE)))  # type: ignore[arg-type]
        return answer

    async def _rerun(self, fragment: str = "") -> float:
        """Ask for a run of the script, or of a fragment, and read all that it answers."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash = self.query, self.page
        asked.fragment_id, asked.is_auto_rerun = fragment, bool(fragment)
        asked.widget_states.widgets.extend(self._states.values())
        began = time.perf_counter()
        await self._send(message)
        self.charts = 0
        while True:
            answer = await self._receive()
            kind = answer.WhichOneof("type")
            if kind == "new_session":
                self._begin(answer)
            elif kind == "navigation":
                pages = answer.navigation.app_pages
                self.pages = {p.url_pathname or "start": p.page_script_hash for p in pages}
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "auto_rerun":
                self.polls[answer.auto_rerun.fragment_id] = answer.auto_rerun.interval
            elif kind == "delta":
                for element in _elements(answer.delta):
                    self._see(element)
            elif kind == "script_finished" and answer.script_finished != _EARLY:
                return time.perf_counter() - began

    def _begin(self, answer: ForwardMsg) -> None:
        """The script starts: all of it, or some of its fragments."""
        self._session = answer.new_session.initialize.session_id or self._session
        if not answer.metadata.run.fragment_ids:
            self.page = answer.new_session.page_script_hash
            self.widgets.clear()
            self.polls.clear()

    def _see(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"exception: {element.exception.type}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"said: {element.alert.body[:200]}")
        elif kind == "plotly_chart":
            self.charts += 1
        elif kind in _WIDGETS:
            widget = getattr(element, kind)
            key = widget.id.split("-", 2)[2]
            self.widgets[widget.label if key == "None" else key] = widget


_EARLY = ForwardMsg.FINISHED_EARLY_FOR_RERUN


def _elements(delta: Any) -> Iterator[Any]:
    if delta.WhichOneof("type") == "new_element":
        yield delta.new_element


def table(n: int, choice: random.Random) -> bytes:
    """A CSV of n sentences of two classes."""
    nouns, ends = ("film", "food", "room", "staff", "book"), ("today", "again", "at last", "for us")
    lines = ["text,label"]
    for i in range(n):
        word = ("good", "bad")[i % 2]
        lines.append(f"the {choice.choice(nouns)} {i} was {word} {choice.choice(ends)},{word}")
    return "\n".join(lines).encode()
