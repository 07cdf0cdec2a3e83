"""What [CLS] receives, in words: many sentences, and one."""

from collections.abc import Mapping, Sequence

from probing.mechanism.said.counted import sentences
from probing.mechanism.said.tokens import highest, named, third
from probing.mechanism.values import GROUPS, Group, Ledger, SentenceLayer, Token
from probing.wording import percent

AGREE = 0.05  # shares of attention and ledger that differ by less are called alike
GROUP: Mapping[Group, tuple[str, str]] = {
    "self": ("[CLS] itself", "gets"),
    "separator": ("separators", "get"),
    "punctuation": ("punctuation", "gets"),
    "word": ("words", "get"),
}
"""Group of tokens → what it is called, with its verb."""


def said_of_ledger(found: Ledger) -> str:
    """How much of [CLS] is its own state, and where raw attention and the ledger part most."""
    if not found.layers:
        return ""
    n = sentences(found.sentences)
    own = {layer.layer: layer.residual for layer in found.layers}
    ends = [f(own, key=lambda layer: own[layer]) for f in (min, max)]
    shown = [percent(own[layer]) for layer in ends]
    if shown[0] == shown[1]:
        passed = f"is {shown[0]} of what it receives"
    else:
        low, high = (f"{text} (layer {at})" for text, at in zip(shown, ends, strict=True))
        passed = f"is {low} to {high} of what it receives"
    return f"{_parting(found, n)} [CLS]'s own state, passed by, {passed}, by norm."


def _parting(found: Ledger, n: str) -> str:
    gaps = []
    for layer in found.layers:
        brought = sum(layer.parts)
        for group, part, looked in zip(GROUPS, layer.parts, layer.attention, strict=True):
            share = part / brought if brought else 0.0
            gaps.append((abs(looked - share), -layer.layer, group, looked, share))
    gap, at, group, looked, share = max(gaps, key=lambda g: (g[0], g[1]))
    name, gets = GROUP[group]
    figures = (
        f"{name} {gets} {percent(looked)} of [CLS]'s raw attention and {percent(share)} of what "
        f"its attention brings, by norm ({n})"
    )
    if gap < AGREE:
        return f"Ledger and raw attention hardly differ, most in layer {-at}: {figures}."
    return f"Ledger and raw attention disagree, most in layer {-at}: {figures}."


def said_of_sentence_ledger(tokens: Sequence[Token], layer: SentenceLayer) -> str:
    """Which token brings most to [CLS] in one layer, and which gets most of its attention."""
    brings, looked = highest(layer.parts), highest(layer.attention)
    most, first = percent(layer.parts[brings[0]]), percent(layer.attention[looked[0]])
    said = f"In layer {layer.layer}, {named(tokens, brings)} {third(brings, 'bring')} most to [CLS]"
    if brings == looked:
        both = f"{most} of what it receives, by norm, and {first} of its raw attention"
        said = f"{said}, and {third(brings, 'get')} most of its raw attention: {both}"
    else:
        weight = percent(layer.attention[brings[0]])
        said = (
            f"{said}: {most} of what it receives, by norm, for {weight} of its raw attention. Most "
            f"attention goes to {named(tokens, looked)}: {first}, for "
            f"{percent(layer.parts[looked[0]])} of what [CLS] receives"
        )
    return f"{said}. [CLS]'s own state, passed by, is {percent(layer.residual)}."
