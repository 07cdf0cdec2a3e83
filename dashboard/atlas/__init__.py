"""The map as a component of the page: points that glide from layer to layer, and are chosen.

Streamlit mounts a Plotly chart anew whenever its figure changes, so nothing on it can glide. Here
positions lie on the graphics card and move between two layers without the server, which only hears
where they stopped. Plotly's own WebGL points would be too slow for that at 20,000, and compile code
at run time, which the page's policy forbids.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_FOLDER = Path(__file__).parent
_PACKAGE, _NAME = "cls_probe", "atlas"


def atlas(
    data: Mapping[str, Any], *, key: str, on_view: Callable[[], None]
) -> tuple[Mapping[str, Any] | None, bool]:
    """Show the map; gives (what the person last did on it, whether they asked for all layers).

    ``data`` is documented where it is made, in ``dashboard/panels/map_data.py``. ``on_view`` is
    called before the page is drawn anew. What the person did: ``layer``, ``select`` and ``turn``,
    the number of that deed.
    """
    _declare()
    found = _component()(
        data=data, key=key, on_view_change=on_view, on_all_change=_nothing, height="content"
    )
    return found.get("view"), bool(found.get("all"))


def _nothing() -> None:
    pass


def _declare() -> None:
    """Tell this runtime where the component's files lie.

    A package that is installed says so in its ``pyproject.toml``; this one runs where it lies.
    As files they pass the page's policy, which forbids scripts made of text.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{_PACKAGE}.{_NAME}") is None:
        here = ComponentConfig(name=_NAME, asset_dir="files")
        manager.register_from_manifest(ComponentManifest(_PACKAGE, "1", [here]), _FOLDER)


@cache
def _component() -> Callable[..., Any]:
    style = (_FOLDER / "files" / "atlas.css").read_text(encoding="utf-8")
    return st.components.v2.component(f"{_PACKAGE}.{_NAME}", css=style, js="atlas.js")
