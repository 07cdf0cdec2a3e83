"""The dashboard as a user starts it, and the machine's Chromium to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "tests" / "artifacts"
PATIENCE = (
    180_000  # ms; a run of 60 sentences takes 12 s alone on one core, and tests may not be alone
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """A running dashboard."""

    address: str
    pid: int
    log: Path
    """What it wrote."""
    home: Path
    """Where its runs lie."""


@pytest.fixture(scope="session")
def address(server: Server) -> str:
    """Where the dashboard answers."""
    return server.address


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of the README's command, started in another folder than the project's."""
    with started(tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


@contextmanager
def started(elsewhere: Path, **variables: str) -> Iterator[Server]:
    """A server with environment variables of its own, started in ``elsewhere``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = elsewhere / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=elsewhere,
            env={
                **os.environ,
                "PROBING_HOME": str(elsewhere / "home"),
                "PYTHONPATH": "",
                **variables,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(base, process, log)
        yield Server(base, process.pid, log, elsewhere / "home")
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, else Playwright's own. Missing: skipped, but never in CI."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield _launch(playwright, found)


def _launch(playwright: Playwright, found: str | None) -> Browser:
    if found is None and not Path(playwright.chromium.executable_path).exists():
        if os.environ.get("CI"):
            pytest.fail("no Chromium; sh tests/browser/install.sh .venv/bin installs one")
        pytest.skip("no Chromium; sh tests/browser/install.sh .venv/bin installs one")
    return playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))


@dataclass
class Window:
    """A browser page that remembers what went wrong on it."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    """Console errors and failed requests."""
    outside: list[str] = field(default_factory=list)
    """Requests that left this machine."""

    def open(self, path: str = "/") -> None:
        """Go to a path of the dashboard."""
        self.page.goto(self.base + path)

    def picture(self, name: str) -> None:
        """Keep a screenshot as an artefact of the test run."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


def new_window(
    browser: Browser,
    base: str,
    *,
    width: int = 1440,
    height: int = 1000,
    dark: bool = False,
    **options: Any,
) -> Window:
    """A fresh visitor; ``options`` go to Playwright's ``new_context``."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        **options,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    window = Window(page, base)

    def hear(text: str, url: str) -> None:
        # Streamlit's own client asks /PAGE/_stcore/… before /_stcore/… on a deep link
        if not (url.startswith(base) and "/_stcore/" in url.removeprefix(base)[1:]):
            window.errors.append(f"{text} {url}")

    page.on(
        "console",
        lambda m: hear(m.text, m.location.get("url", "")) if m.type == "error" else None,
    )
    page.on("pageerror", lambda error: window.errors.append(str(error)))
    page.on(
        "request",
        lambda r: (
            window.outside.append(r.url) if not r.url.startswith((base, "data:", "blob:")) else None
        ),
    )
    return window


@pytest.fixture
def window(chromium: Browser, address: str) -> Iterator[Window]:
    """A visitor with a wide, light window, who must see no error and reach nothing outside."""
    opened = new_window(chromium, address)
    yield opened
    opened.page.context.close()
    assert opened.errors == []
    assert opened.outside == []
