"""What the worker can be asked for, each as a job with an id of its own."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from dashboard import visitors
from dashboard.queue import Job
from probing.projections import projection_name
from probing.settings import Settings


def run(folder: Path, out: Path, settings: Settings, sentences: int, visitor: str) -> Job:
    """A whole run, whose input lies in ``folder``; its id is the name of ``out``."""
    order = {
        "id": out.name,
        "kind": "run",
        "folder": str(folder),
        "settings": settings.to_json(),
        "out": str(out),
        "owner": visitors.owner(visitor),
    }
    like = f"run {settings.encoder} {settings.depth} {len(settings.poolings)}"
    return Job(out.name, order, turn_of(visitor), like, max(1, sentences))


def map_(
    folder: Path, method: str, dimensions: int, layer: int, pooling: str, visitor: str = ""
) -> Job:
    """A map of the stored run in ``folder``."""
    order = {
        "id": f"{folder.name}/{projection_name(method, dimensions, pooling, layer)}",
        "kind": "map",
        "folder": str(folder),
        "method": method,
        "dimensions": dimensions,
        "layer": layer,
        "pooling": pooling,
    }
    return _on_a_run(order, visitor)


def inside(folder: Path, visitor: str) -> Job:
    """What happens inside the encoder of a stored run."""
    order = {"id": f"{folder.name}/inside", "kind": "inside", "folder": str(folder)}
    return _on_a_run(order, visitor)


def look(folder: Path, text: str, visitor: str) -> Job:
    """A look at one sentence by a stored run; its id does not tell the sentence.

    Each visitor's own: an answer at once would say that somebody else typed the same.
    """
    digest = sha256(f"{visitor}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]
    name = f"{folder.name}/look/{digest}"
    return _on_a_run({"id": name, "kind": "look", "folder": str(folder), "text": text}, visitor)


def place(folder: Path, text: str, maps: Sequence[str], visitor: str) -> Job:
    """Where a sentence lies on maps of a stored run, by their names; as private as a look."""
    digest = sha256("\0".join((visitor, text, *maps)).encode("utf-8", "replace")).hexdigest()[:32]
    name = f"{folder.name}/place/{digest}"
    order = {"id": name, "kind": "place", "folder": str(folder), "text": text, "maps": list(maps)}
    return _on_a_run(order, visitor)


def _on_a_run(order: Mapping[str, Any], visitor: str) -> Job:
    """Each kind takes about as long as others of the kind."""
    like = f"{order['kind']} {order.get('method', '')} {order.get('dimensions', '')}"
    return Job(str(order["id"]), order, turn_of(visitor), like)


def turn_of(visitor: str) -> str:
    """What tells visitors apart until this process ends, and says nothing of them."""
    return visitors.mark(visitor)
