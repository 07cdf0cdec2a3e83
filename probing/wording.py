"""Names and figures as sentences have them: plain words, intervals in brackets, a true minus."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from probing.evidence import Estimate, Metric
from probing.language import Spoken, language, later, tr, tr_n

POOLINGS = Spoken(
    {
        "cls": "CLS",
        "pooled": later("the pooled vector"),
        "mean": later("the mean"),
        "mean_words": later("the mean of words"),
    }
)
BASELINES = Spoken(
    {
        "majority": later("the most frequent class"),
        "mean": later("the mean of the numbers"),
        "length": later("sentence length"),
        "tfidf": "TF-IDF",
        "embeddings": later("the mean of the layer-0 vectors"),
    }
)
SCORES = Spoken(
    {
        "accuracy": later("an accuracy of {level} {interval} on {n} held-out sentences"),
        "balanced_accuracy": later(
            "a balanced accuracy of {level} {interval} on {n} held-out sentences"
        ),
        "r2": later("an R² of {level} {interval} on {n} held-out sentences"),
    }
)
MANY = 1_000_000  # sentences beyond which an estimate of how many it takes says nothing
LEAST = 1e-6  # the smallest share that is written out
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Words:
    """How the names and figures of one run are written."""

    metric: Metric
    untrained: bool = False
    """Whether the pooled vector comes from a pooler that was never trained."""

    def pooling(self, name: str) -> str:
        """``CLS``; an untrained pooler is called one wherever it is named."""
        return tr("the untrained pooler") if self.untrained and name == "pooled" else POOLINGS[name]

    def level(self, value: float) -> str:
        """A score: ``84.3%``, or ``0.43`` for R²."""
        return number(value, 2) if self.metric == "r2" else f"{number(100 * value, 1)}%"

    def score(self, score: Estimate) -> str:
        """``an accuracy of 84.3% [81.0%, 87.2%] on 400 held-out sentences``."""
        return SCORES[self.metric].format(
            level=self.level(score.value),
            interval=f"[{self.level(score.low)}, {self.level(score.high)}]",
            n=f"{score.n:,}",
        )

    def gap(self, difference: Estimate) -> str:
        """A difference of two scores: ``−0.8 points [−2.9, 1.2]``."""
        written = "{gap} {interval}" if self.metric == "r2" else tr("{gap} points {interval}")
        gap = self._gap(difference.value)
        return written.format(gap=gap, interval=self._interval(difference))

    def gaps(self, differences: Sequence[Estimate]) -> str:
        """The smallest and the largest of some: ``2.1 [0.4, 3.8] to 4.0 [1.9, 6.1] points``."""
        least, most = (f(differences, key=lambda d: d.value) for f in (min, max))
        if least == most:
            return self.gap(least)
        low, high = (f"{self._gap(d.value)} {self._interval(d)}" for d in (least, most))
        if self.metric == "r2":
            return tr("{low} to {high}").format(low=low, high=high)
        return tr("{low} to {high} points").format(low=low, high=high)

    def _gap(self, value: float) -> str:
        return number(value, 2) if self.metric == "r2" else number(100 * value, 1)

    def _interval(self, difference: Estimate) -> str:
        return f"[{self._gap(difference.low)}, {self._gap(difference.high)}]"


def number(value: float, places: int) -> str:
    """With a true minus, and no minus before 0."""
    text = f"{abs(value):.{places}f}"
    return f"−{text}" if value < 0 and float(text) else text


def percent(share: float) -> str:
    """A share from 0 to 1 with three digits: ``8.34%``."""
    if 0 < share < LEAST:
        return tr("under {share}").format(share=f"{100 * LEAST:.4f}%")
    return f"{100 * share:.{places(share)}f}%"


def places(share: float) -> int:
    """Decimal places that show three digits of a share as a percentage, 0 … 4."""
    return min(4, max(0, -floor(log10(share)))) if share > 0 else 0


def significant(value: float) -> str:
    """Three digits of any figure: ``1.30``, ``0.00210``, ``3.00 × 10⁻¹²``."""
    if value and not 1e-4 <= abs(value) < 1e6:
        digits, power = f"{value:.2e}".split("e")
        return f"{digits} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    return number(value, max(0, 2 - floor(log10(abs(value))))) if value else "0"


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(parts) == 1:
        return parts[0]
    return tr("{parts} and {last}").format(parts=tr(", ").join(parts[:-1]), last=parts[-1])


def one_by_one(sentences: Sequence[str]) -> str:
    """Sentences after each other; Chinese has no space between them."""
    return ("" if language() == "zh" else " ").join(sentence for sentence in sentences if sentence)


def spaced(text: str) -> str:
    """With a space between Chinese and foreign letters, as print has it; not for users' texts."""
    return re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])", " ", text)


def spans(layers: Sequence[int]) -> list[str]:
    """``1–3`` and ``5`` of 1, 2, 3 and 5."""
    found: list[list[int]] = []
    for layer in sorted(layers):
        if found and layer == found[-1][-1] + 1:
            found[-1].append(layer)
        else:
            found.append([layer])
    return [f"{s[0]}–{s[-1]}" if len(s) > 1 else f"{s[0]}" for s in found]


def layer_list(layers: Sequence[int]) -> str:
    """``layers 1–3 and 5``."""
    said = tr_n("layer {layers}", "layers {layers}", len(layers))
    return said.format(layers=listed(spans(layers)))


def about(sentences: int) -> str:
    """A number of sentences that is an estimate: two digits of it, ``about 1,400 sentences``."""
    if sentences > MANY:
        return tr("more than a million sentences")
    return tr("about {n} sentences").format(n=two_digits(sentences))


def two_digits(count: int) -> str:
    """``1,400`` of 1,437."""
    return f"{round(count, min(0, 2 - len(str(count)))):,}"


def capital(text: str) -> str:
    """With its first letter in upper case."""
    return text[0].upper() + text[1:]
