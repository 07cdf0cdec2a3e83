"""What is said of runs and maps: the figures, in plain English, and nothing beyond them."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

from probing import wording
from probing.evidence import Best, Contrast, Detectable, Estimate, Evidence, Metric, Twin
from probing.projections import Faithfulness
from probing.projections.said import describe_map
from probing.record import Run
from probing.report import html
from probing.verdict import describe, verdict
from probing.wording import about

FORBIDDEN = (
    *("use", "rely", "relie", "need", "understand", "know", "learn", "think", "attend", "encode"),
    *("represent", "capture", "because", "prove", "depend", "care", "exploit", "employ", "store"),
)
"""Beginnings of words that claim what a probe cannot show."""
CLAIM = re.compile(rf"\b(?:{'|'.join(FORBIDDEN)})", re.IGNORECASE)
BLANK = re.compile(
    r"\bnan\b|\binf\b|None|NaN|[{}]|  | [,.;:)]|\(\s|-\d|−0\.0+\b(?!\d)", re.IGNORECASE
)
HEDGED = re.compile("may be chance|not tested|cannot be told from")
SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def contrast(
    a: str,
    b: str,
    difference: float,
    p: float | None = 0.5,
    half: float = 0.03,
    n: int = 400,
    discordant: float = 0.1,
) -> Contrast:
    """Two methods that differ by so much; ``half`` is half the interval's width."""
    estimate = Estimate(difference, difference - half, difference + half, n)
    only_a = round(n * (discordant + difference) / 2)
    only_b = round(n * (discordant - difference) / 2)
    return Contrast(a, b, estimate, max(0, only_a), max(0, only_b), p, p)


def best(
    cell: str = "cls_6", score: float = 0.843, n: int = 400, choices: dict[str, int] | None = None
) -> Best:
    pooling, _, layer = cell.rpartition("_")
    estimate = Estimate(score, score - 0.033, score + 0.029, n)
    return Best(int(layer), pooling, estimate, estimate, choices or {cell: 5}, score + 0.01)


def evidence(
    contrasts: Iterable[Contrast] = (),
    *,
    metric: Metric = "accuracy",
    chosen: Best | None = None,
    n: int = 400,
    twins: tuple[Twin, ...] = (),
) -> Evidence:
    return Evidence(
        metric=metric,
        contrasts=tuple(contrasts),
        best=best(n=n) if chosen is None else chosen,
        detectable=Detectable(n, 0.1, 0.044),
        twins=twins,
    )


def text(found: Evidence, untrained: bool = False) -> str:
    return str(verdict(found, untrained)["text"])


def poolings(
    differences: dict[int, tuple[float, float | None]], other: str = "mean"
) -> list[Contrast]:
    """CLS against another pooling: layer → (difference, p)."""
    return [contrast(f"cls_{n}", f"{other}_{n}", d, p) for n, (d, p) in differences.items()]


CLEAR = [
    *poolings({0: (-0.3, 0.0005), 1: (-0.1, 0.0005), 2: (0.02, 0.5), 3: (0.06, 0.001)}),
    *(contrast(f"cls_{n}", "cls_3", d, 0.0005) for n, d in ((0, -0.4), (1, -0.2), (2, -0.1))),
    contrast("best", "majority", 0.5, 0.0005),
    contrast("best", "tfidf", 0.043, 0.004),
    contrast("best", "length", 0.4, 0.0005),
]


# ---- the fields


def test_significant_is_what_survives_the_correction() -> None:
    edge = [
        contrast("cls_0", "mean_0", -0.2, 0.05),
        contrast("cls_1", "mean_1", 0.2, 0.0500001),
        replace(contrast("cls_2", "mean_2", 0.1, 0.2), p_mcnemar=0.0001),
        replace(contrast("best", "tfidf", 0.1, 0.0005), p_mcnemar=0.9),
        contrast("best", "length", 0.3, None),
    ]
    found = verdict(evidence(edge))
    assert [(c["a"], c["b"]) for c in found["significant"]] == [
        ("cls_0", "mean_0"),
        ("best", "tfidf"),
    ]
    assert found["significant"][0] == {
        "a": "cls_0",
        "b": "mean_0",
        "difference": -0.2,
        "ci_low": -0.23,
        "ci_high": -0.17,
        "n": 400,
        "p": 0.05,
    }
    assert found["contrasts"] == 5
    assert verdict(evidence())["significant"] == []


def test_the_best_is_given_with_its_interval_and_metric() -> None:
    accuracy = Estimate(0.9, 0.8, 0.95, 300)
    chosen = replace(best("mean_2", 0.71, 300, {"mean_2": 3, "cls_2": 2}), accuracy=accuracy)
    found = verdict(evidence(metric="balanced_accuracy", chosen=chosen))["best"]
    assert (found["layer"], found["pooling"], found["metric"]) == (2, "mean", "balanced_accuracy")
    assert (found["accuracy"], found["ci_low"], found["ci_high"]) == (0.9, 0.8, 0.95)
    score = (found["score"], found["score_low"], found["score_high"], found["n"])
    assert score == (0.71, chosen.score.low, chosen.score.high, 300)
    assert found["choices"] == {"mean_2": 3, "cls_2": 2}
    numbers = verdict(evidence(metric="r2", chosen=replace(chosen, accuracy=None)))["best"]
    assert numbers["accuracy"] is numbers["ci_low"] is numbers["ci_high"] is None
    assert numbers["score"] == 0.71


# ---- in words, case by case


def test_a_clear_winner() -> None:
    assert text(evidence(CLEAR, chosen=best("cls_3"))) == (
        "Chosen on training sentences alone, the best cell is CLS at layer 3 (all 5 folds); a "
        "linear probe on it reaches an accuracy of 84.3% [81.0%, 87.2%] on 400 held-out sentences. "
        "The strongest baseline, TF-IDF, gets 80.0%: the best cell is 4.3 points [1.3, 7.3] ahead, "
        "which holds after correction for all 10 comparisons. "
        "CLS is ahead of the mean at layer 3 (by 6.0 points [3.0, 9.0]) and behind at layers 0–1 "
        "(by 10.0 [7.0, 13.0] to 30.0 [27.0, 33.0] points); at layer 2 this sample cannot tell. "
        "No layer of CLS is ahead of its last one, layer 3. "
        "With 400 different sentences, a test of two methods alone finds a difference of 4.4 "
        "points of accuracy in four of five samples, a smaller one less often."
    )


def test_nothing_significant() -> None:
    contrasts = [
        *poolings({1: (-0.01, 1.0), 2: (0.008, 0.9)}),
        contrast("cls_1", "cls_2", 0.01, 0.9),
        contrast("best", "tfidf", 0.023, 0.4),
    ]
    said = text(evidence(contrasts, chosen=best("cls_2", choices={"cls_2": 3, "mean_1": 2})))
    assert said == (
        "Chosen on training sentences alone, the best cell is CLS at layer 2 (3 of 5 folds); "
        "probes so chosen reach an accuracy of 84.3% [81.0%, 87.2%] on 400 held-out sentences. "
        "The strongest baseline, TF-IDF, gets 82.0%: the best cell is 2.3 points "
        "[−0.7, 5.3] ahead, which may be chance (if real, about 2,100 sentences would tell). "
        "CLS cannot be told from the mean at any of layers 1–2; at layer 2 it is 0.8 points "
        "[−2.2, 3.8] ahead (if real, about 17,000 sentences would tell). "
        "No layer of CLS can be told from its last one, layer 2. "
        "With 400 different sentences, a test of two methods alone finds a difference of 4.4 "
        "points of accuracy in four of five samples, a smaller one less often."
    )


def test_too_few_sentences_to_test() -> None:
    contrasts = [
        *poolings({0: (-0.3, None), 1: (0.1, None)}),
        contrast("cls_0", "cls_1", -0.4, None),
        contrast("best", "tfidf", 0.05, None, n=60),
    ]
    said = text(evidence(contrasts, n=60))
    assert (
        "the best cell is 5.0 points [2.0, 8.0] ahead, which is not tested (if real, about 520"
        in said
    )
    assert (
        "At layer 1 CLS is 10.0 points [7.0, 13.0] ahead of the mean, which is not tested (if"
        in said
    )
    assert said.endswith(
        "With 60 different sentences no difference is tested; that takes at least 100."
    )
    assert "its last one" not in said
    assert "chance" not in said


def test_few_sentences_are_never_enough_to_tell() -> None:
    """15 sentences would show a difference of half of them, but 20 are not tested."""
    said = text(evidence([contrast("best", "tfidf", 0.5, None, n=20, discordant=0.5)], n=20))
    assert "(if real, about 100 sentences would tell" in said


def test_balanced_accuracy_is_called_by_its_name() -> None:
    contrasts = [contrast("best", "tfidf", 0.02, 0.6, half=0.05)]
    said = text(evidence(contrasts, metric="balanced_accuracy"))
    assert "reaches a balanced accuracy of 84.3% [81.0%, 87.2%] on 400 held-out" in said
    assert "may be chance (if real, about" in said


def test_r2_has_no_points_and_a_true_minus() -> None:
    contrasts = [
        contrast("cls_3", "mean_3", -0.04, 0.01),
        contrast("best", "mean", 0.01, 0.9),
        contrast("best", "length", 0.05, 0.0005),
    ]
    chosen = replace(best(score=-0.02), accuracy=None)
    said = text(evidence(contrasts, metric="r2", chosen=chosen))
    assert "reaches an R² of −0.02 [−0.05, 0.01] on 400 held-out sentences" in said
    assert "The strongest baseline, the mean of the numbers, gets −0.03: the best cell is" in said
    assert "is 0.01 [−0.02, 0.04] ahead, which may be chance (if real, about " in said
    assert "CLS is behind the mean at layer 3 (by 0.04 [0.01, 0.07])." in said
    assert "points" not in said
    assert "accuracy" not in said


def test_one_pooling_is_compared_with_baselines_only() -> None:
    contrasts = [
        contrast("mean_0", "mean_2", -0.1, 0.001),
        contrast("mean_1", "mean_2", 0.05, 0.01),
        contrast("best", "embeddings", 0.06, 0.0005),
    ]
    said = text(evidence(contrasts, chosen=best("mean_1")))
    assert "the best cell is the mean at layer 1" in said
    assert "The strongest baseline, the mean of the layer-0 vectors, gets 78.3%" in said
    assert (
        "Layer 1 of the mean is ahead of its last one, layer 2 (by 5.0 points [2.0, 8.0])." in said
    )
    assert "CLS" not in said


def test_several_better_layers_are_listed() -> None:
    contrasts = [contrast(f"mean_{n}", "mean_9", 0.04 + n / 100, 0.001) for n in (1, 2, 3, 5)]
    said = text(evidence(contrasts, chosen=best("mean_2")))
    assert "Layers 1–3 and 5 of the mean are ahead of its last one, layer 9 (by 5.0 [" in said


def test_a_given_split_has_no_folds_to_count() -> None:
    said = text(evidence(CLEAR, chosen=best("cls_3", choices={"cls_3": 1})))
    assert "the best cell is CLS at layer 3; a linear probe on it reaches" in said
    assert "fold" not in said


def test_below_the_baseline() -> None:
    chance = text(evidence([contrast("best", "tfidf", -0.008, 0.9)]))
    assert (
        "gets 85.1%: the best cell is 0.8 points [−2.2, 3.8] behind, which may be chance" in chance
    )
    sure = text(
        evidence([contrast("best", "tfidf", -0.08, 0.001), contrast("best", "length", 0.1)])
    )
    assert "TF-IDF, gets 92.3%: the best cell is 8.0 points [5.0, 11.0] behind, which holds" in sure


def test_the_same_as_a_baseline() -> None:
    same = contrast("best", "majority", 0.0, 1.0, discordant=0.0)
    said = text(evidence([same, contrast("best", "length", 0.02, 0.9)]))
    assert "The strongest baseline, the most frequent class, gets the same sentences right." in said


def test_one_layer() -> None:
    one = text(evidence(poolings({1: (0.01, 0.7)}), chosen=best("mean_1")))
    assert "CLS cannot be told from the mean at layer 1, where it is 1.0 points [−2.0" in one
    assert "any of" not in one
    assert "last one" not in one


def test_every_pooling_that_differs_is_named_once() -> None:
    contrasts = [
        *poolings({1: (0.05, 0.01)}),
        *poolings({1: (0.06, 0.01)}, "mean_words"),
        *poolings({1: (0.07, 0.01)}, "pooled"),
        contrast("pooled_1", "mean_1", -0.02, 0.01),
    ]
    said = text(evidence(contrasts))
    assert said.index("ahead of the mean at layer 1 (by 5.0") < said.index(
        "ahead of the pooled vector"
    )
    assert "words" not in said
    assert said.count("CLS is ahead") == 2
    without = text(evidence([*poolings({1: (0.06, 0.01)}, "mean_words")]))
    assert "CLS is ahead of the mean of words at layer 1" in without
    no_cls = text(evidence([contrast("pooled_1", "mean_1", -0.05, 0.01)]))
    assert "The pooled vector is behind the mean at layer 1 (by 5.0 points [2.0, 8.0])." in no_cls


def test_an_untrained_pooler_is_called_one_wherever_it_is_named() -> None:
    contrasts = [
        *poolings({1: (0.05, 0.01)}, "pooled"),
        contrast("pooled_0", "pooled_1", 0.01, 0.9),
    ]
    found = evidence(contrasts, chosen=best("pooled_1"))
    said = text(found, untrained=True)
    assert "the best cell is the untrained pooler at layer 1" in said
    assert "CLS is ahead of the untrained pooler at layer 1" in said
    assert "No layer of the untrained pooler can be told" in said
    assert "pooled vector" not in said
    assert "untrained" not in text(found)
    assert text(found).replace("the pooled vector", "the untrained pooler") == said
    assert verdict(found, True)["best"]["pooling"] == "pooled"


def test_random_weights_are_quoted_for_the_best_cell() -> None:
    twins = (Twin(6, "cls", (0.71, 0.7, 0.725), 400), Twin(5, "cls", (0.1,), 400))
    said = text(evidence(twins=twins))
    assert "with random weights gets 70.0% to 72.5% in that cell (3 seeds)." in said
    one = text(evidence(twins=(Twin(6, "cls", (0.7,), 400),)))
    assert "gets 70.0% in that cell (1 seed)." in one
    assert "random" not in text(evidence(twins=twins[1:]))


def test_without_a_best_cell_the_poolings_are_still_compared() -> None:
    found = replace(evidence(poolings({1: (0.05, 0.01)})), best=None)
    assert verdict(found)["best"] is None
    assert text(found).startswith("No cell was chosen: the training sentences left nothing")
    assert "CLS is ahead of the mean at layer 1" in text(found)
    assert text(Evidence()).startswith("No cell was chosen")


# ---- how many sentences would tell


@pytest.mark.parametrize("metric", ["balanced_accuracy", "r2"])
def test_as_many_as_statsmodels_says_would_tell(metric: Metric) -> None:
    """An interval of this width comes of so large a standard deviation; the rest is a z-test."""
    alone = evidence([contrast("best", "tfidf", 0.02, 0.3, half=0.03)], metric=metric)
    deviation = 0.03 / 1.959964 * 400**0.5
    power = NormalIndPower(ddof=0)
    for count, found in ((1, alone), (4, replace(alone, contrasts=alone.contrasts * 4))):
        expected = power.solve_power(
            0.02 / deviation, alpha=0.05 / count, power=0.8, ratio=0, alternative="two-sided"
        )
        assert f"(if real, {about(round(expected))} would tell" in text(found)


def test_more_comparisons_take_more_sentences() -> None:
    one = contrast("best", "tfidf", 0.023, 0.4)
    others = [contrast(f"cls_{n}", "tfidf", 0.01) for n in range(99)]
    assert "about 1,500 sentences" in text(evidence([one]))
    assert "about 3,500 sentences" in text(evidence([one, *others]))


def test_copies_are_not_counted_as_sentences() -> None:
    """200 texts, each twice: the counts are of texts, the interval's n of sentences."""
    once = contrast("best", "tfidf", 0.02, 0.4, n=200)
    twice = replace(once, difference=replace(once.difference, n=400))
    said = [re.findall(r"\(.*?tell", text(evidence([c], n=200))) for c in (once, twice)]
    assert said[0] == said[1] != []


def test_no_difference_has_no_number_that_would_tell() -> None:
    for metric in ("accuracy", "balanced_accuracy"):
        said = text(evidence([contrast("best", "tfidf", 0.0, 1.0)], metric=metric))
        assert "the best cell is 0.0 points [−3.0, 3.0] ahead, which may be chance." in said
    tiny = text(evidence([contrast("best", "tfidf", 0.0001, 1.0)]))
    assert "(if real, more than a million sentences would tell" in tiny


# ---- over all evidences

DIFFERENCES = st.one_of(
    st.floats(-1, 1), st.floats(-0.01, 0.01), st.sampled_from([0.0, -0.0, -0.0001, 1.0])
)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Any that a run could have, and some that it could not."""
    metric = draw(st.sampled_from(["accuracy", "balanced_accuracy", "r2"]))
    n = draw(st.integers(2, 500))
    chosen = [p for p in wording.POOLINGS if draw(st.booleans())] or ["mean"]
    layers = draw(st.integers(1, 3))
    tested, found = n >= 100, []
    for a, b in _family(chosen, layers):
        if draw(st.integers(0, 9)):
            p = draw(st.sampled_from([0.0005, 0.05, 0.051, 1.0])) if tested else None
            half = draw(st.floats(0, 0.3))
            found.append(contrast(a, b, draw(DIFFERENCES), p, half, n, draw(st.floats(0, 1))))
    names = [f"{p}_{layer}" for p in chosen for layer in range(layers)]
    votes = draw(st.dictionaries(st.sampled_from(names), st.integers(1, 3), min_size=1))
    favourite = max(votes, key=lambda name: votes[name])
    score = draw(st.floats(-1 if metric == "r2" else 0, 1))
    scores = draw(st.lists(st.floats(-0.5, 1), max_size=3))
    pooling, _, layer = favourite.rpartition("_")
    return evidence(
        found,
        metric=metric,
        chosen=best(favourite, score, n, votes),
        n=n,
        twins=(Twin(int(layer), pooling, tuple(scores), n),),
    )


def _family(poolings: list[str], layers: int) -> list[tuple[str, str]]:
    """The pairs that a run compares."""
    cells = [(p, layer) for p in poolings for layer in range(layers)]
    pairs = [(p, q) for i, p in enumerate(cells) for q in cells[i + 1 :] if p[1] == q[1]]
    pairs += [(c, (c[0], layers - 1)) for c in cells if c[1] < layers - 1]
    named = [(f"{p}_{n}", f"{q}_{m}") for (p, n), (q, m) in pairs]
    rivals = ("majority", "length", "tfidf")
    named += [(f"{p}_{n}", rival) for p, n in cells for rival in rivals]
    return named + [("best", rival) for rival in rivals]


@settings(max_examples=100, deadline=None)
@given(found=evidences(), untrained=st.booleans())
def test_every_verdict_is_plain_and_claims_nothing(found: Evidence, untrained: bool) -> None:
    told = verdict(found, untrained)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    said = told["text"]
    assert not CLAIM.search(said), said
    assert not BLANK.search(said), said
    sentences = SENTENCE.split(said)
    assert told["sentences"] == sentences
    assert len(sentences) <= 6
    assert all(s.endswith(".") and s[0].isupper() and len(s) < 330 for s in sentences), sentences
    assert f"on {found.best.score.n:,} held-out sentences." in sentences[0]
    assert said.count("[") == said.count("]")
    assert set(said) <= set("abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "%.,;:()[]−–-'²")  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(found=evidences())
def test_only_what_survives_is_called_ahead_or_behind(found: Evidence) -> None:
    nothing = replace(
        found, contrasts=tuple(replace(c, p_max_t=c.p_max_t and 0.3) for c in found.contrasts)
    )
    for sentence in verdict(nothing)["sentences"]:
        if re.search(r"ahead|behind|holds", sentence):
            assert HEDGED.search(sentence), sentence
    surely = any(
        c.p_max_t is not None and c.p_max_t <= 0.05 and c.a == "best" for c in found.contrasts
    )
    if not surely:
        assert "holds after correction" not in text(found)


@pytest.mark.parametrize("claim", ["CLS uses word order.", "It relies on it.", "BERT knows it."])
def test_claims_would_be_noticed(claim: str) -> None:
    assert CLAIM.search(claim)
    for blank in ("nan%", "gets None:", "−0.0 points", "is -1.2", "inf points", "a , b"):
        assert BLANK.search(blank), blank


# ---- runs and maps


def test_a_run_is_described_by_its_verdict(finished: Run) -> None:
    said = describe(finished)
    assert said == finished.record["verdict"]["text"]
    chosen = finished.evidence.best
    assert chosen is not None
    assert f"at layer {chosen.layer}" in said
    assert f"on {chosen.score.n:,} held-out sentences" in said
    trained = finished.record["encoder"]["pooler"]["trained"]
    again = verdict(finished.evidence, not trained)
    assert json.loads(json.dumps(again)) == json.loads(json.dumps(finished.record["verdict"]))
    assert describe(replace(finished, record={**finished.record, "verdict": None})) == ""


def test_a_map_is_described_by_what_it_keeps(finished: Run) -> None:
    projection = finished.projections[0]
    said = describe_map(projection)
    assert f"trustworthiness {projection.faithfulness.trustworthiness:.2f}" in said
    assert f"({projection.faithfulness.neighbours_kept_by_chance:.1%} by chance)" in said
    nothing = Faithfulness(None, None, None, None, None, None, 0, 0)
    few = describe_map(replace(projection, faithfulness=nothing))
    assert few == "Too few sentences to say how faithful this map is."


def test_the_report_says_how_faithful_each_map_is(finished: Run) -> None:
    page = html(finished)
    maps = [p for p in finished.projections if p.points.shape[1] == 2]
    assert page.count("How faithful: ") == len(maps) > 0
