"""A Run as one HTML file that needs nothing else: no network, no other file."""

from html import escape
from typing import Any

from probing import verdict
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
_COLUMNS = {
    "layer": "layer",
    "pooling": "pooling",
    "accuracy": "accuracy",
    "ci_low": "95 % from",
    "ci_high": "to",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss_bits": "log-loss (bits)",
    "C": "C",
    "n": "n",
}


def html(run: Run) -> str:
    """The report's HTML. The user's texts and labels are escaped throughout."""
    record = run.record
    parts = [f"<h1>{escape(str(record['data']['name']))}</h1>", _facts(record)]
    charts: list[tuple[str, Any, str]] = []
    if run.probes:
        charts.append(("Accuracy by layer", run.figure("accuracy"), verdict.describe(run)))
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
    for number, (title, figure, said) in enumerate(charts):
        chart = figure.to_html(
            full_html=False, include_plotlyjs=number == 0, default_height="460px"
        )
        parts.append(f"<h2>{escape(title)}</h2><div class=chart>{chart}</div>")
        parts.append(f"<p class=quiet>{escape(said)}</p>")
    if run.probes:
        parts.append(f"<h2>All cells</h2><div class=wide>{_table(run)}</div>")
    body = "\n".join(parts)
    title = escape(f"{record['data']['name']} – CLS Probe")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _facts(record: Any) -> str:
    data, encoder = record["data"], record["encoder"]
    pooler = encoder["pooler"]
    state = "trained" if pooler["trained"] else "untrained" if pooler["present"] else "none"
    lines = [
        f"{data['rows_used']:,} of {data['rows_read']:,} sentences, "
        f"{len(data['classes'])} classes. {record['scoring'] or 'No labels: maps only'}.",
        f"Encoder {encoder['id']} ({encoder['family_title']}, {encoder['layers']} layers, "
        f"{encoder['hidden']} numbers a vector). Pooler: {state} ({pooler['evidence']}).",
        *record["notices"],
        f"Made {record['created']} by CLS Probe {record['versions']['cls-probe']}.",
    ]
    return "".join(f'<p class="quiet">{escape(line)}</p>' for line in lines)


def _table(run: Run) -> str:
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS.values())
    rows = []
    for probe in run.probes:
        values = probe.row()
        cells = "".join(f"<td>{_figure(key, values[key])}</td>" for key in _COLUMNS)
        rows.append(f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _figure(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key in ("layer", "n"):
        return f"{value:,}"
    if key == "C":
        return f"{value:g}"
    return escape(value) if isinstance(value, str) else f"{value:.3f}"
