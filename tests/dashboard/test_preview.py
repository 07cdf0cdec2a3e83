"""The report before it is downloaded: by signed address only, with no more than may be seen."""

import asyncio
import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from dashboard import preview
from dashboard.jobs import jobs
from dashboard.samples import FINISHED
from probing import load_run, report
from probing.figures.script import plotly_js

RUN = "c" * 32
TEXT = "Better coffee than at the place opposite."


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store of one's own."""
    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    yield
    if jobs.cache_info().currsize:
        jobs().close()
        jobs.cache_clear()


def ask(path: str) -> tuple[int, bytes, dict[str, str]]:
    """(status, body, headers) of a request to the routes."""
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
    asyncio.run(Starlette(routes=preview.routes())(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), headers


def test_it_is_the_report_but_for_plotly() -> None:
    status, body, headers = ask(preview.address(None, ("scores", "cells"), texts=True))
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert headers["cache-control"] == "private, no-store"
    (script,) = re.findall(r'<script charset="utf-8" src="(.*?)">', body.decode())
    expected = report.html(load_run(FINISHED), ("scores", "cells"), plotly=script)
    assert without_ids(body.decode()) == without_ids(expected)
    status, body, headers = ask(script)
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body).decode() == plotly_js()
    assert "immutable" in headers["cache-control"]


def without_ids(html: str) -> str:
    """Plotly names its charts at random."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", html)


def test_hidden_sentences_are_not_in_it() -> None:
    sections = ("maps", "sentences")
    assert TEXT in ask(preview.address(None, sections, texts=True))[1].decode()
    status, body, _ = ask(preview.address(None, sections, texts=False))
    assert status == 200
    assert TEXT not in body.decode()


def test_an_address_cannot_be_made_up() -> None:
    good = preview.address(None, ("scores",), texts=False)
    assert ask(good)[0] == 200
    for bad in (
        good.replace("hidden", "open"),
        good.replace("sample", RUN),
        good.replace("scores", "sentences"),
        good.replace("/preview/", "/preview/0"),
        re.sub("/preview/[0-9a-f]+", "/preview/" + "0" * 32, good),
    ):
        assert bad != good
        assert ask(bad)[0] == 404


def test_a_maps_address_opens_no_report() -> None:
    from dashboard.atlas.resources import signature

    path = "sample/open/scores"
    assert ask(f"/preview/{signature(path)}/{path}")[0] == 404


def test_a_deleted_run_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / RUN
    shutil.copytree(FINISHED, folder)
    address = preview.address(RUN, ("verdict",), texts=True)
    assert ask(address)[0] == 200
    shutil.rmtree(folder)
    assert ask(address)[0] == 404
