"""Back and Forward of the browser: a step for each thing that a person does.

Streamlit writes a change of the address as a step of the browser's history, and a change of the
view as up to four, some of which hold half of what was chosen. The component draws nothing. It also
has the page drawn anew when the system turns light or dark, of which the server does not hear.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_FOLDER = Path(__file__).parent
_PACKAGE, _NAME = "cls_probe_history", "history"


def keep() -> None:
    """Have the browser's history kept from now on; drawn on every page."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{_PACKAGE}.{_NAME}") is None:
        here = ComponentConfig(name=_NAME, asset_dir="files")
        manager.register_from_manifest(ComponentManifest(_PACKAGE, "1", [here]), _FOLDER)
    _component()(key="history", on_theme_change=_nothing)  # it is enough that the page is run


def _nothing() -> None:
    pass


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(f"{_PACKAGE}.{_NAME}", js="history.js")
