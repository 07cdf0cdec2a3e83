"""What is seen inside an encoder, in a sentence or two made from the figures.

Plain text: tokens and class names stand in it as the user wrote them, to be escaped where it is
shown. Nothing is claimed beyond what was measured: a knockout shows what the probe no longer reads,
never what a model relies on.
"""

from probing.mechanism.computed import COMPUTED
from probing.mechanism.said.arrival import plain_scores, said_of_arrival
from probing.mechanism.said.average import said_of_average
from probing.mechanism.said.gradients import said_of_gradients, said_of_identity, said_of_rows
from probing.mechanism.said.knockout import said_of_knockout
from probing.mechanism.said.ledger import said_of_ledger, said_of_sentence_ledger
from probing.mechanism.said.live import said_of_effects, said_of_look
from probing.mechanism.said.proof import said_of_proof
from probing.mechanism.said.summary import summary

__all__ = [
    "COMPUTED",
    "plain_scores",
    "said_of_arrival",
    "said_of_average",
    "said_of_effects",
    "said_of_gradients",
    "said_of_identity",
    "said_of_knockout",
    "said_of_ledger",
    "said_of_look",
    "said_of_proof",
    "said_of_rows",
    "said_of_sentence_ledger",
    "summary",
]
