"""What is measured inside an encoder, made by hand: every figure in it is known."""

from dataclasses import replace
from typing import Any, Literal

from probing.evidence import Estimate
from probing.mechanism.values import (
    Average,
    Gradients,
    GradientShare,
    Group,
    Knockout,
    Ledger,
    LedgerLayer,
    Look,
    Proof,
    Reading,
    Row,
    RowLedger,
    Rung,
    SentenceLayer,
    Token,
)

N = 400
TEXT = "Why was my <b>card</b> declined, my new card?"
WORDS = (
    "[CLS]", "why", "was", "my", "<", "b", ">", "card", "</b>", "declined", ",", "my", "new",
    "card", "?", "[SEP]",
)  # fmt: skip
CLASSES = ("card declined", "lost <i>card</i>", "exchange rate")


def estimate(value: float, half: float = 0.02, n: int = N) -> Estimate:
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), n)


def knockout(layers: int = 6, *, scored: bool = True, **changes: Any) -> Knockout:
    """Only the last layer matters: cut off there, the probe is at the majority."""

    def rung(kind: Literal["single", "from", "up to"], layer: int) -> Rung:
        last = {"single": layer == layers, "from": True, "up to": layer == layers}[kind]
        score = 0.1 if last else 0.957 - (0.002 if kind == "single" else 0.01) * layer
        moved = 1.3 if last else 0.001 * layer * (1 if kind == "single" else 3)
        return Rung(kind, layer, estimate(score) if scored else None, moved)

    kinds: tuple[Literal["single", "from", "up to"], ...] = ("single", "from", "up to")
    found = Knockout(
        intact=estimate(0.957) if scored else None,
        majority=0.1 if scored else None,
        rungs=tuple(rung(kind, layer) for kind in kinds for layer in range(1, layers + 1)),
        blocked_variance=3e-12,
        sentences=N,
    )
    return replace(found, **changes)


def ledger_layer(layer: int, layers: int) -> LedgerLayer:
    """Separators get ever more attention and bring ever less."""
    depth = layer / layers
    attention = (0.1, 0.2 + 0.5 * depth, 0.1, 0.6 - 0.5 * depth)
    brought = (0.05, 0.1 - 0.05 * depth, 0.05, 0.2 + 0.05 * depth)
    return LedgerLayer(
        layer=layer,
        residual=0.55,
        bias=0.05,
        parts=brought,
        attention=attention,
        attention_received=(0.1, 0.02, 0.03, 0.05),
        entropy=0.6,
        mixing=0.3,
        rollout=(0.4, 0.3, 0.1, 0.2),
    )


def ledger(layers: int = 6, **changes: Any) -> Ledger:
    found = Ledger(tuple(ledger_layer(i, layers) for i in range(1, layers + 1)), 2e-6, N)
    return replace(found, **changes)


def gradients(layers: int = 6, **changes: Any) -> Gradients:
    """CLS heads: all of it at the top, little at the bottom. Mean head: 1/T throughout."""
    falling = tuple((0.09 + 0.91 * (i / layers) ** 2) if layers else 1.0 for i in range(layers + 1))
    even = (0.08,) * (layers + 1)
    shares = tuple(
        GradientShare(
            head,
            fitted,
            even if head == "mean" else tuple(v if fitted else v * v for v in falling),
        )
        for head in ("pooled", "cls", "mean")
        for fitted in (True, False)
    )
    found = Gradients(
        uniform=(0.08,) * (layers + 1),
        shares=shares,
        rows=(row_ledger(), row_ledger(fitted=False)),
        elsewhere=0.0,
        identity=0.0,
        sentences=256,
    )
    return replace(found, **changes)


def row_ledger(rank: int = 3, **changes: Any) -> RowLedger:
    """Ten rows, each with less than the one before; [CLS] at ``rank``, perhaps none of them."""
    share = 0.12 * 0.85 ** (rank - 1)
    cls = Row("[CLS]", share, N)
    names = ("card", "?", "[SEP]", "my", "<b>", "rate", "why", "i", "to", "the")
    largest = [
        cls if i == rank else Row(names[i - 1], 0.12 * 0.85 ** (i - 1), 10 * i)
        for i in range(1, 11)
    ]
    found = RowLedger("cls", True, cls, rank, 812, tuple(largest))
    return replace(found, **changes)


# ---- one sentence


def tokens(words: tuple[str, ...] = WORDS) -> tuple[Token, ...]:
    def group(word: str) -> Group:
        if word == "[CLS]":
            return "self"
        if word == "[SEP]":
            return "separator"
        return "word" if any(c.isalnum() for c in word) else "punctuation"

    return tuple(Token(w, 1000 + i, w in ("[CLS]", "[SEP]"), group(w)) for i, w in enumerate(words))


def long_tokens(count: int = 512) -> tuple[Token, ...]:
    return tokens(("[CLS]", *(f"word{i % 50}" for i in range(count - 2)), "[SEP]"))


def sentence_layer(layer: int = 5, count: int = len(WORDS), heads: int = 12) -> SentenceLayer:
    """Later tokens bring more (all together 0.4); attention falls on the last one most."""
    whole = count * (count + 1) / 2
    attention = (*((0.5 / (count - 1),) * (count - 1)), 0.5)
    return SentenceLayer(
        layer=layer,
        residual=0.55,
        bias=0.05,
        parts=tuple(0.4 * (i + 1) / whole for i in range(count)),
        attention=attention,
        received=tuple(0.02 * (1 + i % 7) for i in range(count)),
        heads=tuple(
            tuple(1.0 if i == h % count else 0.0 for i in range(count))
            if h % 3 == 0 else attention
            for h in range(heads)
        ),
    )  # fmt: skip


def average(count: int = len(WORDS), classes: int = len(CLASSES), layer: int = 5) -> Average:
    rows = 1 if classes == 2 else classes
    values = tuple(
        tuple(((-1) ** i) * 0.1 * (i + 1) * (row + 1) for i in range(count)) for row in range(rows)
    )
    return Average(layer, values, tuple(0.25 * (row + 1) for row in range(rows)))


def reading(layer: int = 5, pooling: str = "cls", **changes: Any) -> Reading:
    """Both measures rise from token to token."""
    count = len(WORDS)
    found = Reading(
        layer=layer,
        pooling=pooling,
        probabilities=(0.8, 0.15, 0.05),
        occlusion=(None, *(0.03 * (i - 4) for i in range(1, count - 1)), None),
        gradient=tuple(0.2 * (i - 6) for i in range(count)),
    )
    return replace(found, **changes)


PROOF = Proof(
    specials=(("cls_token", "[CLS]", 101), ("sep_token", "[SEP]", 102)),
    cls_position=0,
    embedding=(0.1, 0.2),
    embedding_size=(30_522, 384),
    steps=(),
    first_token=(0.3, 0.4),
    first_feature=(0.3, 0.5),
    pooler_difference=0.0,
    pooler_note="",
    head="",
    head_steps=(),
    head_difference=0.0,
    code="",
)


def look(layers: int = 6, poolings: tuple[str, ...] = ("cls", "mean"), **changes: Any) -> Look:
    """The mean reads the first class throughout, CLS the third up to the middle."""

    def probabilities(pooling: str, layer: int) -> tuple[float, ...]:
        if pooling != "mean" and layer <= layers // 2:
            return (0.2, 0.2, 0.6)
        first = 0.5 + 0.4 * layer / max(1, layers)
        return (first, 0.7 * (1 - first), 0.3 * (1 - first))

    found = Look(
        text=TEXT,
        tokens=tokens(),
        cut=0,
        classes=CLASSES,
        proof=PROOF,
        ledger=tuple(sentence_layer(i) for i in range(1, layers + 1)),
        averages=tuple(average(layer=i) for i in range(layers + 1)),
        readings=tuple(
            reading(layer, pooling, probabilities=probabilities(pooling, layer))
            for pooling in poolings
            for layer in range(0 if pooling == "mean" else 1, layers + 1)
        ),
    )
    return replace(found, **changes)
