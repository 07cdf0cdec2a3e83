"""Figures of what was measured inside a run's encoder."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures import inside
from probing.figures.of_run import named

if TYPE_CHECKING:
    from probing.record import Run


def draw_knockout(run: "Run", dark: bool) -> go.Figure:
    """Scores with CLS kept from reading."""
    return inside.knockout(_measured(run, "knockout"), dark=dark)


def draw_ledger(run: "Run", dark: bool, rollout: bool = False) -> go.Figure:
    """What CLS receives, by layer."""
    return inside.ledger(_measured(run, "ledger"), rollout=rollout, dark=dark)


def draw_gradients(run: "Run", dark: bool) -> go.Figure:
    """CLS's share of the loss's gradient by layer."""
    return inside.gradient_shares(_measured(run, "gradients"), names=named(run), dark=dark)


def draw_rows(run: "Run", dark: bool, head: str | None = None) -> go.Figure:
    """The embedding rows that the loss pulls most."""
    found = _measured(run, "gradients").rows
    if not found:
        raise SettingsError("this run has no embedding rows: they name words, which are hidden.")
    heads = list(dict.fromkeys(row.head for row in found))
    wanted = heads[0] if head is None else head
    if wanted not in heads:
        raise SettingsError(
            "there is no head {wanted!r}; the heads are {heads}.",
            wanted=wanted,
            heads=", ".join(heads),
        )
    # the fitted head where there is one: a random one pulls at random
    row = max((row for row in found if row.head == wanted), key=lambda row: row.fitted)
    return inside.row_ledger(row, names=named(run), dark=dark)


def _measured(run: "Run", name: str) -> Any:
    """A part of what was measured inside the encoder."""
    from probing.mechanism.values import Missing

    found = None if run.inside is None else getattr(run.inside, name)
    if found is None:
        raise SettingsError(
            "the {name} of this run was not measured yet, or not saved. Measure it with python -m "
            "probing inside RUN, then load the run again.",
            name=name,
        )
    if isinstance(found, Missing):
        raise SettingsError("this run has no {name}: {reason!s}", name=name, reason=found.reason)
    return found
