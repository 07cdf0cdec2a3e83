"""The scores by layer, with what scores them, and the cell that a click chooses."""

import streamlit as st

from dashboard import cached, selection
from dashboard.glossary import BASELINES, SCORED_BY
from probing import verdict
from probing.record import Run

_NAMES = {
    "probe": "Probe",
    "noisy": "Probe with noise",
    "cosine": "Nearest neighbour",
    "cosine_z": "Nearest neighbour, z-scored",
}


def show(run: Run, dark: bool) -> None:
    """Draw the chart of all cells; a click on a point chooses its cell."""
    scores = _available(run)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        score = "probe"
        if len(scores) > 1:
            score = st.segmented_control(
                "Scored by",
                scores,
                default="probe",
                required=True,
                wrap=True,
                format_func=_NAMES.__getitem__,
                key="score",
                bind="query-params",
            )
        with st.popover("What is this?", icon=":material/help:", type="tertiary"):
            st.markdown("\n\n".join(SCORED_BY[name] for name in scores))
            st.markdown(f"Grey lines are **baselines**:\n{BASELINES}")
    st.plotly_chart(
        cached.figure(run, "accuracy", dark=dark, score=str(score)),
        theme=None,
        key="accuracy",
        on_select=selection.take_cell,
        selection_mode="points",
        alt=verdict.describe(run),
    )
    said = ["Bands are 95 % intervals.", "Click a point to see its sentences below."]
    if run.table["constant"].any():
        said.insert(1, "An open marker is a constant vector, the same for every sentence.")
    st.caption(" ".join(said))


def _available(run: Run) -> list[str]:
    checks = run.evidence.checks
    return [
        name
        for name in _NAMES
        if name == "probe" or any(getattr(check, name) is not None for check in checks)
    ]
