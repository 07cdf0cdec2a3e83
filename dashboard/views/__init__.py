"""The views of the dashboard, one file each: ``show(selection) -> None``."""

from collections.abc import Callable
from types import ModuleType

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard import selection
from dashboard.views import compare, data, inside, layers, map, report, runs, sentences, start
from dashboard.words import said
from probing.errors import ProbingError
from probing.language import later, tr


def _shown(view: ModuleType) -> Callable[[], None]:
    """A page that shows a view; what a person can put right is said, not traced."""

    def page() -> None:
        try:
            view.show(selection.current())
        except ProbingError as error:
            st.error(said(error), icon=":material/error:")

    return page


_VIEWS = {
    "start": (start, later("Start")),
    "data": (data, later("Data")),
    "layers": (layers, later("Layers")),
    "map": (map, later("Map")),
    "sentences": (sentences, later("Sentences")),
    "inside": (inside, later("Inside [CLS]")),
    "compare": (compare, later("Compare")),
    "report": (report, later("Report")),
    "runs": (runs, later("Runs")),
}


def pages() -> dict[str, StreamlitPage]:
    """Pages by name, in the order of the navigation, titled in the visitor's language.

    New ones for each script run: a page remembers that it may be run now, and of two visitors who
    shared one and came at the same moment, one would meet an error.
    """
    return {
        name: st.Page(_shown(view), title=tr(title), url_path=name, default=name == "start")
        for name, (view, title) in _VIEWS.items()
    }
