"""What the classification error trains, in words."""

from collections.abc import Sequence
from typing import TypeVar

from probing.language import tr
from probing.mechanism.said.counted import places, sentences
from probing.mechanism.values import Gradients, GradientShare, HeadName, RowLedger
from probing.wording import POOLINGS, one_by_one, percent, significant

HEADS: tuple[HeadName, ...] = ("cls", "pooled", "mean")
"""Which head is spoken of, the first that is there."""
IDENTICAL = 1e-3  # rounding errors are far below, a [CLS] in the middle of a sentence far above
_Headed = TypeVar("_Headed", GradientShare, RowLedger)


def _leading(found: Sequence[_Headed]) -> _Headed | None:
    """The fitted one on CLS, or what comes nearest to it."""
    return min(found, key=lambda f: (not f.fitted, HEADS.index(f.head)), default=None)


def _head(found: GradientShare | RowLedger) -> str:
    said = tr("a fitted head on {pooling}") if found.fitted else tr("a random head on {pooling}")
    return said.format(pooling=POOLINGS[found.head])


def said_of_gradients(found: Gradients) -> str:
    """Whether the [CLS] row is trained, and whether it is the main contributor."""
    row, share = _leading(found.rows), _leading(found.shares)
    said = [] if row is None else [_trained(row, found.sentences)]
    if share is not None:
        top = len(share.shares) - 1
        if row is not None and _head(row) == _head(share):
            text = tr(
                "Of the gradient, [CLS]'s state has {high} at layer {top} and {low} at layer 0, "
                "where an equal share for each token is {equal}."
            )
        else:
            text = tr(
                "Of the gradient under {head}, [CLS]'s state has {high} at layer {top} and {low} "
                "at layer 0, where an equal share for each token is {equal}."
            )
        said.append(
            text.format(
                head=_head(share),
                high=percent(share.shares[top]),
                top=top,
                low=percent(share.shares[0]),
                equal=percent(found.uniform[0]),
            )
        )
    return one_by_one(said)


def _trained(row: RowLedger, of: int) -> str:
    if not row.cls.share:
        said = tr("The [CLS] row of the embedding table gets no gradient under {head} ({n}).")
    elif row.cls.share > 0.5:
        said = tr(
            "The [CLS] row of the embedding table is trained, and it is the main contributor: "
            "under {head}, {share} of Σ‖∂L/∂E‖² falls on it, number {rank} of the {seen} rows that "
            "occur ({n})."
        )
    elif row.rank == 1:
        said = tr(
            "The [CLS] row of the embedding table is trained, more than any other row, yet most of "
            "the gradient falls on others: under {head}, {share} of Σ‖∂L/∂E‖² falls on it, number "
            "{rank} of the {seen} rows that occur ({n})."
        )
    else:
        said = tr(
            "The [CLS] row of the embedding table is trained, but it is not the main contributor: "
            "under {head}, {share} of Σ‖∂L/∂E‖² falls on it, number {rank} of the {seen} rows that "
            "occur ({n})."
        )
    return said.format(
        head=_head(row),
        share=percent(row.cls.share),
        rank=f"{row.rank:,}",
        seen=f"{row.seen:,}",
        n=sentences(of),
    )


def said_of_identity(found: Gradients) -> str:
    """That the token's row and its position's are one parameter, and that no other state counts."""
    said = []
    if found.elsewhere is not None:
        text = tr("Under heads that read [CLS], the gradient of every other last state is {size}.")
        size = tr("exactly 0")
        if found.elsewhere:
            size = tr("at most {value}").format(value=significant(found.elsewhere))
        said.append(text.format(size=size))
    if found.identity is None:
        text = tr("This encoder has no table of positions that the [CLS] row could be one with.")
        return one_by_one([*said, text])
    if found.identity > IDENTICAL:
        text = tr(
            "∂L/∂E[CLS] and ∂L/∂P[0] differ by {gap} of the largest number: [CLS] stands in the "
            "middle of some sentence too."
        )
    else:
        text = tr(
            "∂L/∂E[CLS] = ∂L/∂P[0] within {gap} of the largest number: [CLS] always stands at the "
            "same position, so its word row and its position row are one parameter, not two."
        )
    return one_by_one([*said, text.format(gap=significant(found.identity))])


def said_of_rows(found: RowLedger) -> str:
    """Where the [CLS] row stands among the rows of the embedding table."""
    if found.seen == 1:
        said = tr("Under {head}, [CLS]'s row is the only one that occurs.")
        return said.format(head=_head(found))
    others = [row for row in found.largest if row != found.cls]
    if not others:
        said = tr(
            "Under {head}, [CLS]'s row is number {rank} of {seen}: {share} of Σ‖∂L/∂E‖², {places}."
        )
    elif found.rank == 1:
        said = tr(
            "Under {head}, [CLS]'s row is number {rank} of {seen}: {share} of Σ‖∂L/∂E‖², {places}; "
            "the next, “{token}”, has {its_share}, {its_places}."
        )
    else:
        said = tr(
            "Under {head}, [CLS]'s row is number {rank} of {seen}: {share} of Σ‖∂L/∂E‖², {places}; "
            "the largest, “{token}”, has {its_share}, {its_places}."
        )
    row = others[0] if others else found.cls
    return said.format(
        head=_head(found),
        rank=f"{found.rank:,}",
        seen=f"{found.seen:,}",
        share=percent(found.cls.share),
        places=places(found.cls.count),
        token=row.token,
        its_share=percent(row.share),
        its_places=places(row.count),
    )
