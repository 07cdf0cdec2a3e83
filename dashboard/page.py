"""Page config and navigation."""

from pathlib import Path

import streamlit as st

from dashboard import history, selection, sidebar, views
from probing import language

language.choose_by(selection.language)
st.set_page_config(
    page_title="CLS Probe", page_icon=Path(__file__).with_name("icon.svg"), layout="wide"
)
st.html(Path(__file__).with_name("page.css"))
page = st.navigation(list(views.pages().values()), position="top")
page.run()
sidebar.show(selection.current())  # last: it shows what the page has just been told
with st.sidebar:
    history.keep()
