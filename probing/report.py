"""A Run as one HTML file that needs nothing else: no network, no other file."""

import re
from collections.abc import Iterable
from html import escape

from probing.errors import SettingsError
from probing.exports import chart_html
from probing.language import speaking
from probing.record import Run
from probing.report_sections import SECTIONS, Chart, Piece

DEFAULT = ("verdict", "scores", "evidence", "maps", "cells")
"""Sections of the report in a run's folder."""
_NO_WORD = re.compile(r"[^a-z0-9]+")
_LABELS = {"classes": "{} classes", "numbers": "numbers as labels", "none": "no labels"}
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;background:#fff;max-width:62rem}
body{margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.7rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem}
h3{font-size:1rem;margin-top:1.6rem}
p.quiet,caption{color:#66717d}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid #e3e7eb;vertical-align:top}
td{font-variant-numeric:tabular-nums}
th.text,td.text,.facts th,.facts td{text-align:left}.facts th{font-weight:400;color:#66717d}
pre{white-space:pre-wrap;background:#f4f6f8;padding:.6rem .8rem;border-radius:.3rem}
.wide{overflow-x:auto;overflow-wrap:normal}
@page{margin:15mm 14mm}
@media print{body{font-size:10.5pt;margin:0;padding:0;max-width:none}
h1,h2,h3,h2+p.quiet{break-after:avoid}tr,pre{break-inside:avoid}
h2{font-size:12pt;margin:1.1rem 0 .4rem}thead{display:table-header-group}
.wide{overflow:visible}table{font-size:7.5pt}th,td{padding:.15rem .25rem}
pre{border:1px solid #e3e7eb;background:none}}
"""


def html(run: Run, sections: Iterable[str] | None = None, *, plotly: bool | str = True) -> str:
    """The report's HTML, in English. The user's texts and labels are escaped throughout.

    ``sections`` are names of ``SECTIONS`` (``DEFAULT`` by default); their order is the report's
    own. Those that the run does not have are left out; an unknown one raises SettingsError.
    ``plotly``: the address of plotly.js where it is not to be inside.
    """
    wanted = DEFAULT if sections is None else tuple(sections)
    for name in wanted:
        if name not in SECTIONS:
            there = ", ".join(SECTIONS)
            raise SettingsError(f"there is no section {name!r}; the sections are {there}.")
    record = run.record
    with speaking("en"):
        pieces: list[Piece] = [f"<h1>{escape(str(record['data']['name']))}</h1>", _facts(run)]
        for name, section in SECTIONS.items():
            if name in wanted and section.there(run):
                pieces += section.pieces(run)
        body = _laid_out(pieces, plotly)
    title = escape(f"{record['data']['name']} – CLS Probe")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}{chart_html.STYLE}</style></head><body>{body}</body></html>\n"
    )


def available(run: Run) -> tuple[str, ...]:
    """The names of the sections that a run has."""
    return tuple(name for name, section in SECTIONS.items() if section.there(run))


def _laid_out(pieces: Iterable[Piece], plotly: bool | str) -> str:
    """The pieces one below the other; plotly.js comes with the first chart."""
    parts: list[str] = []
    drawn = 0
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        parts.append(_framed(piece, drawn + 1, plotly if drawn == 0 else False))
        drawn += 1
    if drawn:
        parts.append(f"<script>{chart_html.SCRIPT}</script>")
    return "\n".join(parts)


def _framed(chart: Chart, number: int, plotly: bool | str) -> str:
    return chart_html.piece(
        chart.figure,
        f"{number:02d}-{_NO_WORD.sub('-', chart.title.lower()).strip('-')}",
        plotly,
        above=f"<h2>{escape(chart.title)}</h2>",
        below=f"<p class=quiet>{escape(chart.said)}</p>",
    )


def _facts(run: Run) -> str:
    record = run.record
    data, encoder = record["data"], record["encoder"]
    pooler = encoder["pooler"]
    state = "trained" if pooler["trained"] else "untrained" if pooler["present"] else "none"
    lines = [
        f"{data['rows_used']:,} of {data['rows_read']:,} sentences, "
        f"{_LABELS[run.kind].format(len(data['classes']))}. "
        f"{record['scoring'] or 'No probes: geometry and maps only'}.",
        f"Encoder {encoder['id']} ({encoder['family_title']}, {encoder['layers']} layers, "
        f"{encoder['hidden']} numbers a vector). Pooler: {state} ({pooler['evidence']}).",
        *record["notices"],
        f"Made {record['created']} by CLS Probe {record['versions']['cls-probe']}.",
    ]
    return "".join(f'<p class="quiet">{escape(line)}</p>' for line in lines)
