"""One sentence, a bar per token: what it brings to [CLS], to the mean, to the class read."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from probing.figures.inside.rows import Bars, bars, percents, signed, signed_like
from probing.figures.inside.tokens import labels_of, largest, left_out
from probing.figures.style import DARK, LIGHT, Style
from probing.figures.texts import short
from probing.mechanism.values import Average, Reading, SentenceLayer, Token
from probing.wording import percent

Direction = Literal["from", "to"]
"""[CLS] reads from the tokens, or the tokens read from [CLS]: what it gives to them."""
BROUGHT = " of what [CLS] receives, by norm"
LOOKED = " of [CLS]'s raw attention"
REMOVED = (
    "Removal: what the probability loses, in points. A word goes with all its pieces; special "
    "tokens stay."
)
GIVEN = " of its attention goes to [CLS]"


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
            "attention to [CLS]", layer.received, shown, style.poolings["mean_words"], GIVEN
        )
        heading = f"Layer {layer.layer}: the tokens read [CLS]"
        note = "Each token shares out 100%: the bars are not parts of one whole."
        left = left_out(tokens, shown)
        return bars(labels_of(tokens, shown), [panel], heading, [*left, note], dark=dark)
    shown = largest(layer.parts)
    rest = sum(layer.parts) - sum(layer.parts[i] for i in shown)
    panels = [
        _panel("brings, by norm", layer.parts, shown, style.poolings["cls"], BROUGHT),
        _panel("raw attention", layer.attention, shown, style.quiet, LOOKED),
    ]
    notes = [
        *left_out(tokens, shown, f", together {percent(rest)}"),
        f"Not from tokens: [CLS]'s own state, passed by, {percent(layer.residual)}; "
        f"bias {percent(layer.bias)}.",
    ]
    heading = f"Layer {layer.layer}: [CLS] reads the tokens"
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
    panels = [_signed("mean, logit", kept, style, " to the mean's logit")]
    if layer is not None:
        hue = style.poolings["cls"]
        panels.append(_panel("[CLS], by norm", layer.parts, shown, hue, BROUGHT))
    total, write = sum(values), signed(2)
    notes = [
        *left_out(tokens, shown),
        f"All tokens {write(total)}, intercept {write(intercept)}: "
        f"logit {write(total + intercept)}.",
    ]
    heading = f"Layer {found.layer}: what makes the mean “{short(classes[chosen], 40)}”"
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
    panels = [_signed("removal costs", costs, style, " points, lost with it")]
    if reading.gradient is not None:
        slopes = [reading.gradient[i] for i in shown]
        panels.append(_signed("gradient × input", slopes, style, " gradient × input"))
    chosen = int(np.argmax(reading.probabilities))
    heading = f"Layer {reading.layer}: “{short(classes[chosen], 40)}” without each word"
    notes = [*left_out(tokens, shown), REMOVED]
    return bars(labels_of(tokens, shown), panels, heading, notes, dark=dark)
