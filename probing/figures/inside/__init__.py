"""What happens inside an encoder, drawn: many sentences by layer, one sentence by token.

Each figure is a function of values of ``probing.mechanism.values`` and of ``dark``. Tokens are the
user's text: escaped wherever they go in. A token is a row of its own, however often it comes.
"""

from probing.figures.inside.by_layer import gradient_shares, knockout, readings
from probing.figures.inside.by_token import average, effects, token_bars
from probing.figures.inside.grids import heads, token_grid
from probing.figures.inside.stacks import ledger
from probing.figures.inside.table import row_ledger

__all__ = [
    "average",
    "effects",
    "gradient_shares",
    "heads",
    "knockout",
    "ledger",
    "readings",
    "row_ledger",
    "token_bars",
    "token_grid",
]
