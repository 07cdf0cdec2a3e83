"""One sentence, a bar per token: what it brings to [CLS], to the mean, to the class read."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from probing.figures.inside.rows import Bars, bars, percents, signed, signed_like
from probing.figures.inside.tokens import labels_of, largest, left_out
from probing.figures.style import DARK, LIGHT, Style
from probing.figures.texts import short
from probing.language import later, tr
from probing.mechanism.values import Average, Reading, SentenceLayer, Token
from probing.wording import percent

Direction = Literal["from", "to"]
"""[CLS] reads from the tokens, or the tokens read from [CLS]: what it gives to them."""
BROUGHT = later("{share} of what [CLS] receives, by norm")
LOOKED = later("{share} of [CLS]'s raw attention")
REMOVED = later(
    "Removal: what the probability loses, in points. A word goes with all its pieces; special "
    "tokens stay."
)
GIVEN = later("{share} of its attention goes to [CLS]")


# ---- what a token brings


def token_bars(
    tokens: Sequence[Token],
    layer: SentenceLayer,
    *,
    direction: Direction = "from",
    dark: bool = False,
) -> go.Figure:
    """Token by token what [CLS] reads in one layer, or (``to``) how much each token reads [CLS].

    ``from``: what each brings, as a norm share, beside [CLS]'s raw attention to it. ``to``: each
    token's attention to [CLS], which says nothing of what [CLS] receives.
    """
    style = DARK if dark else LIGHT
    if direction == "to":
        shown = largest(layer.received)
        panel = _panel(
            tr("attention to [CLS]"),
            layer.received,
            shown,
            style.poolings["mean_words"],
            tr(GIVEN),
        )
        heading = tr("Layer {layer}: the tokens read [CLS]").format(layer=layer.layer)
        note = tr("Each token shares out 100%: the bars are not parts of one whole.")
        left = left_out(tokens, shown)
        return bars(labels_of(tokens, shown), [panel], heading, [*left, note], dark=dark)
    shown = largest(layer.parts)
    rest = sum(layer.parts) - sum(layer.parts[i] for i in shown)
    panels = [
        _panel(tr("brings, by norm"), layer.parts, shown, style.poolings["cls"], tr(BROUGHT)),
        _panel(tr("raw attention"), layer.attention, shown, style.quiet, tr(LOOKED)),
    ]
    notes = [
        *left_out(tokens, shown, tr(", together {share}").format(share=percent(rest))),
        tr("Not from tokens: [CLS]'s own state, passed by, {own}; bias {bias}.").format(
            own=percent(layer.residual), bias=percent(layer.bias)
        ),
    ]
    heading = tr("Layer {layer}: [CLS] reads the tokens").format(layer=layer.layer)
    return bars(labels_of(tokens, shown), panels, heading, notes, dark=dark)


def _panel(
    title: str, values: Sequence[float], shown: Sequence[int], colour: str, meaning: str
) -> Bars:
    kept = [values[i] for i in shown]
    return Bars(title, kept, percents(kept), [colour] * len(shown), meaning)


# ---- signed


def average(
    tokens: Sequence[Token],
    found: Average,
    chosen: int,
    classes: Sequence[str],
    layer: SentenceLayer | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """What each token adds to a class's logit under the mean, beside what it brings to [CLS].

    ``chosen`` is the class's number; of two classes, the one row of contributions counts towards
    the second and is turned round for the first. ``layer`` is the ledger's of the same sentence and
    layer; without it the left panel stands alone.
    """
    style = DARK if dark else LIGHT
    values, intercept = found.towards(chosen)
    shown = largest(values) if layer is None else largest(values, layer.parts)
    kept = [values[i] for i in shown]
    panels = [_signed(tr("mean, logit"), kept, style, tr("{figure} to the mean's logit"))]
    if layer is not None:
        hue = style.poolings["cls"]
        panels.append(_panel(tr("[CLS], by norm"), layer.parts, shown, hue, tr(BROUGHT)))
    total, write = sum(values), signed(2)
    notes = [
        *left_out(tokens, shown),
        tr("All tokens {total}, intercept {intercept}: logit {logit}.").format(
            total=write(total), intercept=write(intercept), logit=write(total + intercept)
        ),
    ]
    heading = tr("Layer {layer}: what makes the mean “{label}”").format(
        layer=found.layer, label=short(classes[chosen], 40)
    )
    return bars(labels_of(tokens, shown), panels, heading, notes, dark=dark)


def _signed(title: str, values: Sequence[float | None], style: Style, meaning: str) -> Bars:
    """Bars to both sides: blue for, orange against."""
    colours = [style.poolings["pooled" if (v or 0.0) < 0 else "cls"] for v in values]
    return Bars(title, values, signed_like(values), colours, meaning)


def effects(
    tokens: Sequence[Token], reading: Reading, classes: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """What removing each token's word takes from the class that is read, beside gradient × input.

    Without gradients the left panel stands alone. Special tokens stay: no bar.
    """
    style = DARK if dark else LIGHT
    measures = [reading.occlusion, *([reading.gradient] if reading.gradient is not None else [])]
    shown = largest(*measures)
    costs = [None if v is None else 100 * v for v in (reading.occlusion[i] for i in shown)]
    panels = [_signed(tr("removal costs"), costs, style, tr("{figure} points, lost with it"))]
    if reading.gradient is not None:
        slopes = [reading.gradient[i] for i in shown]
        panels.append(
            _signed(tr("gradient × input"), slopes, style, tr("{figure} gradient × input"))
        )
    chosen = int(np.argmax(reading.probabilities))
    heading = tr("Layer {layer}: “{label}” without each word").format(
        layer=reading.layer, label=short(classes[chosen], 40)
    )
    notes = [*left_out(tokens, shown), tr(REMOVED)]
    return bars(labels_of(tokens, shown), panels, heading, notes, dark=dark)
