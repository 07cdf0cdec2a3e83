"""That ``[:, 0]`` is the first token, in words."""

from probing.mechanism.values import Look
from probing.wording import significant


def said_of_proof(look: Look) -> str:
    """Which token stands in [CLS]'s place, and what recomputing by hand shows."""
    proof, token = look.proof, look.tokens[look.proof.cls_position]
    where = "first" if proof.cls_position == 0 else f"one at position {proof.cls_position}"
    kind = "a token like any other" if not token.special else "a special token"
    rows, columns = proof.embedding_size
    said = (
        f"Yes: hidden_states[:, {proof.cls_position}] is the {where} of the {len(look.tokens)} "
        f"tokens, {token.text}, {kind} with id {token.id} and a row of {columns:,} numbers among "
        f"{rows:,} in the embedding table. [:, :, 0] would be one feature of every token."
    )
    if proof.pooler_difference is None:
        return f"{said} This encoder has no pooler to recompute."
    if proof.pooler_difference == 0:
        return f"{said} The pooler computed by hand is pooler_output to the last bit."
    off = significant(proof.pooler_difference)
    return f"{said} The pooler computed by hand is pooler_output within {off}."
