"""The views of the dashboard, one file each: ``show(selection) -> None``."""

from collections.abc import Callable
from types import ModuleType

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard import selection
from dashboard.views import data, inside, layers, map, runs, start
from dashboard.words import said
from probing.errors import ProbingError


def _shown(view: ModuleType) -> Callable[[], None]:
    """A page that shows a view; what a person can put right is said, not traced."""

    def page() -> None:
        try:
            view.show(selection.current())
        except ProbingError as error:
            st.error(said(error), icon=":material/error:")

    return page


def pages() -> dict[str, StreamlitPage]:
    """Pages by name, in the order of the navigation; new ones for each script run.

    A page remembers that it may be run now. Two visitors who shared one would meet an error
    whenever they came at the same moment.
    """
    return {
        "start": st.Page(_shown(start), title="Start", url_path="start", default=True),
        "data": st.Page(_shown(data), title="Data", url_path="data"),
        "layers": st.Page(_shown(layers), title="Layers", url_path="layers"),
        "map": st.Page(_shown(map), title="Map", url_path="map"),
        "inside": st.Page(_shown(inside), title="Inside [CLS]", url_path="inside"),
        "runs": st.Page(_shown(runs), title="Runs", url_path="runs"),
    }
