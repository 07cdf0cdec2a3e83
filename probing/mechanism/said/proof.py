"""That ``[:, 0]`` is the first token, in words."""

from probing.language import tr
from probing.mechanism.values import Look
from probing.wording import one_by_one, significant


def said_of_proof(look: Look) -> str:
    """Which token stands in [CLS]'s place, and what recomputing by hand shows."""
    proof, token = look.proof, look.tokens[look.proof.cls_position]
    kind = tr("a special token") if token.special else tr("a token like any other")
    rows, columns = proof.embedding_size
    if proof.cls_position == 0:
        said = tr(
            "Yes: hidden_states[:, 0] is the first of the {n} tokens, {token}, {kind} with id {id} "
            "and a row of {columns} numbers among {rows} in the embedding table. [:, :, 0] would "
            "be one feature of every token."
        )
    else:
        said = tr(
            "Yes: hidden_states[:, {place}] is the one at position {place} of the {n} tokens, "
            "{token}, {kind} with id {id} and a row of {columns} numbers among {rows} in the "
            "embedding table. [:, :, 0] would be one feature of every token."
        )
    said = said.format(
        place=proof.cls_position,
        n=len(look.tokens),
        token=token.text,
        kind=kind,
        id=token.id,
        columns=f"{columns:,}",
        rows=f"{rows:,}",
    )
    if proof.pooler_difference is None:
        off = tr("This encoder has no pooler to recompute.")
    elif proof.pooler_difference == 0:
        off = tr("The pooler computed by hand is pooler_output to the last bit.")
    else:
        off = tr("The pooler computed by hand is pooler_output within {off}.")
        off = off.format(off=significant(proof.pooler_difference))
    return one_by_one([said, off])
