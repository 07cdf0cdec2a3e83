"""Choices that a link keeps by their key: the same link in every language."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import selection
from probing.language import tr
from probing.projections import Method

_METHODS = {"umap": "UMAP", "pca": "PCA"}


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


def choose_method() -> Method:
    """How maps are laid out."""
    return "pca" if choose(tr("Method"), _METHODS, key="method") == "pca" else "umap"


def opening(title: str, key: str, icon: str | None = None) -> DeltaGenerator:
    """A part of the page that is closed at first; the link says where it has been opened."""
    kept = selection.linked(key, False)
    return st.expander(title, icon=icon, on_change="rerun", **kept)
