"""What tests of views share: a store of one's own, and the page as a browser gets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from dashboard.jobs import jobs


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cached run of another test, and a store of one's own."""
    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()
    if jobs.cache_info().currsize:
        jobs().close()
        jobs.cache_clear()


@pytest.fixture
def public(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a server that strangers come to."""
    monkeypatch.setenv("PROBING_PUBLIC", "1")
