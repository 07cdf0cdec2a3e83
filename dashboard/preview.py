"""The report as the page shows it before it is downloaded: in a frame, with a policy of its own.

Its scripts stand in it, which the page's policy forbids. So it is fetched from an address of its
own, whose answer the guard marks as a document without an origin: it reaches nothing of the page,
of the server, or of any other. An address is signed for one run by the view, which knows what the
visitor may see.
"""

import gzip
import hmac
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from dashboard.atlas.resources import signature
from dashboard.jobs import jobs
from dashboard.panels.downloads import made
from dashboard.samples import FINISHED
from dashboard.served import base_path
from probing import report
from probing.errors import ProbingError
from probing.figures.script import plotly_js, plotly_version
from probing.hiding import hide_run
from probing.store import load_run

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "preview"
"""What all its addresses begin with; the guard knows it too."""
_SAMPLE = "sample"


def address(run: str | None, sections: Sequence[str], *, texts: bool) -> str:
    """Where a run's report is fetched, with or without its texts. None: the bundled sample."""
    path = f"{run or _SAMPLE}/{'open' if texts else 'hidden'}/{'.'.join(sections)}"
    return f"{base_path()}/{PATH}/{signature(f'{PATH}/{path}')}/{path}"


def routes() -> "list[Route]":
    """For ``st.App``."""
    from starlette.routing import Route

    base = f"{base_path()}/{PATH}"
    return [
        Route(f"{base}/{_script()}", _plotly, methods=["GET"]),
        Route(f"{base}/{{signature}}/{{path:path}}", _report, methods=["GET"]),
    ]


def _report(request: "Request") -> "Response":
    from starlette.responses import HTMLResponse, Response

    path = request.path_params["path"]
    if not hmac.compare_digest(signature(f"{PATH}/{path}"), request.path_params["signature"]):
        return Response("Not found", 404)
    run, texts, sections = path.split("/")
    try:
        body = made(lambda: _html(run, texts, sections))
    except (ProbingError, FileNotFoundError):  # deleted meanwhile
        return Response("Not found", 404)
    return HTMLResponse(body, headers={"cache-control": "private, no-store"})


def _html(run_id: str, texts: str, sections: str) -> bytes:
    run = load_run(FINISHED if run_id == _SAMPLE else jobs().run_folder(run_id))
    run = run if texts == "open" else hide_run(run)
    # of 5 MB a report's own part is a tenth: the rest is fetched once
    script = f"{base_path()}/{PATH}/{_script()}"
    return report.html(run, sections.split("."), plotly=script).encode()


def _script() -> str:
    return f"plotly-{plotly_version()}.min.js"


def _plotly(request: "Request") -> "Response":
    from starlette.responses import Response

    headers = {"cache-control": "public, max-age=31536000, immutable", "content-encoding": "gzip"}
    return Response(_packed(), media_type="text/javascript", headers=headers)


@cache
def _packed() -> bytes:
    """Packed once: doing so takes a quarter of a second."""
    return gzip.compress(plotly_js().encode())
