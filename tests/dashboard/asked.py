"""A page, or a route beside Streamlit's own, as a browser asks for it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

PAGE = str(Path(__file__).resolve().parents[2] / "dashboard" / "page.py")


def opened(view: str = "", **query: str) -> AppTest:
    """A view of the whole page with what the link says; "" is the first one."""
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update(query)
    if view:  # pages of st.navigation have no file that ``switch_page`` could name
        page._page_hash = calc_hash(view)
    page.run()
    assert not page.exception
    return page


def sent(page: AppTest) -> bytes:
    """All that the server sent for a page: texts, tables, charts, options."""
    parts = []

    def walk(node: object) -> None:
        proto = getattr(node, "proto", None)
        if proto is not None:
            parts.append(proto.SerializeToString())
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(page._tree)
    return b"\n".join(parts)


def ask(routes: Sequence[Route], path: str) -> tuple[int, bytes, dict[str, str]]:
    """(status, body, headers) of a GET request to routes."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(Starlette(routes=list(routes))(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), headers
