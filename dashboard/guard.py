"""What stands between the network and Streamlit: headers, sizes, and pages that nobody needs.

A plain ASGI middleware, given to ``st.App``. Streamlit's own checks (XSRF, paths) stay behind it.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from dashboard import limits as allowed
from dashboard import lines, logs, metrics, preview, visitors
from dashboard.headers import security_headers
from dashboard.jobs import jobs
from probing.environment import Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OVERHEAD = 65_536  # bytes of a multipart form around its file
SMALL = 1_048_576  # bytes of any other request's body

_CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
"""Streamlit's own pages that tell strangers about the server, or run the script for them."""
_UPLOAD = "/_stcore/upload_file/"


FULL = (
    "This server has as many pages open as it can, or you have. Close some, or try again in a few "
    "minutes."
)


class _TooLarge(Exception):
    """A body that turned out larger than its sender said."""


class Guard:
    """Wraps the application."""

    def __init__(self, app: App, *, limits: Limits, base: str, held: Callable[[], int]) -> None:
        """``base``: the path that the server lies under, "" or "/probe"; ``held``: bytes of the
        uploads in memory."""
        self.app, self.limits, self.base, self.held = app, limits, base, held
        self.headers = security_headers(limits.frame_ancestors)
        self.framed = security_headers(limits.frame_ancestors, framed=True)
        self.lines = lines.Lines()
        self.coming = 0
        """Bytes of uploads that are on their way: many at once count before they are all there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on."""
        if scope["type"] != "http":
            await self._line(scope, receive, send)
            return
        send = self._with_headers(scope, send)
        path = str(scope["path"])
        if any(f"{closed}/" in f"{path}/" for closed in _CLOSED):
            await answer(send, 404, "Not found")
        elif path == f"{self.base}/ready" and scope["method"] in ("GET", "HEAD"):
            await self._ready(send)
        elif path == f"{self.base}/metrics" and scope["method"] == "GET":
            await self._metrics(scope, send)
        elif self._is_full(scope):
            metrics.count("pages_refused_total")
            await answer(send, 503, FULL)
        elif scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
        else:
            await self._with_body(scope, receive, send, upload=_UPLOAD in path)

    async def _line(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page's websocket: on a public server one of so many, at a pace."""
        if scope["type"] != "websocket" or not self.limits.public:
            await self.app(scope, receive, send)
            return
        visitor = visitor_of(scope)
        if self.lines.full(visitor):
            metrics.count("pages_refused_total")
            await receive()
            await send({"type": "websocket.close", "code": 1013})
            return
        with self.lines.opened(visitor):
            await self.app(scope, *lines.paced(receive, send))

    def _is_full(self, scope: Scope) -> bool:
        """Whether somebody opens a page that could get no line: it says so instead."""
        view = str(scope["path"]).removeprefix(self.base).strip("/")
        opens = header(scope, b"sec-fetch-dest") in ("document", "iframe")
        page = opens and (not view or view.isalpha())
        return page and self.limits.public and self.lines.full(visitor_of(scope))

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, *, upload: bool) -> None:
        """Pass on a request that brings something, where it is not too large."""
        said = header(scope, b"content-length")
        size = int(said) if re.fullmatch(r"[0-9]{1,18}", said) else 0
        most = self.limits.upload_mb * 2**20 + OVERHEAD if upload else SMALL
        if size > most:
            await self._refuse(send, 413, "size", f"At most {most:,} bytes are taken.")
            return
        if upload and scope["method"] != "DELETE":
            size = size or most  # of a stream nobody knows: it counts as the largest
            path = str(scope["path"])
            trouble = allowed.upload_trouble(
                visitor_of(scope),
                max(0, size - OVERHEAD),
                self.held() + self.coming,
                self.limits,
            )
            if trouble:
                await self._refuse_in_words(receive, send, path, size, trouble)
                return
        started, came = False, 0

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        def hear(n: int) -> None:
            nonlocal came
            came, self.coming = came + n, self.coming + n
            if upload and allowed.is_full(self.held() + self.coming, self.limits):
                raise _TooLarge

        try:
            await self.app(scope, bounded(receive, size or most, hear), noting)
        except _TooLarge:
            if not started:
                await self._refuse(send, 413, "size", f"At most {most:,} bytes are taken.")
        finally:
            self.coming -= came

    async def _refuse_in_words(
        self, receive: Receive, send: Send, path: str, size: int, words: str
    ) -> None:
        """Let a file go by, and leave it to the page to say why it was not taken.

        Streamlit's widget shows any other status than success as ``AxiosError``, without words.
        """
        metrics.count("uploads_refused_total", "rate")
        logs.event("upload_refused", reason="rate", status=202)
        bounds, more = bounded(receive, size), True
        try:
            while more:
                message = await bounds()
                more = message["type"] == "http.request" and message.get("more_body", False)
        except _TooLarge:
            await answer(send, 413, words, close=True)
            return
        allowed.refused.note(path.rpartition("/")[2], words)
        await answer(send, 202, words)

    async def _refuse(self, send: Send, status: int, reason: str, words: str) -> None:
        metrics.count("uploads_refused_total", reason)
        logs.event("upload_refused", reason=reason, status=status)
        await answer(send, status, words, close=True)

    async def _ready(self, send: Send) -> None:
        worker = jobs().worker_pid is not None
        body = json.dumps({"ready": worker, "worker": worker})
        await answer(send, 200 if worker else 503, body, "application/json")

    async def _metrics(self, scope: Scope, send: Send) -> None:
        from starlette.concurrency import run_in_threadpool

        if not metrics.may_read(header(scope, b"authorization"), self.limits):
            await answer(send, 404, "Not found")
            return
        queue = jobs()
        stored = await run_in_threadpool(metrics.stored_bytes, queue.home)
        text = metrics.text(queue.waiting, queue.worker_pid is not None, stored)
        await answer(send, 200, text, "text/plain; version=0.0.4")

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """``send`` that adds what every answer carries, and the cookie of a new visitor."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                framed = str(scope["path"]).startswith(f"{self.base}/{preview.PATH}/")
                headers = self.framed if framed else self.headers
                names = {name for name, _ in headers}
                kept = [(n, v) for n, v in message["headers"] if n.lower() not in names]
                page = any(n.lower() == b"content-type" and b"html" in v for n, v in kept)
                if page and visitors.of_cookies(cookies(scope)) is None:
                    kept.append((b"set-cookie", self._cookie(scope)))
                message["headers"] = [*kept, *headers]
            await send(message)

        return sending

    def _cookie(self, scope: Scope) -> bytes:
        return visitors.cookie(
            visitors.new_id(),
            secure=scope.get("scheme") == "https",
            framed=bool(self.limits.frame_ancestors),
            path=self.base or "/",
        ).encode()


def bounded(receive: Receive, most: int, hear: Callable[[int], None] = lambda n: None) -> Receive:
    """``receive`` that ends a body of more than ``most`` bytes, whatever its sender said.

    ``hear`` is told of the bytes that come.
    """
    came = 0

    async def receiving() -> Message:
        nonlocal came
        message = await receive()
        n = len(message.get("body", b""))
        came += n
        if came > most:
            raise _TooLarge
        hear(n)
        return message

    return receiving


def header(scope: Scope, name: bytes) -> str:
    """A request's header, "" where it has none."""
    return next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == name), "")


def cookies(scope: Scope) -> dict[str, str]:
    """A request's cookies, by name."""
    try:
        return {n: m.value for n, m in SimpleCookie(header(scope, b"cookie")).items()}
    except CookieError:
        return {}


def visitor_of(scope: Scope) -> str:
    """The visitor's id; who has none is known by the address, which is kept nowhere else."""
    client = scope.get("client")
    return visitors.of_cookies(cookies(scope)) or f"at {client[0] if client else 'nowhere'}"


async def answer(
    send: Send, status: int, text: str, kind: str = "text/plain", *, close: bool = False
) -> None:
    """A whole response. ``close``: the rest of the request is not read."""
    body = text.encode()
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
