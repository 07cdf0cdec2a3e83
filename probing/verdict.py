"""What may honestly be said of a run and of its maps, in plain words with the figures.

The verdict is made from the results alone. It names a difference only where it survives the
correction for every comparison of the run, and says of the others what it would take to tell. It
speaks of what can be read off the vectors, never of what the encoder does with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from probing.comparison import BEST, FEWEST
from probing.evidence import Best, Contrast, Estimate, Evidence
from probing.representations import POOLINGS
from probing.statistics import Z95, sentences_needed
from probing.wording import BASELINES, Words, about, capital, layer_list

if TYPE_CHECKING:
    from probing.projections import Projection
    from probing.record import Run

ALPHA = 0.05
POWER = 0.8
MOST = 6  # sentences of a verdict
ROUNDING = 1e-9  # difference of two scores that is none


def verdict(evidence: Evidence, untrained: bool = False) -> dict[str, Any]:
    """The content of ``run.json``'s ``verdict``.

    ``significant``: the contrasts that survive max-T; ``best``: the cell chosen on inner folds with
    its outer-fold score, or None; ``text``: both in words (``sentences``: one by one).
    ``untrained``: the encoder's pooler was never trained.
    """
    said = _Said(evidence, Words(evidence.metric, untrained)).sentences()
    return {
        "significant": [_contrast(c) for c in evidence.contrasts if survives(c)],
        "contrasts": len(evidence.contrasts),
        "best": None if evidence.best is None else _best(evidence.best, evidence.metric),
        "sentences": said,
        "text": " ".join(said),
    }


def describe(run: "Run") -> str:
    """The run's verdict in words; empty for a run without labels."""
    return str((run.record.get("verdict") or {}).get("text", ""))


def sentences(run: "Run") -> list[str]:
    """The same, sentence by sentence."""
    return list((run.record.get("verdict") or {}).get("sentences", ()))


def survives(contrast: Contrast) -> bool:
    """Whether the difference holds after correction for all contrasts of the run."""
    return contrast.p_max_t is not None and contrast.p_max_t <= ALPHA


def _contrast(contrast: Contrast) -> dict[str, Any]:
    return {
        "a": contrast.a,
        "b": contrast.b,
        "difference": contrast.difference.value,
        "ci_low": contrast.difference.low,
        "ci_high": contrast.difference.high,
        "n": contrast.difference.n,
        "p": contrast.p_max_t,
    }


def _best(best: Best, metric: str) -> dict[str, Any]:
    accuracy = best.accuracy
    return {
        "layer": best.layer,
        "pooling": best.pooling,
        "accuracy": None if accuracy is None else accuracy.value,
        "ci_low": None if accuracy is None else accuracy.low,
        "ci_high": None if accuracy is None else accuracy.high,
        "n": best.score.n,
        "metric": metric,
        "score": best.score.value,
        "score_low": best.score.low,
        "score_high": best.score.high,
        "choices": dict(best.choices),
    }


# ---- in words


@dataclass(frozen=True)
class _Said:
    """The sentences that the evidence allows."""

    evidence: Evidence
    words: Words

    def sentences(self) -> list[str]:
        """At most ``MOST``, the most important first."""
        best = self.evidence.best
        if best is None:
            said = ["No cell was chosen: the training sentences left nothing to choose one by."]
        else:
            said = [self.best_cell(best), self.baseline(best), self.twins(best)]
        said += [self.poolings(a, b) for a, b in self._asked()]
        said += ["" if best is None else self.layers(best), self.limits()]
        return [sentence for sentence in said if sentence][:MOST]

    def best_cell(self, best: Best) -> str:
        folds, votes = sum(best.choices.values()), best.choices[f"{best.pooling}_{best.layer}"]
        by = f" ({'all' if votes == folds else f'{votes} of'} {folds} folds)" if folds > 1 else ""
        probes = "a linear probe on it reaches" if votes == folds else "probes so chosen reach"
        cell = f"{self.words.pooling(best.pooling)} at layer {best.layer}"
        return (
            f"Chosen on training sentences alone, the best cell is {cell}{by}; "
            f"{probes} {self.words.score(best.score)}."
        )

    def baseline(self, best: Best) -> str:
        """The best cell beside the strongest method that has no trained encoder."""
        rivals = [c for c in self.evidence.contrasts if c.a == BEST and c.b in BASELINES]
        if not rivals:
            return ""
        strongest = min(rivals, key=lambda c: c.difference.value)
        said = f"The strongest baseline, {BASELINES[strongest.b]}, gets"
        if not strongest.only_a + strongest.only_b:
            return f"{said} the same sentences right."
        score = self.words.level(best.score.value - strongest.difference.value)
        return f"{said} {score}: {self._beside(strongest)}."

    def _beside(self, contrast: Contrast) -> str:
        said = f"the best cell is {self._standing(contrast)}"
        if survives(contrast):
            count = len(self.evidence.contrasts)
            return f"{said}, which holds after correction for all {count:,} comparisons"
        how = "which is not tested" if contrast.p_max_t is None else "which may be chance"
        return f"{said}, {how}{self._needed(contrast)}"

    def _standing(self, contrast: Contrast) -> str:
        """``4.3 points [1.3, 7.3] ahead``."""
        return f"{self.words.gap(_size(contrast))} {_side(contrast)}"

    def twins(self, best: Best) -> str:
        """The best cell's scores with random weights."""
        scores = [
            score
            for twin in self.evidence.twins
            if (twin.layer, twin.pooling) == (best.layer, best.pooling)
            for score in twin.accuracies
        ]
        if not scores:
            return ""
        low, high = (self.words.level(end) for end in (min(scores), max(scores)))
        return (
            "The same architecture with random weights gets "
            f"{low if low == high else f'{low} to {high}'} in that cell "
            f"({len(scores)} seed{'s' if len(scores) > 1 else ''})."
        )

    # ---- poolings

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str], Mapping[int, Contrast]]:
        """Two poolings → layer → their contrast there."""
        found: dict[tuple[str, str], dict[int, Contrast]] = {}
        for contrast in self.evidence.contrasts:
            one, other = _cell(contrast.a), _cell(contrast.b)
            if one and other and one[1] == other[1]:
                found.setdefault((one[0], other[0]), {})[one[1]] = contrast
        return found

    def _asked(self) -> list[tuple[str, str]]:
        """The first pooling against the mean, then against the others; one mean is enough."""
        first = next((p for p in POOLINGS if any(p in pair for pair in self._pairs)), "")
        others = [p for p in ("mean", "pooled", "mean_words") if (first, p) in self._pairs]
        return [(first, p) for p in others if p != "mean_words" or "mean" not in others]

    def poolings(self, a: str, b: str) -> str:
        """Two poolings, layer by layer."""
        by_layer = self._pairs[a, b]
        one, other = self.words.pooling(a), self.words.pooling(b)
        if not any(survives(c) for c in by_layer.values()):
            return self._alike(one, other, by_layer)
        parts: list[str] = []
        for side, beyond in (("ahead", "ahead of"), ("behind", "behind")):
            told = {n: _size(c) for n, c in by_layer.items() if survives(c) and _side(c) == side}
            if told:
                where = f"{layer_list([*told])} (by {self.words.gaps([*told.values()])})"
                parts.append(f"{side} at {where}" if parts else f"{beyond} {other} at {where}")
        rest = [layer for layer, c in by_layer.items() if not survives(c)]
        untold = f"; at {layer_list(rest)} this sample cannot tell" if rest else ""
        return f"{capital(one)} is {' and '.join(parts)}{untold}."

    def _alike(self, one: str, other: str, by_layer: Mapping[int, Contrast]) -> str:
        """Nothing could be told, or nothing was tested: how it stands at the last layer."""
        last = max(by_layer)
        stands, needed = self._standing(by_layer[last]), self._needed(by_layer[last])
        if by_layer[last].p_max_t is None:
            of = "of " if _side(by_layer[last]) == "ahead" else ""
            said = f"At layer {last} {one} is {stands} {of}{other}"
            return f"{said}, which is not tested{needed}."
        said = f"{capital(one)} cannot be told from {other}"
        if len(by_layer) == 1:
            return f"{said} at layer {last}, where it is {stands}{needed}."
        where = f"at any of {layer_list([*by_layer])}; at layer {last} it is"
        return f"{said} {where} {stands}{needed}."

    # ---- layers

    def layers(self, best: Best) -> str:
        """The best pooling's layers against its last one."""
        by_layer, last = {}, 0
        for contrast in self.evidence.contrasts:
            one, other = _cell(contrast.a), _cell(contrast.b)
            if one and other and one[0] == other[0] == best.pooling:
                by_layer[one[1]], last = contrast, other[1]
        if not by_layer or any(c.p_max_t is None for c in by_layer.values()):
            return ""
        name = self.words.pooling(best.pooling)
        told = [layer for layer, c in by_layer.items() if survives(c)]
        ahead = [layer for layer in told if _side(by_layer[layer]) == "ahead"]
        if ahead:
            gaps = self.words.gaps([_size(by_layer[layer]) for layer in ahead])
            return (
                f"{capital(layer_list(ahead))} of {name} {'are' if len(ahead) > 1 else 'is'} "
                f"ahead of its last one, layer {last} (by {gaps})."
            )
        if not told:
            return f"No layer of {name} can be told from its last one, layer {last}."
        rest = [layer for layer in by_layer if layer not in told]
        untold = f"; {layer_list(rest)} cannot be told from it" if rest else ""
        return f"No layer of {name} is ahead of its last one, layer {last}{untold}."

    # ---- what the sample allows

    def limits(self) -> str:
        """What this many sentences could show at all."""
        can = self.evidence.detectable
        if can is None or (can.n >= FEWEST and self.evidence.metric == "r2"):
            return ""
        said = f"With {can.n:,} different sentences"
        if can.n < FEWEST:
            return f"{said} no difference is tested; that takes at least {FEWEST}."
        return (
            f"{said}, a test of two methods alone finds a difference of "
            f"{100 * can.difference:.1f} points of accuracy in four of five samples, a smaller one "
            "less often."
        )

    def _needed(self, contrast: Contrast) -> str:
        """How many sentences would tell; empty where there are as many, or no difference."""
        can = self.evidence.detectable
        texts = contrast.difference.n if can is None else can.n
        inflation = 1.0 if can is None else can.inflation
        count = max(1, len(self.evidence.contrasts))
        found = telling_sentences(contrast, texts, self.words.metric, ALPHA / count, inflation)
        if found is None or max(found, FEWEST) <= texts:
            return ""
        return f" (if real, {about(max(found, FEWEST))} would tell)"


def telling_sentences(
    contrast: Contrast, texts: int, metric: str, alpha: float, inflation: float
) -> int | None:
    """Different sentences with which a difference of this size would be found in four of five.

    ``alpha`` is corrected for all comparisons (Bonferroni: a little more than max-T asks for).
    Accuracy has McNemar's formula, times the ``inflation`` of cross-validation; other scores go by
    the width of the interval, which has it in already and shrinks with the root of n.
    """
    d = contrast.difference
    if abs(d.value) < ROUNDING:
        return None
    if metric == "accuracy":
        discordant = (contrast.only_a + contrast.only_b) / texts
        independent = sentences_needed(d.value, discordant, POWER, alpha)
        return None if independent is None else ceil(inflation * independent)
    normal, error = NormalDist(), (d.high - d.low) / (2 * Z95)
    beyond = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
    return ceil(texts * (beyond * error / d.value) ** 2)


def _side(contrast: Contrast) -> str:
    return "ahead" if contrast.difference.value >= 0 else "behind"


def _size(contrast: Contrast) -> Estimate:
    """The difference without its sign."""
    d = contrast.difference
    return d if d.value >= 0 else replace(d, value=-d.value, low=-d.high, high=-d.low)


def _cell(name: str) -> tuple[str, int] | None:
    """Pooling and layer of ``cls_6``; None for a baseline and for the best."""
    pooling, _, layer = name.rpartition("_")
    return (pooling, int(layer)) if pooling in POOLINGS else None


# ---- maps


def describe_map(projection: "Projection") -> str:
    """How faithful a map is: how much of each point's neighbourhood it keeps."""
    f = projection.faithfulness
    if f.trustworthiness is None or f.continuity is None or f.neighbours_kept is None:
        return "Too few sentences to say how faithful this map is."
    parts = [
        f"trustworthiness {f.trustworthiness:.2f}",
        f"continuity {f.continuity:.2f}",
        f"{f.neighbours_kept:.0%} of each point's {f.k} nearest neighbours kept "
        f"({f.neighbours_kept_by_chance:.1%} by chance)",
    ]
    if f.label_accuracy_full is not None:
        parts.append(
            f"label of the neighbours: right for {f.label_accuracy_map:.0%} on the map, "
            f"{f.label_accuracy_full:.0%} in all dimensions"
        )
    if projection.explained:
        parts.append(f"axes show {sum(projection.explained):.0%} of the variance")
    return f"How faithful: {' · '.join(parts)} · {f.judged:,} points compared"
