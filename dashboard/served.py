"""How Streamlit's server is set, where that depends on our own limits."""

import sys
from typing import Any

import streamlit as st
from streamlit import config, runtime

from probing.environment import Limits, limits
from probing.errors import SettingsError

STATE = 1
"""10^6 bytes of what a page of a public server may say: where its widgets stand."""


def limits_or_exit() -> Limits:
    """The limits, with Streamlit's own brought in step; a bad value ends the server in a line."""
    st.secrets.load_if_toml_exists()  # some hosts give variables as secrets.toml only
    try:
        found = limits()
    except SettingsError as error:
        sys.exit(f"error: {error}")
    config.set_option("server.maxUploadSize", found.upload_mb)
    if found.public:
        config.set_option("server.maxWidgetStateSize", STATE)
        config.set_option("logger.enableRich", False)  # it would print past the log
    if found.frame_ancestors:
        # in another site's frame a browser keeps back cookies that do not say this
        config.set_option("server.xsrfCookieSameSite", "none")
    return found


def base_path() -> str:
    """The path that the server lies under: "" or "/probe"."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def bytes_held() -> int:
    """Bytes of all uploads that are in memory."""
    if not runtime.exists():
        return 0
    stats: Any = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for found in stats.values() for stat in found)
