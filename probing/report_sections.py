"""What a report can say of a run, section by section."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from probing import per_class, per_sentence, verdict
from probing.errors import SettingsError
from probing.exports import code
from probing.hiding import is_hidden
from probing.language import later
from probing.mechanism.values import Missing
from probing.projections.said import describe_map
from probing.record import Run
from probing.suspects import about_suspects, suspects

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure with its title and what it shows, in plain text."""

    title: str
    figure: Any
    """Plotly's."""
    said: str


Piece = Chart | str
"""A chart, or HTML in which all that is not ours is escaped."""


@dataclass(frozen=True)
class Section:
    """A part of the report that can be chosen."""

    title: str
    """For the list to choose from; in English, marked for translation."""
    there: Callable[[Run], bool]
    """Whether a run has it; quick."""
    pieces: Callable[[Run], Iterable[Piece]]


EVIDENCE = {
    "comparisons": (
        "Poolings compared",
        "Differences on the same sentences with 95% intervals; filled where they survive the "
        "correction for all comparisons.",
    ),
    "arrival": (
        "When CLS becomes about the sentence",
        "Relative variance, and the probe with and without noise of 1% of the vectors' size.",
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
_INSIDE = {
    "knockout": "CLS kept from reading",
    "ledger": "What CLS receives, by layer",
    "gradients": "What the classification error trains",
}
COLUMNS = {
    "layer": "layer",
    "pooling": "pooling",
    "accuracy": "accuracy",
    "r2": "R²",
    "ci_low": "95% from",
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
_OF_CLASSES = {
    "class": "class",
    "n": "n",
    "recall": "recall",
    "recall_low": "95% from",
    "recall_high": "to",
    "precision": "precision",
    "f1": "F1",
    "taken_for": "most often taken for",
}
_OF_SENTENCES = {
    "row": "row",
    "text": "sentence",
    "label": "label",
    "predicted": "predicted",
    "suggested": "predicted instead",
    "probability": "P(label)",
    "confidence": "confidence",
    "error": "error",
    "wrong": "cells wrong",
}
_MOST = 20  # sentences of a list


def _verdict(run: Run) -> Iterable[Piece]:
    return [f"<p>{escape(sentence)}</p>" for sentence in verdict.sentences(run)]


def _scores(run: Run) -> Iterable[Piece]:
    return [Chart("Score by layer", run.figure("accuracy"), "Bands are 95% intervals.")]


def _evidence(run: Run) -> Iterable[Piece]:
    for name, (title, said) in EVIDENCE.items():
        try:
            yield Chart(title, run.figure(name), said)
        except SettingsError:  # this run has nothing of the kind
            continue


def _classes(run: Run) -> Iterable[Piece]:
    layer, pooling = _cell(run)
    found = per_class.confusion(run, layer, pooling)
    said = f"{found.n:,} sentences, none fitted on; rows are the labels."
    name = f"{pooling}, layer {layer}"
    figure = run.figure("confusion", layer=layer, pooling=pooling)
    yield Chart(f"Which class is taken for which ({name})", figure, said)
    yield f"<h3>Class by class ({escape(name)})</h3>"
    yield table(per_class.scores(found), _OF_CLASSES)
    intervals = "Recall of each class by layer, with 95% Wilson intervals."
    yield Chart("Each class through the layers", run.figure("classes"), intervals)


def _cell(run: Run) -> tuple[int, str]:
    """Layer and pooling that the inner folds chose; the first pooling's last layer without."""
    best = run.evidence.best
    if best is not None:
        return best.layer, best.pooling
    pooling = run.probes[0].pooling
    return max(p.layer for p in run.probes if p.pooling == pooling), pooling


def _maps(run: Run) -> Iterable[Piece]:
    last = run.record["encoder"]["layers"]
    for p in run.projections:
        size = p.points.shape[1]
        if p.layer == last and size == 2:
            options = {"method": p.method, "layer": p.layer, "pooling": p.pooling}
            figure = run.figure("map", dimensions=size, **options)
            title = f"{p.method.upper()} of {p.pooling} at layer {p.layer}"
            yield Chart(title, figure, describe_map(p))


def _inside(run: Run) -> Iterable[Piece]:
    from probing.mechanism import wording

    said: dict[str, Callable[[Any], str]] = {
        "knockout": wording.said_of_knockout,
        "ledger": wording.said_of_ledger,
        "gradients": wording.said_of_gradients,
    }
    for name, title in _INSIDE.items():
        found = getattr(run.inside, name, None)
        if isinstance(found, Missing):
            yield f"<h2>{title}</h2><p class=quiet>{escape(found.reason)}</p>"
        elif found is not None:
            yield Chart(title, run.figure(name), said[name](found))


def _sentences(run: Run) -> Iterable[Piece]:
    hard = per_sentence.hardest(run, most=_MOST)
    yield "<h2>Hardest sentences</h2>"
    if len(hard):
        yield "<p class=quiet>Those that all cells which score well know least of.</p>"
        yield table(hard, _OF_SENTENCES)
    else:
        yield "<p class=quiet>No cell knows enough to say which sentences are hard.</p>"
    if run.kind == "classes":
        found = suspects(run, most=_MOST)
        yield "<h2>Labels that may be wrong</h2>"
        yield f"<p class=quiet>{escape(about_suspects(run))}</p>"
        yield table(found, _OF_SENTENCES) if len(found) else ""


def _cells(run: Run) -> Iterable[Piece]:
    columns = {key: name for key, name in COLUMNS.items() if key in run.table.columns}
    if run.kind == "numbers":
        columns = {key: name for key, name in columns.items() if run.table[key].notna().any()}
    return ["<h2>All cells</h2>", table(run.table, columns)]


def _settings(run: Run) -> Iterable[Piece]:
    record = run.record
    data, kept = record["data"], record["settings"]
    facts = {
        "run": run.id,
        "file": data["name"],
        "SHA-256 of the sentences": "" if is_hidden(run) else data["fingerprint"],
        "encoder's revision": record["encoder"]["revision"],
        **{name: kept[name] for name in kept if name != "poolings_used"},
    }
    yield "<h2>Settings</h2>"
    yield "<table class=facts>"
    for name, value in facts.items():
        if value not in ("", None):
            text = ", ".join(value) if isinstance(value, list | tuple) else str(value)
            yield f"<tr><th>{escape(str(name))}</th><td>{escape(text)}</td></tr>"
    yield "</table>"
    if not is_hidden(run):
        yield f"<h3>Make it again</h3><pre>{escape(code.command(run))}</pre>"
    yield f"<h3>Cite</h3><pre>{escape(code.cite(run))}</pre>"


def table(frame: "pd.DataFrame", columns: Mapping[str, str]) -> str:
    """The ``columns`` (name → heading) that a table has, as HTML; every text escaped."""
    there = {key: name for key, name in columns.items() if key in frame.columns}
    words = {key for key in there if frame[key].map(lambda v: isinstance(v, str)).any()}
    style = {key: " class=text" if key in words else "" for key in there}
    head = "".join(f"<th{style[key]}>{escape(name)}</th>" for key, name in there.items())
    rows = []
    for values in frame.astype(object).to_dict("records"):
        cells = "".join(f"<td{style[key]}>{_figure(key, values[key])}</td>" for key in there)
        rows.append(f"<tr>{cells}</tr>")
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f"<div class=wide><table>{body}</table></div>"


def _figure(key: str, value: Any) -> str:
    if value is None or value != value:
        return "–"
    if key in ("layer", "n", "row", "wrong"):
        return f"{value:,}"
    if key == "C":
        return f"{value:g}"
    return escape(value) if isinstance(value, str) else f"{value:.3f}"


def _labelled(run: Run) -> bool:
    return run.kind != "none"


SECTIONS: Mapping[str, Section] = {
    "verdict": Section(later("What may be concluded"), _labelled, _verdict),
    "scores": Section(later("Scores by layer"), _labelled, _scores),
    "evidence": Section(later("Comparisons, controls, geometry"), lambda run: True, _evidence),
    "classes": Section(later("Class by class"), lambda run: run.kind == "classes", _classes),
    "maps": Section(later("Maps of the last layer"), lambda run: bool(run.projections), _maps),
    "inside": Section(later("Inside the encoder"), lambda run: run.inside is not None, _inside),
    "sentences": Section(
        later("Hardest sentences, doubtful labels"),
        lambda run: _labelled(run) and not is_hidden(run),
        _sentences,
    ),
    "cells": Section(later("Table of all cells"), _labelled, _cells),
    "settings": Section(later("Settings, versions, how to cite"), lambda run: True, _settings),
}
"""By name, in the order of the report."""
