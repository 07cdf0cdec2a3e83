"""The verdict on a run, sentence by sentence: best cell, baselines, poolings, layers, limits.

A difference is named only where it survives the correction for every comparison of the run; of the
others it is said what it would take to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from probing.comparison import BEST, FEWEST
from probing.contrasts import ALPHA, cell_of, is_ahead, size, survives, telling_sentences
from probing.evidence import Best, Contrast, Evidence
from probing.language import later, tr, tr_n
from probing.representations import POOLINGS
from probing.wording import BASELINES, Words, about, capital, layer_list, spaced

MOST = 6  # sentences of a verdict
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


@dataclass(frozen=True)
class Said:
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
        """The cell chosen on inner folds, and what probes so chosen score."""
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
        said = tr("{gap} ahead") if is_ahead(contrast) else tr("{gap} behind")
        return said.format(gap=self.words.gap(size(contrast.difference)))

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
            one, other = cell_of(contrast.a), cell_of(contrast.b)
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
            told = {
                layer: size(c.difference)
                for layer, c in by_layer.items()
                if survives(c) and is_ahead(c) == (side == "ahead")
            }
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
            ahead = is_ahead(by_layer[last])
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
            gap=self.words.gap(size(by_layer[last].difference)),
            standing=self._standing(by_layer[last]),
            needed=self._needed(by_layer[last]),
        )

    # ---- layers

    def layers(self, best: Best) -> str:
        """The best pooling's layers against its last one."""
        by_layer, last = {}, 0
        for contrast in self.evidence.contrasts:
            one, other = cell_of(contrast.a), cell_of(contrast.b)
            if one and other and one[0] == other[0] == best.pooling:
                by_layer[one[1]], last = contrast, other[1]
        if not by_layer or any(c.p_max_t is None for c in by_layer.values()):
            return ""
        told = [layer for layer, c in by_layer.items() if survives(c)]
        ahead = [layer for layer in told if is_ahead(by_layer[layer])]
        rest = [layer for layer in by_layer if layer not in told]
        gaps = ""
        if ahead:
            gaps = self.words.gaps([size(by_layer[layer].difference) for layer in ahead])
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
