"""Inside the encoder over many sentences: arrival, knockout, ledger, gradients."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import cached
from dashboard.panels.framed import framed, missing
from dashboard.selection import linked
from dashboard.words import plain
from probing import figures
from probing.figures.of_run import named
from probing.language import tr
from probing.mechanism import wording
from probing.mechanism.values import Inside, Missing, RowLedger
from probing.record import Run


def arrival(run: Run, dark: bool) -> None:
    """Panel 2: from nothing to everything."""
    title = tr("2 · From nothing to everything: how can one token know the sentence?")
    with framed(title, "arrival"):
        if not run.evidence.shapes:
            st.info(tr("This run was made without its geometry. Run it again to see this."))
            return
        said = wording.said_of_arrival(
            run.evidence.shapes,
            run.evidence.checks,
            wording.plain_scores(run),
            run.evidence.metric,
        )
        st.markdown(plain(said))
        name, options = ("arrival", {}) if run.kind != "none" else ("geometry", _VARIANCE)
        figure = cached.figure(run, name, dark=dark, **options)
        st.plotly_chart(figure, theme=None, key="i:arrival", alt=said)


def knockout(run: Run, inside: Inside | None, dark: bool) -> None:
    """Panel 3: where it enters."""
    with framed(tr("3 · Where it enters: keeping [CLS] from reading"), "knockout"):
        found = _ready(inside, "knockout")
        if found is not None:
            _drawn(run, figures.knockout, found, wording.said_of_knockout(found), dark=dark)


@st.fragment
def ledger(run: Run, inside: Inside | None, dark: bool) -> None:
    """Panel 4, over many sentences."""
    with framed(tr("4 · The exact ledger: what [CLS] receives"), "ledger"):
        found = _ready(inside, "ledger")
        if found is not None:
            said = wording.said_of_ledger(found)
            rollout = st.toggle(
                tr("Attention rollout beside it"),
                help=tr(
                    "Attention multiplied through the layers (Abnar & Zuidema 2020). It leaves "
                    "out what the tokens bring, so it is no cause."
                ),
                **linked("rollout", False),
            )
            _drawn(run, figures.ledger, found, said, rollout=rollout, dark=dark)
            st.caption(
                tr(
                    "{n} of {all} sentences. The parts add up to what the model computes within "
                    "{error}."
                ).format(
                    n=f"{found.sentences:,}", all=f"{_of(inside):,}", error=f"{found.error:.0e}"
                )
            )


@st.fragment
def gradients(run: Run, inside: Inside | None, dark: bool) -> None:
    """Panel 6: what the classification error trains."""
    with framed(tr("6 · Is the [CLS] embedding what gets trained?"), "gradients"):
        found = _ready(inside, "gradients")
        if found is None:
            return
        names = named(run)
        said = wording.said_of_gradients(found)
        _drawn(run, figures.gradient_shares, found, said, names=names, dark=dark)
        st.caption(plain(wording.said_of_identity(found)))
        st.markdown("**" + tr("The rows of the embedding table") + "**")
        if not found.rows:
            return
        fitted = (n for n, row in enumerate(found.rows) if row.head == "cls" and row.fitted)
        chosen = st.segmented_control(
            tr("Head"),
            range(len(found.rows)),
            required=True,
            wrap=True,
            format_func=lambda n: _named(found.rows[n], names),
            label_visibility="collapsed",
            **linked("head", next(fitted, 0), range(len(found.rows))),
        )
        row = found.rows[int(chosen or 0)]
        _drawn(run, figures.row_ledger, row, wording.said_of_rows(row), names=names, dark=dark)


def _named(row: RowLedger, names: Mapping[str, str]) -> str:
    text = tr("{head}, fitted") if row.fitted else tr("{head}, random")
    return text.format(head=tr(names[row.head]))


_VARIANCE = {"measure": "relative_variance"}


def _of(inside: Inside | None) -> int:
    return inside.sample.of if inside is not None else 0


def _ready(inside: Inside | None, name: str) -> Any:
    """The part of that name; where it is not there, the page says why."""
    found = None if inside is None else getattr(inside, name)
    if isinstance(found, Missing):
        missing(found)
        return None
    if found is None:
        st.caption(tr("Being measured …"))
    return found


def _drawn(run: Run, draw: Any, value: Any, said: str, **options: Any) -> None:
    st.markdown(plain(said))
    figure = cached.of_value(run, draw, value, **options)
    st.plotly_chart(figure, theme=None, key=f"i:{draw.__name__}", alt=said)
