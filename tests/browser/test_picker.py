"""Choosing an encoder, and a data set of the hub, in a real browser with a hub on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Window, new_window, started
from tests.encoders.hub_server import FakeHub, fake_hub
from tests.test_parquet_text import labelled, parquet

NAME = "![x](https://example.org/x.png)"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """One data set, and models of which one has a hostile name."""
    folder = tmp_path_factory.mktemp("hub")
    texts = [f"the {'soup' if i % 2 else 'train'} number {i} came" for i in range(60)]
    columns = {"text": texts, "label": [i % 2 for i in range(60)], "tokens": [[1]] * 60}
    parquet(folder / "train.parquet", columns, labelled(["travel", "food"]))
    (folder / "large.csv").write_text("text\na\n")
    with fake_hub() as server:
        server.folders["datasets/owner/set"] = folder
        server.sizes["large.csv"] = 10**9
        server.models = [
            {"id": "owner/roberta-small", "tags": ["safetensors"], "downloads": 7_000},
            {"id": f"owner/roberta {NAME}", "tags": [f"license:{NAME}"]},
        ]
        yield server


@pytest.fixture
def narrow(hub: FakeHub, chromium: Browser, tmp_path: Path) -> Iterator[Window]:
    """A visitor with a telephone, on a server that knows that hub."""
    known = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "cache")}
    with started(tmp_path, **known) as server:
        opened = new_window(chromium, server.address, width=390)
        yield opened
        opened.page.context.close()
    assert opened.errors == []
    assert opened.outside == []


def test_an_encoder_and_a_data_set_from_the_hub(narrow: Window) -> None:
    page = narrow.page
    narrow.open("/data")
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    page.get_by_text("From the Hugging Face hub").click()
    box = page.get_by_role("textbox", name="Id of a data set")
    box.fill("owner/nothing")
    box.press("Enter")
    expect(page.get_by_text("There is no owner/nothing on the hub")).to_be_visible()
    box.fill("owner/set")
    box.press("Enter")
    expect(page.get_by_text("1 file is larger than this server takes")).to_be_visible()
    page.get_by_role("button", name="Take this file").click()
    expect(page.get_by_text("60 sentences · 2 classes")).to_be_visible()
    expect(page.get_by_text("In use: set-train.parquet")).to_be_visible()
    narrow.picture("hub-data-390")

    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("button", name="Choose an encoder").click()
    expect(page.get_by_text("pooler never trained").first).to_be_visible()
    narrow.picture("encoders-390")
    page.get_by_role("radio", name="Search the hub").click()
    search = page.get_by_role("textbox", name="A word of the model's name")
    search.fill("roberta")
    search.press("Enter")
    expect(page.get_by_text("owner/roberta ![x](")).to_be_visible()  # no picture
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("dialog").get_by_role("button", name="Use", exact=True).first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("stSidebar").get_by_text("owner/roberta-small")).to_be_visible()
