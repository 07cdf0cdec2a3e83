"""The headers that every answer carries: what a page of ours may load, and who may frame it."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import streamlit

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def security_headers(
    frame_ancestors: tuple[str, ...] = (), *, framed: bool = False
) -> list[tuple[bytes, bytes]]:
    """What every answer carries; ``framed``: one that is a document for a frame of the page."""
    policy = _framed_policy() if framed else _page_policy()
    policy["frame-ancestors"] = " ".join(["'self'", *frame_ancestors])
    headers = {
        "content-security-policy": "; ".join(f"{k} {v}" for k, v in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",  # a run's link is its key: it goes nowhere
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }
    if not frame_ancestors:
        headers["x-frame-options"] = "SAMEORIGIN"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _page_policy() -> dict[str, str]:
    """Nothing is loaded from elsewhere. Styles are inline, as Streamlit and Plotly make them;
    scripts are not, but for the one in Streamlit's page, known by its hash."""
    return {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *inline_scripts()]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }


def _framed_policy() -> dict[str, str]:
    """A report: its scripts stand in it, and Plotly's WebGL points make code at run time. It has no
    origin, so it may neither read nor ask for anything; it may save a chart as a file."""
    return {
        "sandbox": "allow-scripts allow-downloads",
        "default-src": "'none'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def inline_scripts() -> list[str]:
    """The hashes of the scripts that stand in Streamlit's own page."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    found = _INLINE.findall(page.read_text(encoding="utf-8"))
    return [f"'sha256-{b64encode(sha256(s.encode()).digest()).decode()}'" for s in found]
