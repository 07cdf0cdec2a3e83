"""What the map draws from: positions, colours and texts of a stored run, fetched once each.

Too much to go through the page at each step, so the browser fetches it. An address is signed for
one run by the view, which knows what the visitor may see; whoever has none gets none.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np

from dashboard.jobs import jobs
from dashboard.panels.map_colours import codes_of
from dashboard.samples import FINISHED
from dashboard.served import base_path
from probing.errors import ProbingError
from probing.figures.texts import short
from probing.hiding import hide_run
from probing.record import Run
from probing.store import load_run

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

MOST_POINTS = 20_000
"""Points that are drawn; of more sentences a sample is, and the page says so."""
_SECRET = secrets.token_bytes(32)
_SAMPLE = "sample"


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a run are fetched, relative to the server's root.

    For whom the run opens only.
    """

    run: Run
    """As the visitor may see it."""
    id: str | None
    """None for the bundled sample."""
    texts: bool
    """Whether with its sentences."""

    def of(self, kind: str, name: str) -> str:
        """``points`` of a map: float32 (n, dimensions). ``codes`` of ``COLOUR.POOLING.LAYER``:
        uint8 (n,); ``COLOUR`` as ``map_colours.in_address`` says; ``COLOUR.all.0`` where it is the
        same in all cells. ``texts`` of ``all``: JSON."""
        whose = f"{self.id or _SAMPLE}/{'open' if self.texts else 'hidden'}"
        _at_hand[whose] = self.run
        path = f"{whose}/{kind}/{name}"
        return f"atlas/{signature(path)}/{path}"


_at_hand: WeakValueDictionary[str, Run] = WeakValueDictionary()
"""Runs that a view holds, so that no request has to read its run anew."""


@lru_cache(maxsize=8)
def drawn(n: int) -> np.ndarray | None:
    """Read-only: which of n sentences are drawn, ascending; None for all of them."""
    if n <= MOST_POINTS:
        return None
    found = np.sort(np.random.default_rng(0).choice(n, MOST_POINTS, replace=False))
    found.flags.writeable = False
    return found


def routes() -> "list[Route]":
    """For ``st.App``."""
    from starlette.routing import Route

    path = f"{base_path()}/atlas/{{signature}}/{{path:path}}"
    return [Route(path, _answer, methods=["GET"])]


def _answer(request: "Request") -> "Response":
    from starlette.responses import Response

    path = request.path_params["path"]
    if not hmac.compare_digest(signature(path), request.path_params["signature"]):
        return Response("Not found", 404)
    try:
        body, kind = _content(*path.split("/"))
    except (ProbingError, FileNotFoundError, KeyError):  # deleted meanwhile
        return Response("Not found", 404)
    # what a run holds never changes under its id
    return Response(body, media_type=kind, headers={"cache-control": "private, max-age=86400"})


def _content(run_id: str, texts: str, kind: str, name: str) -> tuple[bytes, str]:
    run = _at_hand.get(f"{run_id}/{texts}") or _read(run_id, texts)
    if kind == "texts":
        return _texts(run), "application/json"
    rows = drawn(len(run.sentences))
    if kind == "codes":
        colour, pooling, layer = name.split(".")
        found = codes_of(run, colour, int(layer), pooling)
    else:
        found = next(p.points for p in run.projections if p.name == name)
    return np.ascontiguousarray(found if rows is None else found[rows]).tobytes(), _BINARY


def _read(run_id: str, texts: str) -> Run:
    run = load_run(FINISHED if run_id == _SAMPLE else jobs().run_folder(run_id))
    run = run if texts == "open" else hide_run(run)
    _at_hand[f"{run_id}/{texts}"] = run
    return run


_BINARY = "application/octet-stream"


def _texts(run: Run) -> bytes:
    """Rows, texts (cut) and labels of what is drawn, as JSON."""
    sentences, rows = run.sentences, drawn(len(run.sentences))
    at = range(len(sentences)) if rows is None else rows.tolist()
    labels = sentences.labels
    content = {
        "rows": [sentences.rows[i] for i in at],
        "texts": [short(sentences.texts[i], 300) for i in at],
        "labels": None if labels is None else [short(labels[i], 60) for i in at],
    }
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def signature(path: str) -> str:
    """What only this process can add to an address."""
    return hmac.new(_SECRET, path.encode(), hashlib.sha256).hexdigest()[:32]
