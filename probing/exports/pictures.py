"""Figures as SVG and PNG, drawn by the machine's own Chrome or Chromium through kaleido.

One browser for all figures: starting it takes longer than drawing (1–5 s against 0.3 s a picture).
It reaches no network: plotly.js is the installed one, MathJax is off, and what else a browser asks
for goes to a proxy that is not there.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Literal, TypeVar

from probing.errors import SettingsError
from probing.exports.chart_html import WIDTH, height

T = TypeVar("T")

Format = Literal["svg", "png"]
Draw = Callable[[Any, Format], bytes]
"""(figure, format) → the picture."""

SCALE = 2  # pixels of a PNG for a CSS pixel
SECONDS = 60.0  # that one picture, and the browser's start, may take
_NOWHERE = "http://127.0.0.1:9"


def lacking() -> str:
    """What has to be installed before pictures can be drawn; "" where nothing has."""
    try:
        from choreographer.browsers.chromium import Chromium
    except ImportError:
        return (
            "SVG and PNG need the package kaleido, which is not installed. Install it with "
            "pip install kaleido, or choose html."
        )
    if Chromium.find_browser(skip_local=False) is None:
        return (
            "SVG and PNG need Chrome or Chromium, which was not found on this machine. Install "
            "one, name it by the variable BROWSER_PATH, or choose html: its buttons save both."
        )
    return ""


@contextmanager
def drawing() -> Iterator[Draw]:
    """A browser that draws figures until the block ends.

    Raises SettingsError where there is none (``lacking`` says so beforehand), where it does not
    start, and, when drawing, where it fails or takes longer than a minute.
    """
    missing = lacking()
    if missing:
        raise SettingsError(missing)
    from kaleido import Kaleido

    with _quiet(), _waiting() as wait:
        browser = None
        try:
            try:
                browser = Kaleido(mathjax=False, timeout=SECONDS, proxy_server=_NOWHERE)
                wait(asyncio.wait_for(browser.open(), SECONDS))
            except Exception as error:
                raise _failed("did not start") from error
            yield lambda figure, kind: _picture(wait, browser, figure, kind)
        finally:
            if browser is not None:
                with suppress(Exception):
                    wait(browser.close())


def _picture(wait: Callable[..., bytes], browser: Any, figure: Any, kind: Format) -> bytes:
    figure.update_layout(paper_bgcolor="#ffffff")
    options = {
        "format": kind,
        "width": WIDTH,
        "height": height(figure),
        "scale": SCALE if kind == "png" else 1,
    }
    try:
        return wait(browser.calc_fig(figure, options))
    except Exception as error:
        raise _failed("did not draw a chart") from error


def _failed(what: str) -> SettingsError:
    return SettingsError(
        f"the Chrome or Chromium of this machine {what}. Try again, name another one by the "
        "variable BROWSER_PATH, or choose html: its buttons save SVG and PNG."
    )


@contextmanager
def _waiting() -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """An event loop in a thread of its own: notebooks have one running in theirs.

    What is waited for can be interrupted.
    """
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="pictures", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_settle(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _settle() -> None:
    """End what still waits: for the end of a browser that has gone, say."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the libraries log of a browser that ends early: the error says it."""
    logger = logging.getLogger("choreographer")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
