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
from probing.language import later, tr, tr_n
from probing.representations import POOLINGS
from probing.statistics import Z95, sentences_needed
from probing.wording import BASELINES, Words, about, capital, layer_list, one_by_one, spaced

if TYPE_CHECKING:
    from probing.projections import Projection
    from probing.record import Run

ALPHA = 0.05
POWER = 0.8
MOST = 6  # sentences of a verdict
ROUNDING = 1e-9  # difference of two scores that is none
NOTHING = later("No cell was chosen: the training sentences left nothing to choose one by.")
_AHEAD = later("{one} is ahead of {other} at {ahead}{untold}.")
_BEHIND = later("{one} is behind {other} at {behind}{untold}.")
_BOTH = later("{one} is ahead of {other} at {ahead} and behind at {behind}{untold}.")
_UNTESTED_AHEAD = later(
    "At layer {last} {one} is {gap} ahead of {other}, which is not tested{needed}."
)
_UNTESTED_BEHIND = later(
    "At layer {last} {one} is {gap} behind {other}, which is not tested{needed}."
)


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
        "text": one_by_one(said),
    }


def describe(run: "Run") -> str:
    """The run's verdict in words, in the language of now; empty for a run without labels."""
    return one_by_one(sentences(run))


def sentences(run: "Run") -> list[str]:
    """The same, sentence by sentence.

    Made anew from the evidence; a run that is older than its evidence says what it said.
    """
    told = (run.record.get("verdict") or {}).get("sentences", ())
    if not told or not run.evidence.contrasts:
        return [tr(sentence) for sentence in told]
    trained = run.record["encoder"]["pooler"]["trained"]
    return _Said(run.evidence, Words(run.evidence.metric, not trained)).sentences()


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
            said = [tr(NOTHING)]
        else:
            said = [self.best_cell(best), self.baseline(best), self.twins(best)]
        said += [self.poolings(a, b) for a, b in self._asked()]
        said += ["" if best is None else self.layers(best), self.limits()]
        return [spaced(sentence) for sentence in said if sentence][:MOST]

    def best_cell(self, best: Best) -> str:
        folds, votes = sum(best.choices.values()), best.choices[f"{best.pooling}_{best.layer}"]
        if votes < folds:
            said = tr(
                "Chosen on training sentences alone, the best cell is {pooling} at layer {layer} "
                "({votes} of {folds} folds); probes so chosen reach {score}."
            )
        elif folds > 1:
            said = tr(
                "Chosen on training sentences alone, the best cell is {pooling} at layer {layer} "
                "(all {folds} folds); a linear probe on it reaches {score}."
            )
        else:
            said = tr(
                "Chosen on training sentences alone, the best cell is {pooling} at layer {layer}; "
                "a linear probe on it reaches {score}."
            )
        return said.format(
            pooling=self.words.pooling(best.pooling),
            layer=best.layer,
            votes=votes,
            folds=folds,
            score=self.words.score(best.score),
        )

    def baseline(self, best: Best) -> str:
        """The best cell beside the strongest method that has no trained encoder."""
        rivals = [c for c in self.evidence.contrasts if c.a == BEST and c.b in BASELINES]
        if not rivals:
            return ""
        strongest = min(rivals, key=lambda c: c.difference.value)
        name = BASELINES[strongest.b]
        if not strongest.only_a + strongest.only_b:
            said = tr("The strongest baseline, {baseline}, gets the same sentences right.")
            return said.format(baseline=name)
        said = tr("The strongest baseline, {baseline}, gets {score}: {beside}.")
        score = self.words.level(best.score.value - strongest.difference.value)
        return said.format(baseline=name, score=score, beside=self._beside(strongest))

    def _beside(self, contrast: Contrast) -> str:
        if survives(contrast):
            said = tr(
                "the best cell is {gap}, which holds after correction for all {n} comparisons"
            )
        elif contrast.p_max_t is None:
            said = tr("the best cell is {gap}, which is not tested{needed}")
        else:
            said = tr("the best cell is {gap}, which may be chance{needed}")
        return said.format(
            gap=self._standing(contrast),
            n=f"{len(self.evidence.contrasts):,}",
            needed="" if survives(contrast) else self._needed(contrast),
        )

    def _standing(self, contrast: Contrast) -> str:
        """``4.3 points [1.3, 7.3] ahead``."""
        said = tr("{gap} ahead") if _side(contrast) == "ahead" else tr("{gap} behind")
        return said.format(gap=self.words.gap(_size(contrast)))

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
        said = tr_n(
            "The same architecture with random weights gets {scores} in that cell ({n} seed).",
            "The same architecture with random weights gets {scores} in that cell ({n} seeds).",
            len(scores),
        )
        span = low if low == high else tr("{low} to {high}").format(low=low, high=high)
        return said.format(scores=span, n=len(scores))

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
        sides = {}
        for side in ("ahead", "behind"):
            told = {n: _size(c) for n, c in by_layer.items() if survives(c) and _side(c) == side}
            if told:
                gaps = self.words.gaps([*told.values()])
                sides[side] = tr("{layers} (by {gaps})").format(
                    layers=layer_list([*told]), gaps=gaps
                )
        rest = [layer for layer, c in by_layer.items() if not survives(c)]
        only = _AHEAD if "ahead" in sides else _BEHIND
        said = tr(_BOTH if len(sides) > 1 else only)
        untold = tr("; at {layers} this sample cannot tell")
        return said.format(
            one=capital(one),
            other=other,
            untold=untold.format(layers=layer_list(rest)) if rest else "",
            **sides,
        )

    def _alike(self, one: str, other: str, by_layer: Mapping[int, Contrast]) -> str:
        """Nothing could be told, or nothing was tested: how it stands at the last layer."""
        last = max(by_layer)
        if by_layer[last].p_max_t is None:
            ahead = _side(by_layer[last]) == "ahead"
            said = tr(_UNTESTED_AHEAD if ahead else _UNTESTED_BEHIND)
        elif len(by_layer) == 1:
            said = tr(
                "{capital} cannot be told from {other} at layer {last}, where it is "
                "{standing}{needed}."
            )
        else:
            said = tr(
                "{capital} cannot be told from {other} at any of {layers}; at layer {last} it is "
                "{standing}{needed}."
            )
        return said.format(
            capital=capital(one),
            one=one,
            other=other,
            last=last,
            layers=layer_list([*by_layer]),
            gap=self.words.gap(_size(by_layer[last])),
            standing=self._standing(by_layer[last]),
            needed=self._needed(by_layer[last]),
        )

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
        told = [layer for layer, c in by_layer.items() if survives(c)]
        ahead = [layer for layer in told if _side(by_layer[layer]) == "ahead"]
        rest = [layer for layer in by_layer if layer not in told]
        gaps = ""
        if ahead:
            gaps = self.words.gaps([_size(by_layer[layer]) for layer in ahead])
            said = tr_n(
                "{layers} of {name} is ahead of its last one, layer {last} (by {gaps}).",
                "{layers} of {name} are ahead of its last one, layer {last} (by {gaps}).",
                len(ahead),
            )
        elif not told:
            said = tr("No layer of {name} can be told from its last one, layer {last}.")
        elif rest:
            said = tr(
                "No layer of {name} is ahead of its last one, layer {last}; {rest} cannot be told "
                "from it."
            )
        else:
            said = tr("No layer of {name} is ahead of its last one, layer {last}.")
        return said.format(
            layers=capital(layer_list(ahead)) if ahead else "",
            name=self.words.pooling(best.pooling),
            last=last,
            gaps=gaps,
            rest=layer_list(rest) if rest else "",
        )

    # ---- what the sample allows

    def limits(self) -> str:
        """What this many sentences could show at all."""
        can = self.evidence.detectable
        if can is None or (can.n >= FEWEST and self.evidence.metric == "r2"):
            return ""
        if can.n < FEWEST:
            said = tr(
                "With {n} different sentences no difference is tested; that takes at least "
                "{fewest}."
            )
        else:
            said = tr(
                "With {n} different sentences, a test of two methods alone finds a difference of "
                "{points} points of accuracy in four of five samples, a smaller one less often."
            )
        points = f"{100 * can.difference:.1f}"
        return said.format(n=f"{can.n:,}", fewest=FEWEST, points=points)

    def _needed(self, contrast: Contrast) -> str:
        """How many sentences would tell; empty where there are as many, or no difference."""
        can = self.evidence.detectable
        texts = contrast.difference.n if can is None else can.n
        inflation = 1.0 if can is None else can.inflation
        count = max(1, len(self.evidence.contrasts))
        found = telling_sentences(contrast, texts, self.words.metric, ALPHA / count, inflation)
        if found is None or max(found, FEWEST) <= texts:
            return ""
        return tr(" (if real, {sentences} would tell)").format(sentences=about(max(found, FEWEST)))


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
    """The same in a line of its own, which says what it is about."""
    said, f = faithfulness(projection), projection.faithfulness
    if None in (f.trustworthiness, f.continuity, f.neighbours_kept):
        return said
    return tr("How faithful: {said}").format(said=said)


def faithfulness(projection: "Projection") -> str:
    """How faithful a map is: how much of each point's neighbourhood it keeps."""
    f = projection.faithfulness
    if f.trustworthiness is None or f.continuity is None or f.neighbours_kept is None:
        return tr("Too few sentences to say how faithful this map is.")
    kept = tr("{kept} of each point's {k} nearest neighbours kept ({chance} by chance)")
    parts = [
        tr("trustworthiness {value}").format(value=f"{f.trustworthiness:.2f}"),
        tr("continuity {value}").format(value=f"{f.continuity:.2f}"),
        kept.format(
            kept=f"{f.neighbours_kept:.0%}", k=f.k, chance=f"{f.neighbours_kept_by_chance:.1%}"
        ),
    ]
    if f.label_accuracy_full is not None:
        right = tr("label of the neighbours: right for {map} on the map, {full} in all dimensions")
        shares = {"map": f.label_accuracy_map, "full": f.label_accuracy_full}
        parts.append(right.format(**{name: f"{share:.0%}" for name, share in shares.items()}))
    if projection.explained:
        shown = tr("axes show {share} of the variance")
        parts.append(shown.format(share=f"{sum(projection.explained):.0%}"))
    said = tr("{parts} · {n} points compared")
    return said.format(parts=" · ".join(parts), n=f"{f.judged:,}")
