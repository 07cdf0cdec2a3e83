"""A Run as one HTML file that needs nothing else: no network, no other file."""

from html import escape
from typing import Any

from probing import verdict
from probing.errors import SettingsError
from probing.record import Run

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2933;max-width:62rem}
body{margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem}
p.quiet,caption{color:#66717d}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid #e3e7eb}
th:nth-child(2),td:nth-child(2){text-align:left}td{font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}@media print{h2{break-after:avoid}.chart,table{break-inside:avoid}}
"""
_FIGURES = {
    "accuracy": ("Score by layer", "Bands are 95 % intervals."),
    "comparisons": (
        "Poolings compared",
        "Differences on the same sentences with 95 % intervals; filled where they survive the "
        "correction for all comparisons.",
    ),
    "arrival": (
        "When CLS becomes about the sentence",
        "Relative variance, and the probe with and without noise of 1 % of the vectors' size.",
    ),
    "selectivity": (
        "Against the control task",
        "The same probe on random labels by type of sentence (Hewitt & Liang 2019).",
    ),
    "conditional": (
        "What CLS and the mean add to each other",
        "Bits of label information beyond the other (Hewitt et al. 2021).",
    ),
    "description": (
        "Description length",
        "How far the vectors shorten the labels' code (Voita & Titov 2020).",
    ),
    "geometry": (
        "Relative variance",
        "The share of the vectors' energy that differs between sentences.",
    ),
}
_LABELS = {"classes": "{} classes", "numbers": "numbers as labels", "none": "no labels"}
_COLUMNS = {
    "layer": "layer",
    "pooling": "pooling",
    "accuracy": "accuracy",
    "r2": "R²",
    "ci_low": "95 % from",
    "ci_high": "to",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss_bits": "log-loss (bits)",
    "spearman": "Spearman",
    "noisy": "with noise",
    "selectivity": "selectivity",
    "cosine": "nearest neighbour",
    "C": "C",
    "n": "n",
}


def html(run: Run) -> str:
    """The report's HTML. The user's texts and labels are escaped throughout."""
    record = run.record
    parts = [f"<h1>{escape(str(record['data']['name']))}</h1>", _facts(run)]
    charts = _panels(run)
    charts += [
        (
            f"{p.method.upper()} of {p.pooling} at layer {p.layer}",
            run.figure(
                "map",
                method=p.method,
                layer=p.layer,
                pooling=p.pooling,
                dimensions=p.points.shape[1],
            ),
            verdict.describe_map(p),
        )
        for p in run.projections
        if p.layer == record["encoder"]["layers"] and p.points.shape[1] == 2
    ]
    parts += [f"<p>{escape(sentence)}</p>" for sentence in verdict.sentences(run)]
    for number, (title, figure, said) in enumerate(charts):
        high = figure.layout.height or 460
        chart = figure.to_html(
            full_html=False, include_plotlyjs=number == 0, default_height=f"{high}px"
        )
        parts.append(f"<h2>{escape(title)}</h2><div class=chart>{chart}</div>")
        parts.append(f"<p class=quiet>{escape(said)}</p>")
    if run.kind != "none":
        parts.append(f"<h2>All cells</h2><div class=wide>{_table(run)}</div>")
    body = "\n".join(parts)
    title = escape(f"{record['data']['name']} – CLS Probe")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _panels(run: Run) -> list[tuple[str, Any, str]]:
    """(title, figure, what it shows) of what this run has."""
    found = []
    for name, (title, said) in _FIGURES.items():
        try:
            found.append((title, run.figure(name), said))
        except SettingsError:  # this run has nothing of the kind
            continue
    return found


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


def _table(run: Run) -> str:
    columns = {key: name for key, name in _COLUMNS.items() if key in run.table.columns}
    if run.kind == "numbers":
        columns = {key: name for key, name in columns.items() if run.table[key].notna().any()}
    head = "".join(f"<th>{name}</th>" for name in columns.values())
    rows = []
    for values in run.table.astype(object).to_dict("records"):
        cells = "".join(f"<td>{_figure(key, values[key])}</td>" for key in columns)
        rows.append(f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _figure(key: str, value: Any) -> str:
    if value is None or value != value:
        return "–"
    if key in ("layer", "n"):
        return f"{value:,}"
    if key == "C":
        return f"{value:g}"
    return escape(value) if isinstance(value, str) else f"{value:.3f}"
