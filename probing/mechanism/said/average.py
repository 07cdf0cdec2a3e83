"""What the average is made of, in words."""

from collections.abc import Sequence

from probing.language import tr, tr_n
from probing.mechanism.said.tokens import SAME, highest, named, numbered, signed
from probing.mechanism.values import Average, SentenceLayer, Token
from probing.wording import listed, one_by_one, percent


def said_of_average(
    tokens: Sequence[Token],
    found: Average,
    chosen: int,
    classes: Sequence[str],
    layer: SentenceLayer | None = None,
) -> str:
    """What the mean's logit for a class is made of, and what its main token brings to [CLS]."""
    values, intercept = found.towards(chosen)
    total = sum(values)
    top, low = highest(values), highest([-v for v in values])
    parts = []
    if values[top[0]] > 0:
        adds = tr_n("{token} adds most ({value})", "{token} add most ({value})", len(top))
        parts.append(adds.format(token=named(tokens, top), value=signed(values[top[0]])))
    if values[low[0]] < 0:
        takes = tr_n(
            "{token} takes most away ({value})", "{token} take most away ({value})", len(low)
        )
        parts.append(takes.format(token=named(tokens, low), value=signed(values[low[0]])))
    if parts:
        said = tr(
            "In the mean's logit for “{name}” at layer {layer}, {parts}; all tokens make {total}, "
            "with the intercept {intercept} a logit of {logit}."
        )
    else:
        said = tr(
            "In the mean's logit for “{name}” at layer {layer}, all tokens make {total}, with the "
            "intercept {intercept} a logit of {logit}."
        )
    said = said.format(
        name=classes[chosen],
        layer=found.layer,
        parts=listed(parts) if parts else "",
        total=signed(total),
        intercept=signed(intercept),
        logit=signed(total + intercept),
    )
    if layer is None or not parts or values[top[0]] <= 0:
        return said
    beside = tr(
        "To [CLS], {token} brings {share} in the same layer, number {rank} of {n} tokens."
    ).format(
        token=numbered(tokens, top[0]),
        share=percent(layer.parts[top[0]]),
        rank=1 + sum(part > layer.parts[top[0]] + SAME for part in layer.parts),
        n=len(tokens),
    )
    return one_by_one([said, beside])
