"""A Run in a notebook's output: a small piece of HTML, without scripts."""

from html import escape
from typing import TYPE_CHECKING, Any

from probing import verdict

if TYPE_CHECKING:
    from probing.record import Run

ROWS = 8
"""Lines of the table, about: of more layers every so-manieth, and the last."""
_COUNTS = {"classes": "{} classes", "numbers": "numbers as labels", "none": "no labels"}
_SCORES = {
    "accuracy": ("accuracy", "ci_low", "ci_high"),
    "balanced_accuracy": ("balanced accuracy", "balanced_low", "balanced_high"),
    "r2": ("R²", "ci_low", "ci_high"),
}
"""Leading metric → its name, and the columns of its interval."""


def summary(run: "Run") -> str:
    """Name, encoder, the verdict's first sentence, and the score of each pooling by layer.

    Everything that a person or a file said is escaped. Needs no display and no plotly.
    """
    data, encoder = run.record["data"], run.record["encoder"]
    labels = _COUNTS[run.kind].format(len(run.sentences.classes))
    facts = (
        f"{len(run.sentences):,} sentences, {labels} · {encoder['id']} "
        f"({encoder['family_title']}, {encoder['layers']} layers)"
    )
    said = verdict.sentences(run)[:1]
    return (
        f"<div><strong>{escape(str(data['name']))}</strong><br>{escape(facts)}"
        + "".join(f"<p>{escape(str(sentence))}</p>" for sentence in said)
        + (_table(run) if run.kind != "none" else "<p>No labels: maps and geometry only.</p>")
        + "</div>"
    )


def _table(run: "Run") -> str:
    """Poolings across, layers down."""
    metric = "r2" if run.kind == "numbers" else run.evidence.metric
    name, low, high = _SCORES[metric]
    cells = {
        (row["layer"], row["pooling"]): _score(row, metric, low, high)
        for row in run.table.to_dict("records")
    }
    poolings = list(dict.fromkeys(pooling for _, pooling in cells))
    layers = sorted({layer for layer, _ in cells})
    step = -(-len(layers) // ROWS)
    shown = sorted({*layers[::step], layers[-1]})
    untrained = not run.record["encoder"]["pooler"]["trained"]
    head = "".join(
        f"<th>{escape(p)}{' (untrained)' if p == 'pooled' and untrained else ''}</th>"
        for p in poolings
    )
    body = "".join(
        f"<tr><th>{layer}</th>{''.join(cells.get((layer, p), '<td></td>') for p in poolings)}</tr>"
        for layer in shown
    )
    return (
        f"<table><caption>{name}, 95% interval, n = {int(run.table['n'].iloc[0]):,}</caption>"
        f"<thead><tr><th>layer</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _score(row: Any, metric: str, low: str, high: str) -> str:
    if row["constant"]:
        return "<td>constant</td>"
    value, *ends = (row[name] for name in (metric, low, high))
    if value is None or value != value:
        return "<td>–</td>"
    within = [f"{end:.3f}" for end in ends if end is not None and end == end]
    return f"<td>{value:.3f}{f' [{within[0]}, {within[1]}]' if len(within) == 2 else ''}</td>"
