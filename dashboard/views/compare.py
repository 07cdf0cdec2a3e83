"""Compare: the shown run beside others, with tests where they share sentences."""

import streamlit as st

from dashboard import cached
from dashboard.panels import compare_choice, compare_maps, compare_parts
from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from probing.differing import tell_apart


def show(selection: Selection) -> None:
    """Draw the choice of runs, what may be said of them, their chart, sentences and maps."""
    run = run_or_reason(selection)
    if run is None:
        return
    others = compare_choice.choose(run, selection)
    if not others:
        return
    runs = [run, *others]
    names = tell_apart(runs)
    found = [
        cached.comparison(run, other, (names[0], name), len(others))
        for other, name in zip(others, names[1:], strict=True)
    ]
    compare_parts.verdicts(found)
    st.fragment(compare_parts.chart)(runs, names, selection.dark)
    st.fragment(compare_parts.gains)(found, selection.dark)
    st.fragment(compare_parts.sentences)(runs, found)
    st.fragment(compare_maps.show)(runs, names, selection.dark)
    compare_parts.settings(runs, names)
