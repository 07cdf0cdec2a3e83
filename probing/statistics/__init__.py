"""How sure a figure is, and whether two figures differ.

Copies of a text are no independent witnesses, so everything here counts *groups*: ``groups`` is an
int64 (n,) number per scored sentence, equal for copies of one text, in any order. A group is drawn,
flipped or counted as a whole. Copying every sentence in its group changes no interval and no p.
"""

from probing.statistics.intervals import (
    Z95,
    balanced_intervals,
    difference_intervals,
    share_intervals,
    wilson,
)
from probing.statistics.paired import (
    cross_validation_inflation,
    max_t,
    mcnemar,
)
from probing.statistics.power import (
    detectable_difference,
    sentences_needed,
)
from probing.statistics.resamples import (
    Resamples,
    interval,
)

__all__ = [
    "Z95",
    "Resamples",
    "balanced_intervals",
    "cross_validation_inflation",
    "detectable_difference",
    "difference_intervals",
    "interval",
    "max_t",
    "mcnemar",
    "sentences_needed",
    "share_intervals",
    "wilson",
]
