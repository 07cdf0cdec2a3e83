"""One sentence as the probes read it, in words."""

from collections.abc import Mapping, Sequence

from probing.language import spoken, tr, tr_n
from probing.mechanism.said.tokens import SAME, highest, numbered, rank_correlation
from probing.mechanism.values import Look, Missing, Reading, Token
from probing.representations import POOLINGS
from probing.wording import Words, listed, number, one_by_one, percent

ALIKE, PARTLY = 0.7, 0.3  # rank correlations from which two orders are called so


def said_of_look(look: Look, *, untrained: bool = False) -> str:
    """Which pooling reads which class at its last layer, and from which layer on.

    ``untrained``: the encoder's pooler was never trained, and is called so.
    """
    if isinstance(look.readings, Missing):
        return spoken(look.readings.reason)
    by_pooling: dict[str, list[Reading]] = {}
    for reading in sorted(look.readings, key=lambda r: r.layer):
        by_pooling.setdefault(reading.pooling, []).append(reading)
    if not by_pooling:
        return tr("No cell has a probe: each is the same vector for every sentence.")
    words = Words("accuracy", untrained)
    names = {p: words.pooling(p) for p in (*POOLINGS, *by_pooling) if p in by_pooling}
    last = max(r.layer for r in look.readings)
    read = {p: _read(by_pooling[p][-1], look.classes) for p in names}
    said = listed([_reads(name, [p for p in names if read[p] == name], by_pooling, names)
                   for name in dict.fromkeys(read.values())])  # fmt: skip
    start = tr("At layer {layer}, {read}.").format(layer=last, read=said)
    return one_by_one([start, _since(by_pooling, names, look.classes)])


def _reads(
    read: str, who: Sequence[str], by_pooling: Mapping[str, Sequence[Reading]],
    names: Mapping[str, str],
) -> str:  # fmt: skip
    """``CLS and the mean read “refund” (90.0% and 92.1%)``."""
    chances = listed([percent(max(by_pooling[p][-1].probabilities)) for p in who])
    said = tr_n(
        "{poolings} reads {label} ({chances})", "{poolings} read {label} ({chances})", len(who)
    )
    return said.format(poolings=listed([names[p] for p in who]), label=read, chances=chances)


def _read(reading: Reading, classes: Sequence[str]) -> str:
    """The class that a cell reads; several where they are equally likely."""
    return tr(" or ").join(f"“{classes[i]}”" for i in highest(reading.probabilities))


def _since(
    by_pooling: Mapping[str, Sequence[Reading]], names: Mapping[str, str], classes: Sequence[str]
) -> str:
    """From which layer on each pooling reads what it reads at its last, those alike together."""
    alike: dict[str, list[str]] = {}
    for pooling, name in names.items():
        alike.setdefault(_from(by_pooling[pooling], classes), []).append(name)
    each = tr("{poolings} {when}")
    told = [each.format(poolings=listed(who), when=when) for when, who in alike.items()]
    return tr("It is so for {who}.").format(who=listed(told))


def _from(readings: Sequence[Reading], classes: Sequence[str]) -> str:
    last, since = _read(readings[-1], classes), readings[-1].layer
    for reading in reversed(readings):
        if _read(reading, classes) != last:
            break
        since = reading.layer
    if since == readings[0].layer:
        return tr("at every layer that has a probe")
    deeper = since < readings[-1].layer
    said = tr("from layer {layer} on") if deeper else tr("at layer {layer} only")
    return said.format(layer=since)


def said_of_effects(tokens: Sequence[Token], reading: Reading, classes: Sequence[str]) -> str:
    """Which word's removal costs the class most, and whether gradient × input orders them so."""
    kept = [i for i, value in enumerate(reading.occlusion) if value is not None]
    name, chance = _read(reading, classes), max(reading.probabilities)
    if not kept:
        said = tr("No token can be removed: nothing would be left to read as {label}.")
        return said.format(label=name)
    costs = [float(reading.occlusion[i] or 0.0) for i in kept]
    top = [kept[i] for i in highest(costs)]
    if max(costs) > 0:
        said = tr(
            "Removing {word} lowers the probability of {label} most, from {chance} to {left}."
        )
    else:
        said = tr("Removing no single word lowers the probability of {label} ({chance}).")
    said = said.format(
        word=_word(tokens, top),
        label=name,
        chance=percent(chance),
        left=percent(max(0.0, chance - max(costs))),
    )
    return one_by_one([said, _agreement(kept, costs, reading)])


def _word(tokens: Sequence[Token], top: Sequence[int]) -> str:
    """Tokens that cost most: neighbours are one word, removed together; others are a tie."""
    end = next((i for i, place in enumerate(top) if place != top[0] + i), len(top))
    first = numbered(tokens, top[0])
    if end > 1:
        text = " ".join(tokens[i].text for i in top[:end])
        span = tr("“{text}” (tokens {first}–{last})")
        first = span.format(text=text, first=top[0], last=top[end - 1])
    return first if end == len(top) else tr("{word} (or others, alike)").format(word=first)


def _agreement(kept: Sequence[int], costs: Sequence[float], reading: Reading) -> str:
    if reading.gradient is None:
        return tr("Gradient × input cannot be had here.")
    slopes = [reading.gradient[i] for i in kept]
    if len(kept) < 3 or max(costs) - min(costs) < SAME or max(slopes) - min(slopes) < SAME:
        return tr("Too little differs between its tokens to compare that with gradient × input.")
    rho = rank_correlation(costs, slopes)
    if rho >= ALIKE:
        how = tr("in much the same order")
    elif rho >= PARTLY:
        how = tr("in partly the same order")
    elif rho > -PARTLY:
        how = tr("in another order")
    else:
        how = tr("in rather the opposite order")
    said = tr("Gradient × input puts the tokens {how} (rank correlation {rho}, {n} tokens).")
    return said.format(how=how, rho=number(rho, 2), n=len(kept))
