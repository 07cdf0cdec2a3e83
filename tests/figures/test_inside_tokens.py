"""Inside an encoder, one sentence: a row per token, and nothing of a token is markup."""

import html
import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from probing import figures
from probing.figures.style import LIGHT, width
from probing.mechanism.values import Token
from tests.figures import made_inside as made
from tests.figures.reading import every_text, notes, trace

TOKENS = made.tokens()
LAYER = made.sentence_layer()


def labels(figure: go.Figure) -> list[str]:
    return list(figure.layout.yaxis.ticktext)


def said(figure: go.Figure) -> str:
    return " ".join(note.text.replace("<br>", " ") for note in notes(figure, "note"))


def heading(figure: go.Figure) -> str:
    (note,) = notes(figure, "title")
    return str(note.text)


# ---- what tokens bring


def test_what_each_token_brings_stands_beside_raw_attention() -> None:
    figure = figures.token_bars(TOKENS, LAYER)
    brings, looked = figure.data
    assert list(brings.x) == list(LAYER.parts)
    assert list(looked.x) == list(LAYER.attention)
    assert list(brings.y) == list(looked.y) == list(range(16))
    assert [note.text for note in notes(figure, "panel")] == ["brings, by norm", "raw attention"]
    assert (brings.xaxis, looked.xaxis) == ("x", "x2")
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert heading(figure) == "Layer 5: [CLS] reads the tokens"
    assert "own state, passed by, 55.0%; bias 5.00%" in said(figure)


def test_rows_run_downwards_and_equal_tokens_stay_apart() -> None:
    figure = figures.token_bars(TOKENS, LAYER)
    assert labels(figure)[:4] == ["[CLS]", "why", "was", "my"]
    assert labels(figure).count("card") == 2
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert list(figure.layout.yaxis.tickvals) == list(range(16))
    texts = [shown[0] for shown in figure.data[0].customdata]
    assert texts[7] == "<b>card, token 7</b><br>2.35% of what [CLS] receives, by norm"
    assert texts[13].startswith("<b>card, token 13</b>")


def test_the_other_direction_is_another_figure() -> None:
    there, back = (figures.token_bars(TOKENS, LAYER, direction=d) for d in ("from", "to"))  # type: ignore[arg-type]
    (given,) = back.data
    assert list(given.x) == list(LAYER.received)
    assert heading(back) == "Layer 5: the tokens read [CLS]" != heading(there)
    assert [note.text for note in notes(back, "panel")] == ["attention to [CLS]"]
    assert set(given.marker.color).isdisjoint(there.data[0].marker.color)


def test_of_a_long_sentence_the_largest_are_shown_in_order() -> None:
    long = made.long_tokens(512)
    rng = np.random.default_rng(0)
    parts = rng.permutation(np.arange(1, 513)) / 512 / 513
    layer = replace(made.sentence_layer(5, 512), parts=tuple(parts))
    figure = figures.token_bars(long, layer)
    kept = sorted(np.argsort(parts)[-40:])
    assert list(figure.data[0].x) == [parts[i] for i in kept]
    assert list(figure.data[1].x) == [layer.attention[i] for i in kept]
    assert labels(figure) == [long[i].text for i in kept]
    rest = sum(parts) - sum(parts[i] for i in kept)
    assert f"… 472 tokens of less, together {100 * rest:.1f}%." in said(figure)
    assert f"token {kept[3]}" in figure.data[0].customdata[3][0]
    exact = figures.token_bars(long[:40], made.sentence_layer(5, 40))
    assert len(labels(exact)) == 40
    assert "of less" not in said(exact)
    assert "… 1 token of less" in said(figures.token_bars(long[:41], made.sentence_layer(5, 41)))


def test_small_shares_have_the_places_that_the_largest_needs() -> None:
    layer = replace(LAYER, parts=(0.0312, 0.0, 0.000_01, *LAYER.parts[3:]))
    written = figures.token_bars(TOKENS, layer).data[0].text
    assert list(written[:3]) == ["3.12%", "0.00%", "under 0.01%"]


# ---- heat maps


def test_the_grid_holds_every_layers_parts() -> None:
    look = made.look()
    layers = [made.sentence_layer(i) for i in (1, 2, 3)]
    layers[1] = replace(layers[1], parts=layers[1].parts[::-1])
    (heat,) = figures.token_grid(look.tokens, layers).data
    assert np.array_equal(heat.z, np.array([layer.parts for layer in layers]).T)
    assert list(heat.x) == [1, 2, 3]
    assert heat.zmin == 0
    assert heat.zmax == max(layers[0].parts)
    assert heat.customdata[13][1][0].startswith("<b>card, token 13</b><br>0.882% of what [CLS]")


def test_heads_are_columns() -> None:
    figure = figures.heads(TOKENS, LAYER)
    (heat,) = figure.data
    assert np.array_equal(heat.z, np.array(LAYER.heads).T)
    assert list(heat.x) == list(range(1, 13))
    assert "head 4" in heat.customdata[3][3][0]
    assert "100% of [CLS]'s attention" in heat.customdata[3][3][0]
    assert "Darkest: 100%." in said(figure)
    assert "Brightest" in said(figures.heads(TOKENS, LAYER, dark=True))


def test_a_long_sentence_keeps_what_any_head_looks_at() -> None:
    spike = 300
    heads = [[1e-3] * 512 for _ in range(4)]
    heads[2][spike] = 0.9
    layer = replace(made.sentence_layer(5, 512), heads=tuple(tuple(h) for h in heads))
    (heat,) = figures.heads(made.long_tokens(512), layer).data
    assert heat.z.shape == (40, 4)
    assert heat.z[:, 2].max() == 0.9


# ---- the mean


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_the_means_contributions_stand_beside_the_ledger(chosen: int) -> None:
    found = made.average()
    figure = figures.average(TOKENS, found, chosen, made.CLASSES, LAYER)
    mean, cls = figure.data
    assert list(mean.x) == list(found.contributions[chosen])
    assert list(cls.x) == list(LAYER.parts)
    total, intercept = sum(found.contributions[chosen]), found.intercepts[chosen]
    wanted = f"intercept +{intercept:.2f}: logit {total + intercept:+.2f}.".replace("-", "−")
    assert wanted in said(figure)
    for value, colour in zip(mean.x, mean.marker.color, strict=True):
        assert colour == LIGHT.poolings["cls" if value > 0 else "pooled"]


def test_of_two_classes_the_first_is_the_second_turned_round() -> None:
    found = made.average(classes=2)
    first, second = (figures.average(TOKENS, found, i, made.CLASSES[:2]) for i in (0, 1))
    assert list(second.data[0].x) == list(found.contributions[0])
    assert list(first.data[0].x) == [-v for v in found.contributions[0]]
    assert "intercept −0.25" in said(first)
    assert "intercept +0.25" in said(second)
    assert len(first.data) == 1  # no layer of the ledger was given


# ---- what removing does


def test_occlusion_in_points_stands_beside_gradient_times_input() -> None:
    found = made.reading()
    figure = figures.effects(TOKENS, found, made.CLASSES)
    occluded, slopes = figure.data
    assert occluded.x[0] is None
    assert occluded.x[-1] is None
    assert list(occluded.x[1:-1]) == [100 * v for v in found.occlusion if v is not None]
    assert list(slopes.x) == list(found.gradient or ())
    assert "card declined" in heading(figure)
    assert occluded.text[1] == "−9.0"
    assert occluded.text[4] == "0.0"
    assert slopes.text[6] == "0.00"
    assert slopes.text[0] == "−1.20"
    assert "−9.0 points, lost with it" in occluded.customdata[1][0]


@pytest.mark.parametrize("factor", [1e-3, 0.07, 1.0, 40.0])
def test_the_figures_at_the_bars_ends_fit_into_their_panels_on_a_phone(factor: float) -> None:
    slopes = tuple(factor * 0.3 * (i - 6) for i in range(16))
    figure = figures.effects(TOKENS, made.reading(gradient=slopes), made.CLASSES)
    for number, bars in enumerate(figure.data):
        axis = figure.layout[f"xaxis{number + 1 if number else ''}"]
        low, high = axis.range
        share = axis.domain[1] - axis.domain[0]
        pixel = (high - low) / (share * (350 - figure.layout.margin.l - figure.layout.margin.r))
        drawn = [(v, t) for v, t in zip(bars.x, bars.text, strict=True) if v is not None]
        for value, text in drawn:
            room = width(text, 11) * pixel
            assert low <= value - (room if value < 0 else 0)
            assert value + (room if value >= 0 else 0) <= high
        ends = max(v for v, _ in drawn) - min(v for v, _ in drawn)
        assert ends / pixel >= 20  # and there are bars to be seen


def test_without_gradients_occlusion_stands_alone() -> None:
    figure = figures.effects(TOKENS, made.reading(gradient=None), made.CLASSES)
    assert len(figure.data) == 1
    assert "special tokens stay" in said(figure)


def test_of_a_long_sentence_the_largest_are_shown_whatever_their_sign() -> None:
    against = (*(0.001 * (1 + i % 3) for i in range(99)), -0.8)
    found = made.reading(occlusion=against, gradient=(*(0.0,) * 50, 5.0, *(0.0,) * 49))
    occluded, slopes = figures.effects(made.long_tokens(100), found, made.CLASSES).data
    assert min(occluded.x) == -80
    assert max(slopes.x) == 5  # each measure is heard, however small beside the other
    assert len(occluded.x) == 40


def test_nothing_to_show_is_no_error() -> None:
    none = made.reading(occlusion=(None,) * 16, gradient=None)
    (bars,) = figures.effects(TOKENS, none, made.CLASSES).data
    assert set(bars.x) == {None}


# ---- rows of the embedding table


def test_the_cls_row_is_marked_among_the_ten() -> None:
    found = made.row_ledger(3)
    figure = figures.row_ledger(found)
    (bars,) = figure.data
    assert list(bars.x) == [row.share for row in found.largest]
    colours = list(bars.marker.color)
    assert colours[2] == LIGHT.poolings["cls"]
    assert set(colours[:2] + colours[3:]) == {LIGHT.quiet}
    assert labels(figure)[2] == "3. [CLS]"
    assert "occurs 400 times" in bars.customdata[2][0]


def test_the_cls_row_is_added_where_it_is_not_among_them() -> None:
    found = made.row_ledger(57)
    figure = figures.row_ledger(found)
    assert len(figure.data[0].x) == 11
    assert labels(figure)[-1] == "57. [CLS]"
    assert figure.data[0].x[-1] == found.cls.share
    assert "[CLS] is row 57 of the 812" in said(figure)
    assert trace(figure, "share of Σ ‖∂L/∂E‖² over all rows").marker.color[-1] != LIGHT.quiet


# ---- a person's text


NASTY = ("<a href='x'>", "%{x}", "&amp;", "\n", "<br>", "w" * 200, "漢字" * 20, "$x$")


def drawn(tokens: tuple[Token, ...]) -> list[go.Figure]:
    count = len(tokens)
    layer = made.sentence_layer(2, count)
    reading = made.reading(occlusion=(0.1,) * count, gradient=tuple(map(float, range(count))))
    classes = ("<b>one</b>", "%{y}")
    rows = [replace(row, token=token.text)
            for row, token in zip(made.row_ledger().largest, tokens, strict=False)]  # fmt: skip
    return [
        figures.token_bars(tokens, layer),
        figures.token_bars(tokens, layer, direction="to"),
        figures.token_grid(tokens, [layer]),
        figures.heads(tokens, layer),
        figures.average(tokens, made.average(count, 2), 0, classes, layer),
        figures.effects(tokens, replace(reading, probabilities=(0.9, 0.1)), classes),
        figures.row_ledger(made.row_ledger(largest=tuple(rows))),
    ]


def test_tokens_and_classes_are_shown_and_never_obeyed() -> None:
    tokens = tuple(Token(text, i, False, "word") for i, text in enumerate(NASTY))
    for figure in drawn(tokens):
        for text in every_text(figure):
            assert not re.search(r"<(?!/?b>|br>|extra></extra>|/extra>)", text)
        for part in figure.data:
            assert part.hovertemplate == "%{customdata[0]}<extra></extra>"
        for note in figure.layout.annotations:
            assert "<b>" not in note.text
        assert "%{x}" in str(labels(figure))
        assert "<br>" not in labels(figure)
        assert "&lt;br&gt;" in str(labels(figure))
        assert "&amp;amp;" in str(labels(figure))


def test_labels_leave_room_on_a_phone() -> None:
    tokens = tuple(Token(text, i, False, "word") for i, text in enumerate(NASTY))
    for figure in drawn(tokens):
        inside = 340 - figure.layout.margin.l - figure.layout.margin.r
        assert inside >= 220
        shown = [html.unescape(label) for label in labels(figure)]
        assert max(width(label, 12) for label in shown) <= figure.layout.margin.l - 14
        panels = notes(figure, "panel")
        for panel in panels:
            assert width(panel.text, 12) <= inside / len(panels)


def test_a_blank_token_is_seen() -> None:
    tokens = (Token("\n", 5, False, "word"), *TOKENS[1:])
    assert labels(figures.token_bars(tokens, LAYER))[0] == "␣"


def test_letters_as_wide_as_high_are_measured_so() -> None:
    assert width("漢字", 12) == 24
    assert width("ab", 12) == 13
    assert width("mw", 12) == 18
