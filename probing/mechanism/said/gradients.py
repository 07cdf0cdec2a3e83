"""What the classification error trains, in words."""

from collections.abc import Sequence
from typing import TypeVar

from probing.mechanism.said.counted import places, sentences
from probing.mechanism.values import Gradients, GradientShare, HeadName, RowLedger
from probing.wording import POOLINGS, percent, significant

HEADS: tuple[HeadName, ...] = ("cls", "pooled", "mean")
"""Which head is spoken of, the first that is there."""
IDENTICAL = 1e-3  # rounding errors are far below, a [CLS] in the middle of a sentence far above
_Headed = TypeVar("_Headed", GradientShare, RowLedger)


def _leading(found: Sequence[_Headed]) -> _Headed | None:
    """The fitted one on CLS, or what comes nearest to it."""
    return min(found, key=lambda f: (not f.fitted, HEADS.index(f.head)), default=None)


def _head(found: GradientShare | RowLedger) -> str:
    return f"a {'fitted' if found.fitted else 'random'} head on {POOLINGS[found.head]}"


def said_of_gradients(found: Gradients) -> str:
    """Whether the [CLS] row is trained, and whether it is the main contributor."""
    row, share = _leading(found.rows), _leading(found.shares)
    said = [] if row is None else [_trained(row, found.sentences)]
    if share is not None:
        top = len(share.shares) - 1
        under = "" if row is not None and _head(row) == _head(share) else f" under {_head(share)}"
        said.append(
            f"Of the gradient{under}, [CLS]'s state has {percent(share.shares[top])} at layer "
            f"{top} and {percent(share.shares[0])} at layer 0, where an equal share for each token "
            f"is {percent(found.uniform[0])}."
        )
    return " ".join(said)


def _trained(row: RowLedger, of: int) -> str:
    n = sentences(of)
    if not row.cls.share:
        return f"The [CLS] row of the embedding table gets no gradient under {_head(row)} ({n})."
    if row.cls.share > 0.5:
        verdict = "is trained, and it is the main contributor"
    elif row.rank == 1:
        verdict = "is trained, more than any other row, yet most of the gradient falls on others"
    else:
        verdict = "is trained, but it is not the main contributor"
    return (
        f"The [CLS] row of the embedding table {verdict}: under {_head(row)}, "
        f"{percent(row.cls.share)} of Σ‖∂L/∂E‖² falls on it, number {row.rank:,} of the "
        f"{row.seen:,} rows that occur ({n})."
    )


def said_of_identity(found: Gradients) -> str:
    """That the token's row and its position's are one parameter, and that no other state counts."""
    said = ""
    if found.elsewhere is not None:
        size = "exactly 0" if found.elsewhere == 0 else f"at most {significant(found.elsewhere)}"
        said = f"Under heads that read [CLS], the gradient of every other last state is {size}. "
    if found.identity is None:
        return f"{said}This encoder has no table of positions that the [CLS] row could be one with."
    gap = significant(found.identity)
    if found.identity > IDENTICAL:
        return (
            f"{said}∂L/∂E[CLS] and ∂L/∂P[0] differ by {gap} of the largest number: [CLS] stands in "
            "the middle of some sentence too."
        )
    return (
        f"{said}∂L/∂E[CLS] = ∂L/∂P[0] within {gap} of the largest number: [CLS] always stands at "
        "the same position, so its word row and its position row are one parameter, not two."
    )


def said_of_rows(found: RowLedger) -> str:
    """Where the [CLS] row stands among the rows of the embedding table."""
    own = f"{percent(found.cls.share)} of Σ‖∂L/∂E‖², {places(found.cls.count)}"
    if found.seen == 1:
        return f"Under {_head(found)}, [CLS]'s row is the only one that occurs."
    others = [row for row in found.largest if row != found.cls]
    said = f"Under {_head(found)}, [CLS]'s row is number {found.rank:,} of {found.seen:,}: {own}"
    if not others:
        return f"{said}."
    which = "the next" if found.rank == 1 else "the largest"
    row = others[0]
    return f"{said}; {which}, “{row.token}”, has {percent(row.share)}, {places(row.count)}."
