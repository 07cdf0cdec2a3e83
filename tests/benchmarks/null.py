"""Does a verdict overclaim? Simulated runs under a true null, and coverage of the intervals.

``python -m tests.benchmarks.null [--runs 200] [--sentences 200] [--classes 2]``

Each run draws sentences from the bundled reviews, takes the bundled encoder's real vectors of
them, and gives every sentence a random label. Nothing can be known of such labels, so every
contrast that a verdict calls significant is a false one; at α = 5 % corrected for all contrasts,
at most 5 % of the runs may name any. The true accuracy of every probe is 1/K, so an interval
should hold 1/K in 95 % of the runs.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from probing import baselines, comparison
from probing.board import Board, leading_metric
from probing.contrasts import ALPHA
from probing.encoders import load_encoder
from probing.evaluation import cells_of
from probing.evidence import Evidence
from probing.extraction import extract
from probing.probes import nested
from probing.probes.folds import Plan, cross_validation, duplicate_groups
from probing.probes.result import Baseline, ProbeResult
from probing.reading import read_csv
from probing.representations import Representations
from probing.verdict import verdict

REVIEWS = Path(__file__).resolve().parents[2] / "data" / "reviews.csv"


@dataclass(frozen=True)
class Outcome:
    """What one simulated run said."""

    significant: tuple[str, ...]
    """Contrasts that its verdict names."""
    least_p: float
    """The smallest corrected p of all contrasts."""
    uncorrected: bool
    """Whether any contrast would be called significant by its own McNemar test."""
    covered: tuple[float, float]
    """Share of the cells' intervals that hold 1/K, and whether the best cell's does."""
    optimism: float
    """Maximum of all cells − score of the best cell chosen inside."""


def reviews() -> tuple[tuple[str, ...], Representations]:
    """The bundled reviews, and the bundled encoder's vectors of them."""
    texts = read_csv(REVIEWS).texts
    return texts, extract(texts, load_encoder(), ("cls", "pooled", "mean"))


def simulate(
    texts: tuple[str, ...], vectors: Representations, n: int, classes: int, seed: int
) -> Outcome:
    """One run on n random sentences with random labels."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(texts))[:n])
    y = rng.permutation(np.arange(n) % classes)  # balanced: else the majority has a head start
    groups = duplicate_groups([texts[i] for i in rows])
    plan = cross_validation(y, groups, 5, seed)
    cells = tuple(
        nested.probe(vectors.cell(layer, p)[rows], y, classes, plan, layer=layer, pooling=p)
        for p, layer in cells_of(vectors)
    )
    rivals = _rivals([texts[i] for i in rows], rows, vectors, y, classes, plan)
    return judge(cells, rivals, y, groups, plan, classes, seed)


def _rivals(
    texts: list[str], rows: np.ndarray, vectors: Representations, y: np.ndarray, k: int, plan: Plan
) -> tuple[Baseline, ...]:
    def tick() -> None:
        pass

    counts, words = vectors.token_counts, vectors.embedding_mean
    assert counts is not None
    assert words is not None
    return (
        baselines.majority_baseline(y, plan),
        baselines.length(counts[rows], texts, y, k, plan, tick),
        baselines.tfidf(texts, y, k, plan, tick),
        baselines.embeddings(words[rows], y, k, plan, tick),
    )


def judge(
    cells: tuple[ProbeResult, ...],
    rivals: tuple[Baseline, ...],
    y: np.ndarray,
    groups: np.ndarray,
    plan: Plan,
    classes: int,
    seed: int,
) -> Outcome:
    """What the verdict says, and whether the intervals hold the truth."""
    board = Board.of(leading_metric(y), cells[0].scored, y, groups, seed, len(plan.folds))
    weighed = comparison.weigh(board, cells, rivals, plan.folds, seed)
    evidence = Evidence(
        metric=board.metric,
        contrasts=weighed.contrasts,
        best=weighed.best,
        detectable=weighed.detectable,
    )
    said, best, truth = verdict(evidence), weighed.best, 1 / classes
    assert best is not None
    able = [c for c in weighed.cells if not c.constant]
    return Outcome(
        tuple(f"{c['a']} {c['difference']:+.3f} {c['b']}" for c in said["significant"]),
        min(c.p_max_t for c in weighed.contrasts if c.p_max_t is not None),
        any(c.p_mcnemar <= ALPHA for c in weighed.contrasts if c.p_mcnemar is not None),
        (
            float(np.mean([c.ci_low <= truth <= c.ci_high for c in able])),
            float(best.score.low <= truth <= best.score.high),
        ),
        best.maximum - best.score.value,
    )


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--classes", type=int, default=2)
    asked = parser.parse_args()
    texts, vectors = reviews()
    outcomes = []
    for seed in range(asked.runs):
        outcomes.append(simulate(texts, vectors, asked.sentences, asked.classes, seed))
        if outcomes[-1].significant:
            print(seed, *outcomes[-1].significant, sep="\n  ", flush=True)
    false = np.mean([bool(o.significant) for o in outcomes])
    p = np.sort([o.least_p for o in outcomes])
    print(
        json.dumps(
            {
                "runs": asked.runs,
                "sentences": asked.sentences,
                "classes": asked.classes,
                "verdicts_with_a_false_contrast": round(float(false), 4),
                "uncorrected_would_name_one": round(
                    float(np.mean([o.uncorrected for o in outcomes])), 4
                ),
                "least_p_quantiles": [round(float(q), 3) for q in np.quantile(p, [0.05, 0.5])],
                "cells_covered": round(float(np.mean([o.covered[0] for o in outcomes])), 4),
                "best_covered": round(float(np.mean([o.covered[1] for o in outcomes])), 4),
                "optimism_of_the_maximum": round(float(np.mean([o.optimism for o in outcomes])), 4),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
