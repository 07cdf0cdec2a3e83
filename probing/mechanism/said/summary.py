"""All that was measured over many sentences, in words."""

from probing.language import spoken
from probing.mechanism.said.gradients import said_of_gradients
from probing.mechanism.said.knockout import said_of_knockout
from probing.mechanism.said.ledger import said_of_ledger
from probing.mechanism.values import Gradients, Inside, Knockout, Ledger, Missing


def summary(inside: Inside) -> tuple[str, ...]:
    """A sentence or two for each part that is there; why not, for one that cannot be had."""
    said = []
    for part in (inside.knockout, inside.ledger, inside.gradients):
        match part:
            case Missing():
                said.append(spoken(part.reason))
            case Knockout():
                said.append(said_of_knockout(part))
            case Ledger():
                said.append(said_of_ledger(part))
            case Gradients():
                said.append(said_of_gradients(part))
    return tuple(said)
