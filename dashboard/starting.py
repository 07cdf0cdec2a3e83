"""Starting a run: what the side bar's button and a sample's do."""

import streamlit as st

from dashboard import limits, metrics, selection, views
from dashboard.jobs import jobs
from dashboard.library import library
from dashboard.words import said
from probing.errors import ProbingError
from probing.sentences import Sentences
from probing.settings import Settings


def start(sentences: Sentences, settings: Settings) -> None:
    """Queue a run and show it; the page says why where that cannot be."""
    try:
        visitor = selection.visitor()
        jobs().check_room(visitor)
        limits.check_start(sentences, settings, visitor)
        run = jobs().start_run(sentences, settings, visitor)
        library().claim(run, visitor)
    except ProbingError as error:
        metrics.count("runs_refused_total")
        st.error(said(error), icon=":material/error:")
        return
    selection.open_run(run)
    st.switch_page(views.pages()["layers"], query_params={"run": run})
