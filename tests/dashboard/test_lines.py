"""Floods of pages, of messages and of files, against a guard without Streamlit behind it."""

import asyncio
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from dashboard import limits as allowed
from dashboard import lines
from dashboard.guard import Guard
from dashboard.lines import BURST, QUERY, RATE, Lines, paced
from dashboard.visitors import COOKIE, new_id
from probing.environment import Limits

PRIVATE, PUBLIC = Limits(), Limits(public=True)


def said(**fields: Any) -> dict[str, Any]:
    message = BackMsg()
    for name, value in fields.items():
        if name == "query":
            message.rerun_script.query_string = value
        else:
            setattr(message, name, value)
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


def scope(kind: str, visitor: str, path: str = "/", **headers: str) -> dict[str, Any]:
    given = {"cookie": f"{COOKIE}={visitor}", **headers}
    return {
        "type": kind,
        "method": "GET",
        "path": path,
        "scheme": "http",
        "client": ("10.1.2.3", 5),
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in given.items()],
    }


class Server:
    """A guard before an application that holds a page's line until it is told to let go."""

    def __init__(self, limits: Limits, *, most: int = 3, own: int = 2) -> None:
        self.guard = Guard(self.app, limits=limits, base="/probe", held=lambda: 0)
        self.guard.lines = Lines(most, own)
        self.go = asyncio.Event()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await self.go.wait()
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def ask(self, about: dict[str, Any]) -> list[Any]:
        """What is answered by the time that all is quiet."""
        answers: list[Any] = []

        async def send(message: Any) -> None:
            answers.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        task = asyncio.ensure_future(self.guard(about, receive, send))
        self.tasks = [*getattr(self, "tasks", ()), task]
        for _ in range(5):
            await asyncio.sleep(0)
        return answers


@pytest.mark.parametrize("limits", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_so_many_pages_and_no_more(limits: Limits) -> None:
    anna, ben, eva = new_id(), new_id(), new_id()
    full = "websocket.close" if limits.public else "websocket.accept"

    async def all_of_it() -> None:
        server = Server(limits)

        async def opens(visitor: str) -> str:
            return str((await server.ask(scope("websocket", visitor)))[0]["type"])

        async def page(path: str, dest: str = "document") -> int:
            asked = scope("http", eva, path, sec_fetch_dest=dest)
            return int((await server.ask(asked))[0]["status"])

        assert await opens(anna) == await opens(anna) == "websocket.accept"
        assert await opens(anna) == full, "nobody has all of them"
        assert await page("/probe/layers") == 200
        assert await opens(ben) == "websocket.accept"
        assert await opens(eva) == full
        assert (
            await page("/probe/layers") == await page("/probe/") == (503 if limits.public else 200)
        )
        assert await page("/probe/media/0123.csv") == 200, "of those who are in"
        assert await page("/probe/layers", "empty") == 200
        server.go.set()
        await asyncio.gather(*server.tasks)
        assert await opens(eva) == "websocket.accept"
        assert await page("/probe/") == 200

    asyncio.run(all_of_it())


def heard(messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, float]:
    """What goes on to Streamlit of messages sent at once, and how long that took."""
    sent: list[Any] = []
    now, coming = [0.0], iter([*messages, {"type": "websocket.disconnect", "code": 1000}])

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    async def listen() -> list[Any]:
        (receiving, sending), found = paced(receive, send, lambda: now[0]), []
        while (message := await receiving())["type"] == "websocket.receive":
            found.append(message)
        before = list(sent)
        await sending({"type": "websocket.send"})
        if message["code"] == lines.WRONG:
            assert sent == [{"type": "websocket.close", "code": lines.WRONG}], "and no more"
        else:
            assert sent == [*before, {"type": "websocket.send"}]
        return [*found, message["code"]]

    monkeypatch.setattr(lines.asyncio, "sleep", sleep)
    return asyncio.run(listen()), now[0]


def test_a_flood_of_messages_is_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = [said(query="run=1")] * 1_000
    found, seconds = heard(flood, monkeypatch)
    assert found == [*flood, 1000], "none is lost"
    assert seconds == pytest.approx((1_000 - BURST) / RATE)
    assert heard(flood[: int(BURST)], monkeypatch)[1] == 0, "a page that opens"


def test_nobody_clears_the_caches_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = said(stop_script=True)
    found, _ = heard([said(clear_cache=True), stop, said(clear_cache=True)], monkeypatch)
    assert found == [stop, 1000]


def test_an_endless_address_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    long, longer = said(query="&" * QUERY), said(query="&" * (QUERY + 1))
    assert heard([long, longer, long], monkeypatch)[0] == [long, 1008]


@pytest.mark.parametrize("odd", [{"text": "words"}, {"bytes": None, "text": "words"}])
def test_words_end_the_line(odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit fails on them, and its server logs how."""
    assert heard([{"type": "websocket.receive", **odd}], monkeypatch)[0] == [1008]


def test_what_is_no_message_is_streamlits_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"type": "websocket.receive", "bytes": b"\xff\xff"}
    assert heard([message], monkeypatch)[0] == [message, 1000]


def test_files_that_come_all_at_once_count_before_they_are_there() -> None:
    """Each of a visitor of its own; none is whole when the last one begins."""
    now = Limits(public=True, upload_mb=1)
    held, most, at_once = [0], [0], allowed.HELD + 15
    statuses: list[int] = []

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        mine = 0
        try:
            while (message := await receive())["more_body"]:
                mine += len(message["body"])
                held[0] += len(message["body"])
                most[0] = max(most[0], held[0])
        except BaseException:
            held[0] -= mine  # what a refused one sent is let go
            raise
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def all_of_it() -> None:
        guard = Guard(reads, limits=now, base="", held=lambda: 0)
        begun, done = [0], asyncio.Event()

        async def one() -> None:
            pieces, size = [8] * 8, 2**20
            about = scope("http", new_id(), "/_stcore/upload_file/a/b", content_length=str(size))
            about["method"] = "PUT"

            async def receive() -> Any:
                if not pieces:
                    await done.wait()
                    return {"type": "http.request", "body": b"", "more_body": False}
                pieces.pop()
                await asyncio.sleep(0)
                return {"type": "http.request", "body": b"x" * (size // 8), "more_body": True}

            async def send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            begun[0] += 1
            await guard(about, receive, send)

        tasks = [asyncio.ensure_future(one()) for _ in range(at_once)]
        for _ in range(50):
            await asyncio.sleep(0)
        assert begun == [at_once]
        done.set()
        await asyncio.gather(*tasks)
        assert guard.coming == 0

    asyncio.run(all_of_it())
    assert most[0] <= allowed.HELD * 2**20
    assert statuses.count(204) > 10
    assert set(statuses) == {204, 413}
    assert len(statuses) == at_once
