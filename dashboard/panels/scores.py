"""The scores by layer, with what scores them, and the cell that a click chooses."""

import streamlit as st

from dashboard import cached, selection
from dashboard.glossary import BASELINES, SCORED_BY
from dashboard.panels.choice import choose
from dashboard.words import together
from probing import verdict
from probing.language import later, tr
from probing.record import Run

_NAMES = {
    "probe": later("Probe"),
    "noisy": later("Probe with noise"),
    "cosine": later("Nearest neighbour"),
    "cosine_z": later("Nearest neighbour, z-scored"),
}


def show(run: Run, dark: bool) -> None:
    """Draw the chart of all cells; a click on a point chooses its cell."""
    scores = _available(run)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        score = "probe"
        if len(scores) > 1:
            score = choose(tr("Scored by"), {name: _NAMES[name] for name in scores}, key="score")
        with st.popover(tr("What is this?"), icon=":material/help:", type="tertiary"):
            st.markdown("\n\n".join(tr(SCORED_BY[name]) for name in scores))
            st.markdown(tr("Grey lines are **baselines**:") + "\n" + tr(BASELINES))
    st.plotly_chart(
        cached.figure(run, "accuracy", dark=dark, score=score),
        theme=None,
        key="accuracy",
        on_select=selection.take_cell,
        selection_mode="points",
        alt=verdict.describe(run),
    )
    said = [tr("Bands are 95% intervals.")]
    if run.table["constant"].any():
        said.append(tr("An open marker is a constant vector, the same for every sentence."))
    st.caption(together(*said, tr("Click a point to see its sentences below.")))


def _available(run: Run) -> list[str]:
    checks = run.evidence.checks
    return [
        name
        for name in _NAMES
        if name == "probe" or any(getattr(check, name) is not None for check in checks)
    ]
