"""A run that was never computed: every figure in it is known, and shaped like a real one."""

from dataclasses import replace
from typing import Any

import numpy as np

from probing.evidence import (
    Best,
    Check,
    Code,
    Conditional,
    Contrast,
    Detectable,
    Estimate,
    Evidence,
    Shape,
    Twin,
)
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult
from probing.record import Run
from probing.sentences import Sentences

N, CLASSES = 400, 5
POOLINGS = ("cls", "pooled", "mean")
LABELS = tuple(f"class {i % CLASSES}" for i in range(N))
Y = np.arange(N) % CLASSES


def estimate(value: float, half: float = 0.02, n: int = N) -> Estimate:
    return Estimate(value, value - half, value + half, n)


def level(pooling: str, layer: int, layers: int) -> float:
    """CLS rises late, the mean early, and so on."""
    steepness = {"cls": 1.0, "pooled": 0.8, "mean": 3.0, "mean_words": 3.2}[pooling]
    start = {"cls": 0.25, "pooled": 0.25, "mean": 0.82, "mean_words": 0.84}[pooling]
    top = {"cls": 0.957, "pooled": 0.93, "mean": 0.962, "mean_words": 0.964}[pooling]
    return start + (top - start) * (1 - float(np.exp(-steepness * 4 * layer / layers)))


def probe(
    layer: int, pooling: str, accuracy: float, *, constant: bool = False, n: int = N
) -> ProbeResult:
    """Right on exactly that share of n sentences, the first ones; sure in proportion."""
    right = np.arange(n) < round(accuracy * n)
    y = np.arange(n) % CLASSES
    sure = np.clip(0.35 + 0.6 * accuracy + 0.05 * np.cos(np.arange(n)), 0.2, 1)
    return ProbeResult(
        layer=layer,
        pooling=pooling,
        accuracy=accuracy,
        ci_low=accuracy - 0.02,
        ci_high=min(1.0, accuracy + 0.02),
        balanced_accuracy=None if constant else accuracy - 0.1,
        balanced_low=None if constant else accuracy - 0.13,
        balanced_high=None if constant else accuracy - 0.07,
        macro_f1=None,
        log_loss_bits=None,
        C=None if constant else 0.1,
        n=n,
        constant=constant,
        usable_information_bits=None,
        calibration_error=None if constant else 0.031,
        predicted=np.where(right, y, (y + 1) % CLASSES).astype(np.int32),
        true_probability=np.full(n, 0.5, np.float32),
        confidence=np.full(n, np.nan, np.float32) if constant else sure.astype(np.float32),
    )


def baseline(name: str, accuracy: float) -> Baseline:
    given = {f: getattr(probe(0, "cls", accuracy), f) for f in Baseline.__dataclass_fields__
             if f != "name"}  # fmt: skip
    if name == "majority":
        given |= {"balanced_accuracy": None, "balanced_low": None, "balanced_high": None}
    return Baseline(name=name, **given)


BASELINES = {"majority": 0.2, "length": 0.31, "tfidf": 0.955, "embeddings": 0.948}


def probes(layers: int, poolings: tuple[str, ...] = POOLINGS) -> tuple[ProbeResult, ...]:
    return tuple(
        probe(layer, p, 0.2, constant=True)
        if layer == 0 and p in ("cls", "pooled")
        else probe(layer, p, round(level(p, layer, layers), 4))
        for p in poolings
        for layer in range(layers + 1)
    )


def shape(layer: int, pooling: str, layers: int) -> Shape:
    if layer == 0 and pooling in ("cls", "pooled"):
        return Shape(layer, pooling, N, 5e-12, None, None, None, None, None, None)
    variance = 0.3 if pooling.startswith("mean") else 10 ** (-6 + 5.5 * layer / layers)
    near = 0.98 - 0.5 * layer / layers
    cka = None if pooling == "mean" else layer / layers
    return Shape(layer, pooling, N, variance, near, near / 9, near - 0.05, 20.0 + layer,
                 90.0 - layer, cka)  # fmt: skip


def check(layer: int, pooling: str, layers: int) -> Check:
    here = level(pooling, layer, layers)
    late = 0.2 + (here - 0.2) * (layer / layers) ** (0.1 if pooling.startswith("mean") else 3)
    control = 0.24 + 0.03 * layer / layers
    return Check(
        layer,
        pooling,
        noisy=estimate(late),
        control=estimate(control),
        selectivity=estimate(here - control),
        memorised=0.7,
        cosine=estimate(here - 0.2),
        cosine_z=estimate(here - 0.1),
    )


def contrast(a: str, b: str, difference: float, p: float | None, half: float = 0.018) -> Contrast:
    return Contrast(a, b, estimate(difference, half), 20, 11, p, p)


def contrasts(layers: int, poolings: tuple[str, ...] = POOLINGS) -> tuple[Contrast, ...]:
    found = []
    for layer in range(1, layers + 1):
        for i, a in enumerate(poolings):
            for b in poolings[i + 1 :]:
                gap = level(a, layer, layers) - level(b, layer, layers)
                p = 0.01 if abs(gap) > 0.03 else 0.4
                found.append(contrast(f"{a}_{layer}", f"{b}_{layer}", gap, p))
        found.append(contrast(f"cls_{layer}", "tfidf", -0.1, 0.01))
        if layer < layers:
            found.append(contrast(f"cls_{layer}", f"cls_{layers}", -0.2, 0.01))
    return tuple(found)


def code(layer: int, pooling: str, layers: int) -> Code:
    uniform = N * float(np.log2(CLASSES))
    compression = 1.1 + 2.5 * level(pooling, layer, layers) ** 3
    bits = uniform / compression
    seen = (25, 50, 100, 200)
    top = level(pooling, layer, layers)
    return Code(
        layer=layer,
        pooling=pooling,
        n=N,
        classes=CLASSES,
        shuffles=5,
        bits=bits,
        bits_sd=bits / 40,
        uniform_bits=uniform,
        prior_bits=uniform * 0.97,
        compression=compression,
        permuted_bits=uniform * 1.04 + 3 * layer,
        seen=seen,
        accuracy=tuple(top * (1 - 0.5 * (25 / s) ** 0.8) for s in seen),
        block_bits=tuple(1.5 * 25 / s for s in seen),
    )


def evidence(layers: int, poolings: tuple[str, ...] = POOLINGS, **changes: Any) -> Evidence:
    cells = [(layer, p) for p in poolings for layer in range(layers + 1)]
    alive = [(layer, p) for layer, p in cells if layer or p.startswith("mean")]
    twin = {"cls": 0.9, "pooled": 0.88, "mean": 0.93, "mean_words": 0.93}
    found = Evidence(
        shapes=tuple(shape(layer, p, layers) for layer, p in cells),
        checks=tuple(check(layer, p, layers) for layer, p in alive),
        conditionals=tuple(
            Conditional(layer, estimate(0.01 * layer - 0.02), estimate(0.2 - 0.015 * layer))
            for layer in range(1, layers + 1)
        ),
        contrasts=contrasts(layers, poolings),
        best=Best(layers, "cls", estimate(0.95), estimate(0.95),
                  {f"cls_{layers}": 3, f"mean_{layers}": 1, f"mean_{layers - 1}": 1}, 0.964),
        detectable=Detectable(N, 0.1, 0.044),
        twins=tuple(
            Twin(layer, p, (0.2,) * 3 if layer == 0 and p in ("cls", "pooled")
                 else tuple(twin[p] - 0.002 * layer + d for d in (-0.01, 0.0, 0.012)), N)
            for layer, p in cells
        ),
        codes=tuple(code(layer, p, layers) for layer, p in alive),
    )  # fmt: skip
    return replace(found, **changes)


def record(layers: int, found: Evidence, trained: bool = True) -> dict[str, Any]:
    return {
        "id": "0" * 32,
        "encoder": {"pooler": {"trained": trained}, "layers": layers},
        "baselines": {"majority": {"accuracy": 0.2}},
        "settings": {"depth": "full"},
        "evidence": found.to_json(),
    }


def made(
    layers: int = 6,
    poolings: tuple[str, ...] = POOLINGS,
    *,
    trained: bool = True,
    **changes: Any,
) -> Run:
    """A run on classes with everything in it; ``changes`` are of its evidence."""
    texts = tuple(f"sentence {i}" for i in range(N))
    return Run(
        record(layers, evidence(layers, poolings, **changes), trained),
        Sentences(texts, LABELS),
        probes(layers, poolings),
        (),
        baselines=tuple(baseline(name, value) for name, value in BASELINES.items()),
    )


def made_of_numbers(layers: int = 6) -> Run:
    """A run on numbers."""

    def scores(r2: float) -> dict[str, Any]:
        return {
            "r2": r2,
            "ci_low": r2 - 0.05,
            "ci_high": r2 + 0.05,
            "spearman": 0.5,
            "C": 0.1,
            "n": N,
            "constant": False,
            "predicted": np.zeros(N),
        }

    results = tuple(
        RegressionResult(layer=layer, pooling=p, **scores(level(p, layer, layers) - 0.5))
        for p in POOLINGS
        for layer in range(layers + 1)
    )
    names = {"mean": -0.01, "length": 0.05, "tfidf": 0.2, "embeddings": 0.3}
    found = Evidence(metric="r2", shapes=evidence(layers).shapes, contrasts=contrasts(layers))
    return Run(
        record(layers, found) | {"baselines": {}},
        Sentences(tuple(map(str, range(N))), tuple(f"{i}.5" for i in range(N))),
        (),
        (),
        regressions=results,
        numeric_baselines=tuple(NumericBaseline(name=k, **scores(v)) for k, v in names.items()),
    )
