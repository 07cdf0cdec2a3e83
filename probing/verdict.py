"""What may honestly be said of a run: which differences hold, which cell is best, and in words.

The verdict is made from the results alone. It names a difference only where it survives the
correction for every comparison of the run, and says of the others what it would take to tell. It
speaks of what can be read off the vectors, never of what the encoder does with it.
"""

from typing import TYPE_CHECKING, Any

from probing.contrasts import survives
from probing.evidence import Best, Contrast, Evidence
from probing.language import tr
from probing.verdict_said import Said
from probing.wording import Words, one_by_one

if TYPE_CHECKING:
    from probing.record import Run


def verdict(evidence: Evidence, untrained: bool = False) -> dict[str, Any]:
    """The content of ``run.json``'s ``verdict``.

    ``significant``: the contrasts that survive max-T; ``best``: the cell chosen on inner folds with
    its outer-fold score, or None; ``text``: both in words (``sentences``: one by one).
    ``untrained``: the encoder's pooler was never trained.
    """
    said = Said(evidence, Words(evidence.metric, untrained)).sentences()
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
    return Said(run.evidence, Words(run.evidence.metric, not trained)).sentences()


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
