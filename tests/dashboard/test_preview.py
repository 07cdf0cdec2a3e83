"""The report before it is downloaded: by signed address only, with no more than may be seen."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from dashboard import preview
from dashboard.samples import FINISHED
from probing import load_run, report
from probing.figures.script import plotly_js
from tests.dashboard import asked

RUN = "c" * 32
TEXT = "Better coffee than at the place opposite."


pytestmark = pytest.mark.usefixtures("fresh")


def ask(path: str) -> tuple[int, bytes, dict[str, str]]:
    return asked.ask(preview.routes(), path)


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
