"""What of a run is drawn: its cells as lines, its baselines as references."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from probing.figures.texts import NAMES
from probing.figures.values import METRICS, Dash, Line, Point, Reference, Scale, lines, point
from probing.language import Spoken, later, tr

if TYPE_CHECKING:
    from probing.probes.result import ProbeResult
    from probing.record import Run

SCORES: Mapping[str, str] = Spoken(
    {
        "probe": later("linear probe"),
        "noisy": later("linear probe with 1% noise"),
        "cosine": later("nearest neighbour (cosine)"),
        "cosine_z": later("nearest neighbour (z-scored cosine)"),
    }
)
"""What may score a cell."""
BASELINES: Mapping[str, str] = Spoken(
    {
        "majority": later("majority"),
        "mean": later("mean number"),
        "length": later("length"),
        "tfidf": "TF-IDF",
        "embeddings": later("layer-0 mean"),
    }
)


def named(run: "Run") -> Mapping[str, str]:
    """Poolings on this run's charts: a pooler that was never trained says so."""
    trained = run.record["encoder"]["pooler"]["trained"]
    return NAMES if trained else {**NAMES, "pooled": tr("untrained pooler")}


def leading(run: "Run") -> Scale:
    """The scale of the metric that leads."""
    return METRICS["r2" if run.kind == "numbers" else run.evidence.metric]


def scored(run: "Run", score: str) -> Scale:
    """The same, with what scored it."""
    scale, said = leading(run), tr("{metric}, {by}")
    return replace(scale, title=said.format(metric=scale.heading, by=SCORES[score]))


def lines_of(run: "Run", score: str) -> tuple[Line, ...]:
    """A line per pooling of what ``score``, one of ``SCORES``, gives."""
    names = named(run)
    if score != "probe":
        return lines(((c, point(c.layer, getattr(c, score))) for c in run.evidence.checks), names)
    if run.kind == "numbers":
        return lines(
            (
                (r, Point(r.layer, r.r2, r.ci_low, r.ci_high, r.n, constant=r.constant))
                for r in run.regressions
            ),
            names,
        )
    floor = _floor(run)
    return lines(((p, _of_probe(run, p, floor)) for p in run.probes), names)


def _of_probe(run: "Run", probe: "ProbeResult", floor: float | None) -> Point:
    if run.evidence.metric == "accuracy":
        value: float | None = probe.accuracy
        low, high = probe.ci_low, probe.ci_high
        return Point(probe.layer, value, low, high, probe.n, constant=probe.constant)
    # one vector for all sentences is one class for all: what the majority gets
    value = floor if probe.constant else probe.balanced_accuracy
    return Point(
        probe.layer,
        value,
        probe.balanced_low,
        probe.balanced_high,
        probe.n,
        constant=probe.constant,
    )


def majority(run: "Run") -> float | None:
    """The accuracy of the most frequent class; None without classes."""
    if run.kind != "classes":
        return None
    return float(run.record["baselines"]["majority"]["accuracy"])


def _floor(run: "Run") -> float | None:
    """What one class for all sentences gets in the metric that leads; None without classes."""
    if run.kind != "classes" or run.evidence.metric == "accuracy":
        return majority(run)
    labels = np.array(run.sentences.labels or ())[run.probes[0].scored]
    # right on all of one class and on none of the others
    return 1 / len(set(labels))


def references_of(run: "Run") -> tuple[Reference, ...]:
    """The run's baselines in the metric that leads, the simplest first."""
    if run.kind == "numbers":
        return tuple(
            Reference(BASELINES.get(b.name, b.name), b.r2, b.ci_low, b.ci_high, b.n, _dash(b.name))
            for b in run.numeric_baselines
        )
    floor, plain = _floor(run), run.evidence.metric == "accuracy"
    found = []
    for b in run.baselines:
        value = b.accuracy if plain else b.balanced_accuracy
        low, high = (b.ci_low, b.ci_high) if plain else (b.balanced_low, b.balanced_high)
        value = floor if b.name == "majority" else value
        if value is not None:
            name = BASELINES.get(b.name, b.name)
            found.append(Reference(name, value, low, high, b.n, _dash(b.name)))
    if not found and floor is not None:  # a run made before there were others
        return (Reference(BASELINES["majority"], floor),)
    return tuple(found)


def _dash(name: str) -> Dash:
    return "dot" if name in ("majority", "mean", "length") else "dash"
