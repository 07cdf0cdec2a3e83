"""A choice among a few, which a link keeps by its key: the same link in every language."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from dashboard import selection
from probing.language import tr


def choose(
    label: str,
    names: Mapping[str, str],
    *,
    key: str,
    default: str | None = None,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> str:
    """One of ``names``' keys; the first of them, or ``default``, at first.

    ``names`` are English, marked by ``later``.
    """
    chosen = st.segmented_control(
        label,
        list(names),
        required=True,
        wrap=True,
        format_func=lambda option: tr(names[option]),
        label_visibility=label_visibility,
        **selection.linked(key, default or next(iter(names)), names, names),
    )
    return str(chosen)
