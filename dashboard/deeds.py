"""What the worker can be asked for: ``orders`` has the same, as the web process asks for it.

Heavy libraries are imported where they are needed: the worker warms up one by one.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from probing.errors import ProbingError
from probing.progress import Progress

Message = dict[str, Any]


def _run(job: Message, hear: Callable[[Progress], None]) -> None:
    from dashboard import kept
    from probing import runs, store
    from probing.scratch import Scratch
    from probing.settings import Settings

    _subject.cache_clear()  # their encoders are in no estimate of what a run takes
    folder, out = Path(job["folder"]), Path(job["out"])
    settings = Settings(**{**job["settings"], "poolings": tuple(job["settings"]["poolings"])})
    with kept.begun(folder, lambda: hear(Progress("load", 0, 1))):
        if (out / store.RUN).is_file():
            return  # a worker that outlived its server has done it
        runs.execute(
            kept.sentences_of(folder),
            settings,
            out=out,
            listener=hear,
            run_id=job["id"],
            load=load,
            scratch=Scratch(folder / kept.CELLS),
            owner=job.get("owner", ""),
        )


def _map(job: Message, hear: Callable[[Progress], None]) -> None:
    import numpy as np

    from probing import projections, store

    folder = Path(job["folder"])
    run = store.load_run(folder)
    if run.representations is None:
        raise ProbingError("This run was stored without its vectors; no new map can be drawn.")
    number = {name: i for i, name in enumerate(run.sentences.classes)}
    labels = run.sentences.labels if run.kind == "classes" else None
    drawn = projections.draw(
        run.representations,
        None if labels is None else np.array([number[label] for label in labels]),
        [(job["method"], job["dimensions"], job["layer"], job["pooling"])],
        seed=run.record["settings"]["seed"],
        there=run.projections,
        report=lambda done, total: hear(Progress("map", done, total)),
    )
    for projection in drawn:
        store.add_projection(folder, projection)


def _inside(job: Message, hear: Callable[[Progress], None]) -> None:
    from probing.mechanism.exploring import explore_folder

    _subject.cache_clear()
    explore_folder(Path(job["folder"]), load=load, listener=hear)


def _look(job: Message, hear: Callable[[Progress], None]) -> Message:
    from probing.mechanism.exploring import readers_of
    from probing.mechanism.looking import look

    folder = Path(job["folder"])
    subject = _subject(folder, (folder / "run.json").stat().st_mtime_ns)
    hear(Progress("look", 0, 1))
    return asdict(look(job["text"], subject, readers_of(folder, subject), subject.maps))


def _pictures(job: Message, hear: Callable[[Progress], None]) -> None:
    from probing import store
    from probing.exports.figure_files import write_figures
    from probing.hiding import hide_run
    from probing.progress import Reporter

    folder, out = Path(job["folder"]), Path(job["out"])
    if out.is_dir():
        return
    kind = out.name.partition("-")[0]
    for half in out.parent.glob(store.partials(f"{kind}-*")):  # of a worker that was killed
        shutil.rmtree(half, ignore_errors=True)
    run = store.load_run(folder)
    run = run if job["texts"] else hide_run(run)
    write_figures(run, out, ("svg", "png"), report=Reporter(hear).stage("picture"))
    gone = not (folder / store.RUN).is_file()  # deleted meanwhile
    for other in out.parent.glob(f"{kind}-*"):
        if gone or other != out:
            shutil.rmtree(other, ignore_errors=True)


def _place(job: Message, hear: Callable[[Progress], None]) -> Message:
    from probing import store
    from probing.mechanism.looking import places

    folder = Path(job["folder"])
    subject = _subject(folder, (folder / "run.json").stat().st_mtime_ns)
    hear(Progress("look", 0, 1))
    # the subject's own maps are those of when it was first asked for
    maps = [map_ for map_ in store.load_run(folder).projections if map_.name in job["maps"]]
    return {place.name: place.point for place in places(job["text"], subject, maps)}


@lru_cache(maxsize=2)
def _subject(folder: Path, stamp: int) -> Any:
    """A run that sentences are looked at by, ready for the next one."""
    from probing import store
    from probing.mechanism.subject import subject_of

    return subject_of(store.load_run(folder), load)


KINDS: dict[str, Callable[[Message, Callable[[Progress], None]], Message | None]] = {
    "run": _run,
    "map": _map,
    "inside": _inside,
    "look": _look,
    "pictures": _pictures,
    "place": _place,
}


def load(name: str, *, revision: str | None = None, device: str = "auto") -> Any:
    """``load_encoder``, keeping the bundled encoder: the one that most runs use."""
    from probing.encoders import BUNDLED, load_encoder

    if name in ("bundled", BUNDLED) and revision is None:
        return bundled()
    return load_encoder(name, revision=revision, device=device)


@cache
def bundled() -> Any:
    """The bundled encoder, loaded once."""
    from probing.encoders import load_encoder

    return load_encoder(device="auto")
