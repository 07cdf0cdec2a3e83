"""The frame of a panel: its title, and a click away how its figures are computed."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.words import plain
from probing.language import spoken, tr
from probing.mechanism.values import Missing
from probing.mechanism.wording import COMPUTED


@contextmanager
def framed(title: str, computed: str) -> Iterator[None]:
    """A bordered panel; ``computed`` names its entry in ``COMPUTED``."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.header(plain(title), anchor=False, width="content")
            with st.popover(tr("How it is computed"), icon=":material/help:", type="tertiary"):
                st.markdown(COMPUTED[computed])
        yield


def missing(part: Missing) -> None:
    """Why something can't be had."""
    st.info(plain(spoken(part.reason)), icon=":material/block:")
