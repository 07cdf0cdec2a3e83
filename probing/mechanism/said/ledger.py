"""What [CLS] receives, in words: many sentences, and one."""

from collections.abc import Mapping, Sequence

from probing.language import Spoken, later, tr, tr_n
from probing.mechanism.said.counted import sentences
from probing.mechanism.said.tokens import highest, named
from probing.mechanism.values import GROUPS, Group, Ledger, SentenceLayer, Token
from probing.wording import one_by_one, percent

AGREE = 0.05  # shares of attention and ledger that differ by less are called alike
GROUP: Mapping[Group, str] = Spoken(
    {
        "self": later("[CLS] itself gets {looked}"),
        "separator": later("separators get {looked}"),
        "punctuation": later("punctuation gets {looked}"),
        "word": later("words get {looked}"),
    }
)
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
        said = tr("[CLS]'s own state, passed by, is {low} of what it receives, by norm.")
    else:
        said = tr(
            "[CLS]'s own state, passed by, is {low} (layer {low_at}) to {high} (layer {high_at}) "
            "of what it receives, by norm."
        )
    said = said.format(low=shown[0], low_at=ends[0], high=shown[1], high_at=ends[1])
    return one_by_one([_parting(found, n), said])


def _parting(found: Ledger, n: str) -> str:
    gaps = []
    for layer in found.layers:
        brought = sum(layer.parts)
        for group, part, looked in zip(GROUPS, layer.parts, layer.attention, strict=True):
            share = part / brought if brought else 0.0
            gaps.append((abs(looked - share), -layer.layer, group, looked, share))
    gap, at, group, looked, share = max(gaps, key=lambda g: (g[0], g[1]))
    if gap < AGREE:
        said = tr(
            "Ledger and raw attention hardly differ, most in layer {layer}: {who_gets} of [CLS]'s "
            "raw attention and {share} of what its attention brings, by norm ({n})."
        )
    else:
        said = tr(
            "Ledger and raw attention disagree, most in layer {layer}: {who_gets} of [CLS]'s raw "
            "attention and {share} of what its attention brings, by norm ({n})."
        )
    gets = GROUP[group].format(looked=percent(looked))
    return said.format(layer=-at, who_gets=gets, share=percent(share), n=n)


def said_of_sentence_ledger(tokens: Sequence[Token], layer: SentenceLayer) -> str:
    """Which token brings most to [CLS] in one layer, and which gets most of its attention."""
    brings, looked = highest(layer.parts), highest(layer.attention)
    most, first = percent(layer.parts[brings[0]]), percent(layer.attention[looked[0]])
    if brings == looked:
        said = tr_n(
            "In layer {layer}, {token} brings most to [CLS], and gets most of its raw attention: "
            "{most} of what it receives, by norm, and {first} of its raw attention.",
            "In layer {layer}, {token} bring most to [CLS], and get most of its raw attention: "
            "{most} of what it receives, by norm, and {first} of its raw attention.",
            len(brings),
        )
    else:
        said = one_by_one(
            [
                tr_n(
                    "In layer {layer}, {token} brings most to [CLS]: {most} of what it receives, "
                    "by norm, for {weight} of its raw attention.",
                    "In layer {layer}, {token} bring most to [CLS]: {most} of what it receives, "
                    "by norm, for {weight} of its raw attention.",
                    len(brings),
                ),
                tr("Most attention goes to {other}: {first}, for {part} of what [CLS] receives."),
            ]
        )
    own = tr("[CLS]'s own state, passed by, is {own}.")
    return one_by_one([said, own]).format(
        layer=layer.layer,
        token=named(tokens, brings),
        most=most,
        first=first,
        weight=percent(layer.attention[brings[0]]),
        other=named(tokens, looked),
        part=percent(layer.parts[looked[0]]),
        own=percent(layer.residual),
    )
