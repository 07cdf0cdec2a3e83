"""What is said of an encoder's inside: the figures, in plain English, and nothing beyond them."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from probing.evidence import Estimate
from probing.mechanism import wording
from probing.mechanism.said.tokens import rank_correlation
from probing.mechanism.values import (
    Gradients,
    Knockout,
    Look,
    Missing,
    Reading,
    RowLedger,
    SentenceLayer,
    Token,
)
from probing.wording import percent, significant
from tests.figures import made
from tests.figures import made_inside as inside

FORBIDDEN = (
    *("use", "rely", "relie", "need", "understand", "know", "think", "attend", "encode", "learn"),
    *("represent", "capture", "because", "prove", "depend", "care", "exploit", "employ", "store"),
)
"""Beginnings of words that claim what was not measured."""
CLAIM = re.compile(rf"\b(?:{'|'.join(FORBIDDEN)})", re.IGNORECASE)
BLANK = re.compile(r"\bnan\b|\binf\b|None|[{}]|  | [,.;:)]|\(\s|\.\.|-\d|\b1 \w+s\b", re.IGNORECASE)
TOKENS = inside.tokens()
CLASSES = inside.CLASSES


def every() -> Iterator[str]:
    """A sentence of every kind, of encoders of one, two and many layers."""
    for layers in (1, 2, 6, 24):
        run = made.made(layers)
        yield wording.said_of_arrival(
            run.evidence.shapes, run.evidence.checks, wording.plain_scores(run)
        )
        yield wording.said_of_arrival(run.evidence.shapes, ())
        yield wording.said_of_knockout(inside.knockout(layers))
        yield wording.said_of_knockout(inside.knockout(layers, scored=False))
        yield wording.said_of_ledger(inside.ledger(layers))
        yield wording.said_of_gradients(inside.gradients(layers))
        yield wording.said_of_look(inside.look(layers))
    for rank in (1, 3, 57):
        yield wording.said_of_rows(inside.row_ledger(rank))
    for chosen in range(3):
        layer = inside.sentence_layer()
        yield wording.said_of_average(TOKENS, inside.average(), chosen, CLASSES, layer)
    yield wording.said_of_sentence_ledger(TOKENS, inside.sentence_layer())
    yield wording.said_of_effects(TOKENS, inside.reading(), CLASSES)


def test_nothing_is_claimed_and_nothing_is_blank() -> None:
    said = list(every())
    assert len(said) == 4 * 7 + 3 + 3 + 2
    for text in said:
        assert not CLAIM.search(text), text
        assert not BLANK.search(text), text
        assert text[0].isupper() or text.startswith("[CLS]")
        assert text.endswith(".")
        assert len(text) < 520


# ---- figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100%"),
        (0.957, "95.7%"),
        (0.0834, "8.34%"),
        (0.001472, "0.147%"),
        (0.0, "0%"),
        (1e-9, "under 0.0001%"),
    ],
)
def test_shares_have_three_digits(value: float, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.3, "1.30"),
        (0.0021, "0.00210"),
        (123.4, "123"),
        (3e-12, "3.00 × 10⁻¹²"),
        (0.0, "0"),
        (-2.5, "−2.50"),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert significant(value) == text


# ---- arrival


def arrival(noisy: dict[int, float], plain: dict[int, float], layers: int = 4) -> str:
    run = made.made(layers)
    checks = [
        replace(c, noisy=inside.estimate(noisy[c.layer])) if c.layer in noisy else c
        for c in run.evidence.checks
        if c.pooling == "cls"
    ]
    scores = {layer: inside.estimate(value) for layer, value in plain.items()}
    return wording.said_of_arrival(run.evidence.shapes, checks, scores)


ALL = {1: 0.95, 2: 0.95, 3: 0.95, 4: 0.957}


def test_it_says_where_cls_is_constant_and_from_where_noise_takes_nothing() -> None:
    said = arrival({1: 0.12, 2: 0.5, 3: 0.94, 4: 0.955}, ALL)
    assert "the same vector for every sentence at layer 0; at layer 1, on a relative" in said
    assert "reads 95.0%, and with 1% noise 12.0%." in said
    assert "From layer 3 on, noise takes nothing that this sample shows (95.5% against" in said
    assert "n = 400" in said


def test_one_gap_further_up_puts_the_onset_above_it() -> None:
    assert "From layer 3 on" in arrival({1: 0.95, 2: 0.12, 3: 0.94, 4: 0.955}, ALL)
    assert "At layer 4, noise takes nothing" in arrival({1: 0.9, 2: 0.9, 3: 0.5, 4: 0.95}, ALL)
    never = arrival({1: 0.9, 2: 0.9, 3: 0.95, 4: 0.5}, ALL)
    assert "noise takes from what is read up to the last layer (50.0% against 95.7% at" in never


def test_without_labels_the_variance_is_said() -> None:
    shapes = made.made(4).evidence.shapes
    said = wording.said_of_arrival(shapes, ())
    assert re.search(r"at layer 0; its relative variance is .* at layer 1 and 0\.316 at", said)
    above = [s for s in shapes if s.layer]
    assert wording.said_of_arrival(above, ()).startswith("[CLS]'s relative variance is")
    zero = [s for s in shapes if not s.layer]
    assert wording.said_of_arrival(zero, ()).endswith("every sentence at layer 0.")
    assert wording.said_of_arrival((), ()) == ""


def test_the_plain_probes_scores_are_those_that_lead() -> None:
    run = made.made()
    assert wording.plain_scores(run)[3] == Estimate(
        run.cell(3, "cls").accuracy, run.cell(3, "cls").ci_low, run.cell(3, "cls").ci_high, 400
    )
    assert 0 not in wording.plain_scores(run)
    balanced = wording.plain_scores(made.made(metric="balanced_accuracy"))
    assert balanced[3].value == run.cell(3, "cls").balanced_accuracy
    numbers = made.made_of_numbers()
    assert wording.plain_scores(numbers)[3].value == numbers.regressions[3].r2
    said = wording.said_of_arrival(
        run.evidence.shapes, run.evidence.checks, wording.plain_scores(numbers), "r2"
    )
    assert "%" not in said.replace("1% noise", "")


# ---- knockout


def test_the_layer_that_costs_is_named_beside_the_majority() -> None:
    said = wording.said_of_knockout(inside.knockout())
    assert "in layer 6 alone, [CLS] at the last layer is read at 10.0% [8.00%, 12.0%]" in said
    assert "no better than the most frequent class (10.0%); intact at 95.7%" in said
    assert "(n = 400); no other single layer shows a loss." in said
    assert "Cut off in layers 1–4 together, it is still read at 91.7%: layers 5–6 can" in said
    assert "same vector for every sentence again (relative variance 3.00 × 10⁻¹²)." in said


def rescored(found: Knockout, scores: dict[tuple[str, int], float]) -> Knockout:
    return replace(
        found,
        rungs=tuple(
            replace(r, score=inside.estimate(scores.get((r.kind, r.layer), 0.957)))
            for r in found.rungs
        ),
    )


def test_several_layers_that_cost_are_all_named_and_the_worst_leads() -> None:
    found = rescored(inside.knockout(), {("single", 2): 0.6, ("single", 4): 0.5})
    said = wording.said_of_knockout(found)
    assert "in layer 4 alone" in said
    assert "a loss shows at layer 2 alone too" in said
    assert "no better than" not in said


def test_an_interval_that_holds_the_majority_is_no_better_than_it() -> None:
    said = wording.said_of_knockout(rescored(inside.knockout(), {("single", 6): 0.11}))
    assert "read at 11.0% [9.00%, 13.0%], no better than the most frequent class" in said
    said = wording.said_of_knockout(rescored(inside.knockout(), {("single", 6): 0.13}))
    assert "no better" not in said


def test_a_loss_within_the_interval_is_none() -> None:
    said = wording.said_of_knockout(rescored(inside.knockout(), {("single", 2): 0.93}))
    assert "in any one layer, [CLS] at the last layer is still read at 93.0% or more" in said


def test_where_nothing_is_read_there_is_nothing_to_take() -> None:
    said = wording.said_of_knockout(inside.knockout(intact=inside.estimate(0.11)))
    assert "cannot be told from the most frequent class (10.0%)" in said


def test_without_classes_it_says_how_far_cls_moves() -> None:
    said = wording.said_of_knockout(inside.knockout(scored=False))
    assert "moves most with layer 6: ‖Δh‖² is 1.30 times" in said
    assert "least with layer 1, 0.00100 times (400 sentences)" in said
    one = wording.said_of_knockout(inside.knockout(1, scored=False, sentences=1))
    assert "in its only layer" in one
    assert "(1 sentence)" in one


def test_cls_that_still_varies_is_not_called_constant() -> None:
    said = wording.said_of_knockout(inside.knockout(blocked_variance=0.2))
    assert "still varies (relative variance 0.200)" in said
    assert wording.said_of_knockout(inside.knockout(rungs=())) == ""


# ---- the ledger


def test_the_ledger_says_where_it_parts_most_from_raw_attention() -> None:
    said = wording.said_of_ledger(inside.ledger())
    assert "disagree, most in layer 6: separators get 70.0% of" in said
    # 0.05 of 0.05 + 0.05 + 0.05 + 0.25
    assert "raw attention and 12.5% of what its attention brings, by norm (400" in said
    assert "passed by, is 55.0% of what it receives" in said


def test_of_equal_gaps_the_first_layer_is_named() -> None:
    (layer,) = inside.ledger(1).layers
    layers = tuple(replace(layer, layer=i) for i in (1, 2, 3))
    assert "most in layer 1:" in wording.said_of_ledger(replace(inside.ledger(), layers=layers))


def test_agreement_is_said_too() -> None:
    (layer,) = inside.ledger(1).layers
    same = replace(layer, parts=(0.1, 0.1, 0.1, 0.1), attention=(0.25, 0.24, 0.25, 0.26))
    said = wording.said_of_ledger(replace(inside.ledger(), layers=(same,)))
    assert "hardly differ, most in layer 1" in said
    ranged = (same, replace(same, layer=2, residual=0.7))
    said = wording.said_of_ledger(replace(inside.ledger(), layers=ranged))
    assert "is 55.0% (layer 1) to 70.0% (layer 2) of what it receives" in said


# ---- gradients


def gradients(**changes: object) -> Gradients:
    return replace(inside.gradients(), **changes)  # type: ignore[arg-type]


def rows(rank: int, share: float) -> tuple[RowLedger, ...]:
    found = inside.row_ledger(rank)
    return (replace(found, cls=replace(found.cls, share=share)),)


def test_trained_yes_main_contributor_no_with_the_figures() -> None:
    said = wording.said_of_gradients(inside.gradients())
    assert (
        "is trained, but it is not the main contributor: under a fitted head on CLS, 8.67%" in said
    )
    assert "number 3 of the 812 rows that occur (256 sentences)" in said
    assert "[CLS]'s state has 100% at layer 6 and 9.00% at layer 0, where an equal" in said
    assert "share for each token is 8.00%." in said


@pytest.mark.parametrize(
    ("rank", "share", "words"),
    [
        (1, 0.7, "is trained, and it is the main contributor"),
        (1, 0.2, "more than any other row, yet most of the gradient falls on others"),
        (9, 0.001, "is not the main contributor"),
        (812, 0.0, "gets no gradient under a fitted head on CLS"),
    ],
)
def test_other_figures_are_said_otherwise(rank: int, share: float, words: str) -> None:
    assert words in wording.said_of_gradients(gradients(rows=rows(rank, share)))


def test_a_random_head_is_called_one_where_there_is_no_other() -> None:
    found = inside.gradients()
    shares = tuple(s for s in found.shares if not s.fitted and s.head != "cls")
    said = wording.said_of_gradients(gradients(shares=shares))
    assert "under a fitted head on CLS" in said
    assert "Of the gradient under a random head on the pooled vector" in said
    assert wording.said_of_gradients(gradients(shares=(), rows=())) == ""


def test_the_cls_row_among_the_rows() -> None:
    said = wording.said_of_rows(inside.row_ledger(3))
    assert "number 3 of 812: 8.67% of Σ‖∂L/∂E‖², in 400 places; the largest, “card”" in said
    assert "; the next, “?”, has 10.2%, in 20 places." in wording.said_of_rows(inside.row_ledger(1))
    assert "only one that occurs" in wording.said_of_rows(inside.row_ledger(1, seen=1))


# ---- one sentence


def layer_of(parts: list[float], attention: list[float]) -> SentenceLayer:
    return replace(inside.sentence_layer(), parts=tuple(parts), attention=tuple(attention))


def test_what_brings_most_and_what_is_looked_at_most() -> None:
    tokens = TOKENS[:4]
    said = wording.said_of_sentence_ledger(
        tokens, layer_of([0.1, 0.2, 0.05, 0.05], [0.1, 0.1, 0.2, 0.6])
    )
    assert "In layer 5, “why” (token 1) brings most to [CLS]: 20.0% of what it" in said
    assert "Most attention goes to “my” (token 3): 60.0%, for 5.00% of what [CLS]" in said
    both = wording.said_of_sentence_ledger(
        tokens, layer_of([0.1, 0.2, 0.05, 0.05], [0.1, 0.7, 0.1, 0.1])
    )
    assert "and gets most of its raw attention: 20.0% of what it receives" in both


def test_ties_are_told() -> None:
    even = layer_of([0.1] * 4, [0.25] * 4)
    said = wording.said_of_sentence_ledger(TOKENS[:4], even)
    assert "4 tokens alike, the first “[CLS]” (token 0), bring most" in said
    two = layer_of([0.15, 0.15, 0.05, 0.05], [0.25] * 4)
    said = wording.said_of_sentence_ledger(TOKENS[:4], two)
    assert "“[CLS]” (token 0) and “why” (token 1) bring most" in said


def test_the_average_in_words() -> None:
    found = inside.average()
    said = wording.said_of_average(TOKENS, found, 1, CLASSES, inside.sentence_layer())
    assert "logit for “lost <i>card</i>” at layer 5, “?” (token 14) adds most (+3.00)" in said
    assert "“[SEP]” (token 15) takes most away (−3.20)" in said
    assert "tokens make −1.60, with the intercept +0.50 a logit of −1.10." in said
    assert "To [CLS], “?” (token 14) brings 4.41% in the same layer, number 2 of 16" in said
    assert "To [CLS]" not in wording.said_of_average(TOKENS, found, 1, CLASSES)


def test_an_average_that_only_takes_away() -> None:
    found = replace(inside.average(), contributions=((-0.2, -0.1),), intercepts=(0.0,))
    said = wording.said_of_average(TOKENS[:2], found, 1, CLASSES[:2], inside.sentence_layer(5, 2))
    assert "“[CLS]” (token 0) takes most away (−0.20); all tokens make −0.30" in said
    assert "adds most" not in said
    turned = wording.said_of_average(TOKENS[:2], found, 0, CLASSES[:2])
    assert "“[CLS]” (token 0) adds most (+0.20); all tokens make +0.30" in turned


# ---- live


def test_who_reads_what_and_from_which_layer_on() -> None:
    said = wording.said_of_look(inside.look())
    assert said == (
        "At layer 6, CLS and the mean read “card declined” (90.0% and 90.0%). It is so for CLS "
        "from layer 4 on and the mean at every layer that has a probe."
    )


def test_poolings_that_part_are_told_apart() -> None:
    look = inside.look()
    assert not isinstance(look.readings, Missing)
    early = replace(look, readings=tuple(r for r in look.readings if r.layer < 4))
    said = wording.said_of_look(early)
    assert "At layer 3, CLS reads “exchange rate” (60.0%) and the mean reads “card" in said
    assert "It is so for CLS and the mean at every layer that has a probe." in said
    three = inside.look(poolings=("cls", "pooled", "mean"))
    assert not isinstance(three.readings, Missing)
    early = replace(three, readings=tuple(r for r in three.readings if r.layer < 4))
    said = wording.said_of_look(early)
    assert "CLS and the pooled vector read “exchange rate” (60.0% and 60.0%) and the mean" in said
    turned = tuple(
        replace(r, probabilities=r.probabilities[::-1]) if r.layer == 6 else r
        for r in look.readings
    )
    assert "at layer 6 only" in wording.said_of_look(replace(look, readings=turned))


def test_a_class_read_before_a_gap_does_not_count() -> None:
    classes = ((0.9, 0.1, 0.0), (0.1, 0.9, 0.0), (0.9, 0.1, 0.0), (0.9, 0.1, 0.0))
    found = tuple(inside.reading(i, "cls", probabilities=p) for i, p in enumerate(classes, 1))
    said = wording.said_of_look(inside.look(readings=found))
    assert "It is so for CLS from layer 3 on." in said


def test_equal_probabilities_are_no_choice() -> None:
    even = (inside.reading(1, "cls", probabilities=(0.4, 0.4, 0.2)),)
    said = wording.said_of_look(inside.look(readings=even))
    assert "CLS reads “card declined” or “lost <i>card</i>” (40.0%)" in said


def test_what_cannot_be_read_is_said() -> None:
    missing: Look = inside.look(readings=Missing("This run has no classes."))
    assert wording.said_of_look(missing) == "This run has no classes."
    assert "No cell has a probe" in wording.said_of_look(inside.look(readings=()))
    pooled = (inside.reading(1, "pooled"),)
    said = wording.said_of_look(inside.look(readings=pooled), untrained=True)
    assert "the untrained pooler reads" in said


def effects(occlusion: tuple[float | None, ...], gradient: tuple[float, ...] | None) -> str:
    found: Reading = inside.reading(occlusion=occlusion, gradient=gradient)
    return wording.said_of_effects(TOKENS[: len(occlusion)], found, CLASSES)


def test_what_removal_costs_and_whether_gradients_agree() -> None:
    said = effects((None, 0.1, 0.3, 0.2, 0.0), (9.0, 0.1, 0.9, 0.5, -3.0))
    assert "Removing “was” (token 2) lowers the probability of “card declined” most, " in said
    assert "from 80.0% to 50.0%." in said
    assert "in much the same order (rank correlation 1.00, 4 tokens)" in said
    against = effects((None, 0.1, 0.3, 0.2, 0.0), (9.0, -0.1, -0.9, -0.5, 3.0))
    assert "rather the opposite order (rank correlation −1.00, 4 tokens)" in against


def test_pieces_of_a_word_are_removed_together_and_a_tie_is_told() -> None:
    word = effects((None, 0.1, 0.3, 0.3, 0.0), None)
    assert "Removing “was my” (tokens 2–3) lowers" in word
    tie = effects((None, 0.3, 0.1, 0.3, 0.0), None)
    assert "Removing “why” (token 1) (or others, alike) lowers" in tie


def test_where_there_is_nothing_to_compare_it_is_said() -> None:
    assert "cannot be had here" in effects((None, 0.1, 0.2), None)
    assert "Too little differs" in effects((None, 0.1, 0.2), (0.0, 1.0, 2.0))
    assert "Too little differs" in effects((0.1, 0.2, 0.3), (1.0, 1.0, 1.0))
    assert "No token can be removed" in effects((None, None), (0.0, 1.0))
    assert "Removing no single word lowers" in effects((-0.1, -0.2, 0.0), (0.0, 1.0, 2.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12))
def test_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    a, b = ([float(p[i]) for p in pairs] for i in (0, 1))
    if min(a) < max(a) and min(b) < max(b):
        assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_tokens_of_white_space_can_be_read() -> None:
    tokens = (Token("\n", 1, False, "word"), *TOKENS[1:4])
    said = wording.said_of_sentence_ledger(tokens, layer_of([0.4, 0, 0, 0], [1, 0, 0, 0]))
    assert "“␣” (token 0)" in said


# ---- how it is computed


def test_every_panel_says_how_it_is_computed() -> None:
    assert list(wording.COMPUTED) == [
        "proof", "arrival", "knockout", "ledger", "average", "gradients", "live"
    ]  # fmt: skip
    for text in wording.COMPUTED.values():
        assert text.endswith(".")
        assert "  " not in text
        assert text.count("*") % 2 == text.count("`") % 2 == 0


def test_a_wrong_order_would_be_seen() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 30))
    assert rank_correlation(a, b) != pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("elsewhere", "identity", "parts"),
    [
        (0.0, 4e-7, ("is exactly 0", "within 4.00 × 10", "one parameter, not two")),
        (1e-9, 0.4, ("at most", "differ by 0.4", "in the middle of some sentence")),
        (None, None, ("no table of positions",)),
    ],
)
def test_the_identity_of_token_and_position_is_said(
    elsewhere: float | None, identity: float | None, parts: tuple[str, ...]
) -> None:
    found = replace(inside.gradients(), elsewhere=elsewhere, identity=identity)
    said = wording.said_of_identity(found)
    for part in parts:
        assert part in said
