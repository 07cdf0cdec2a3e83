"""What the average is made of, in words."""

from collections.abc import Sequence

from probing.mechanism.said.tokens import SAME, highest, named, numbered, signed, third
from probing.mechanism.values import Average, SentenceLayer, Token
from probing.wording import listed, percent


def said_of_average(
    tokens: Sequence[Token],
    found: Average,
    chosen: int,
    classes: Sequence[str],
    layer: SentenceLayer | None = None,
) -> str:
    """What the mean's logit for a class is made of, and what its main token brings to [CLS]."""
    values, intercept = found.towards(chosen)
    total, name = sum(values), f"“{classes[chosen]}”"
    top, low = highest(values), highest([-v for v in values])
    parts = []
    if values[top[0]] > 0:
        parts.append(f"{named(tokens, top)} {third(top, 'add')} most ({signed(values[top[0]])})")
    if values[low[0]] < 0:
        takes = f"{named(tokens, low)} {third(low, 'take')} most away ({signed(values[low[0]])})"
        parts.append(takes)
    ends = (
        f"all tokens make {signed(total)}, with the intercept {signed(intercept)} a logit of "
        f"{signed(total + intercept)}"
    )
    made = f"{listed(parts)}; " if parts else ""
    said = f"In the mean's logit for {name} at layer {found.layer}, {made}{ends}."
    if layer is None or not parts or values[top[0]] <= 0:
        return said
    rank = 1 + sum(part > layer.parts[top[0]] + SAME for part in layer.parts)
    return (
        f"{said} To [CLS], {numbered(tokens, top[0])} brings {percent(layer.parts[top[0]])} in the "
        f"same layer, number {rank} of {len(tokens)} tokens."
    )
