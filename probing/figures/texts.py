"""A person's texts and labels as Plotly can show them without obeying them.

Plotly reads a small HTML in hover, titles and legends (links, remote images).
"""

import html

NAMES = {"cls": "CLS", "pooled": "pooled", "mean": "mean", "mean_words": "mean of words"}
"""Poolings as they are called on charts."""


def short(text: str, most: int) -> str:
    """On one line, and cut to ``most`` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def safe(text: str, most: int) -> str:
    """``short``, and inert."""
    return html.escape(short(text, most), quote=False)
