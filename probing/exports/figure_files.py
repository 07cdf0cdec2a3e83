"""A run's figures as files: a page each, and pictures for papers and slides."""

from collections.abc import Container, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probing import store
from probing.errors import SettingsError
from probing.exports import chart_html, pictures
from probing.figures import FIGURES
from probing.figures.script import plotly_js
from probing.language import say, speaking
from probing.progress import Report, silent
from probing.projections.said import describe_map

if TYPE_CHECKING:
    from probing.record import Run

FORMATS = ("html", "svg", "png")


def write_figures(
    run: "Run",
    folder: str | Path,
    formats: Sequence[str] = FORMATS,
    *,
    names: Iterable[str] | None = None,
    report: Report = silent,
) -> list[Path]:
    """Write a run's figures into a new folder; gives the files' paths there.

    ``names``: some of ``figures_of``; all, by default. ``html``: ``NAME.html`` beside one
    ``plotly.min.js``, needs no network, and has buttons that save SVG and PNG. ``svg`` and ``png``
    (1600 pixels wide) need kaleido and Chrome or Chromium on this machine; about 0.3 s a picture.
    ``report`` hears of each figure and may raise ``Cancelled``. Raises SettingsError for unknown
    names and formats, and where pictures cannot be drawn; RunFolderError where ``folder`` is not
    empty or cannot be written.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        came = (
            say("no format {format!r}", format=unknown[0])
            if unknown
            else say("nothing to write without a format")
        )
        raise SettingsError(
            "there is {came!s}; the formats are {formats}.", came=came, formats=", ".join(FORMATS)
        )
    wanted = _wanted(run, names)
    drawn: list[pictures.Format] = [kind for kind in ("svg", "png") if kind in formats]
    target = Path(folder)
    with speaking("en"):  # a map never goes without how faithful it is
        said = {p.name: describe_map(p) for p in run.projections}
    with ExitStack() as stack:
        draw = stack.enter_context(pictures.drawing()) if drawn else None
        work = stack.enter_context(store.new_folder(target))
        if "html" in formats:
            (work / chart_html.PLOTLY).write_text(plotly_js(), encoding="utf-8")
        report(0, len(wanted))
        for done, (name, figure) in enumerate(wanted.items(), 1):
            if "html" in formats:
                title = f"{name} – {run.record['data']['name']}"
                text = chart_html.page(figure, name, title, said.get(name, ""))
                (work / f"{name}.html").write_text(text, encoding="utf-8")
            for kind in drawn:
                assert draw is not None
                (work / f"{name}.{kind}").write_bytes(draw(figure, kind))
            report(done, len(wanted))
        written = sorted(path.name for path in work.iterdir())
    return [target / name for name in written]


def figures_of(run: "Run", names: Container[str] | None = None) -> dict[str, Any]:
    """A run's figures by name, in English: those of ``probing.figures.FIGURES`` that it has, and
    instead of ``map`` each flat map of its last layer, such as ``umap2_cls_6``.

    ``names``: only those of them.
    """
    maps = _maps(run)
    there = [*(name for name in FIGURES if name != "map"), *maps]
    found: dict[str, Any] = {}
    with speaking("en"):
        for name in there:
            if names is None or name in names:
                with suppress(SettingsError):  # this run has nothing that it shows
                    figure = run.figure("map", **maps[name]) if name in maps else run.figure(name)
                    found[name] = figure
    return found


def _maps(run: "Run") -> dict[str, dict[str, Any]]:
    """Name → the options of ``map``; any map where the last layer has no flat one."""
    last = run.record["encoder"]["layers"]
    flat = [p for p in run.projections if p.layer == last and p.points.shape[1] == 2]
    return {
        p.name: {
            "method": p.method,
            "dimensions": p.points.shape[1],
            "layer": p.layer,
            "pooling": p.pooling,
        }
        for p in flat or run.projections[-1:]
    }


def _wanted(run: "Run", names: Iterable[str] | None) -> dict[str, Any]:
    if names is None:
        return figures_of(run)
    asked = list(dict.fromkeys(names))
    found = figures_of(run, asked)
    for name in asked:
        if name not in found:
            there = ", ".join(figures_of(run))
            raise SettingsError(
                "this run has no figure {name!r}; its figures are {there}.", name=name, there=there
            )
    return found
