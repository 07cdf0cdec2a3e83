"""What other libraries' errors say, made fit for a message of one line."""

import re


def one_line(error: BaseException) -> str:
    """The error's message without colours and line breaks, at most 200 characters."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)) or type(error).__name__
    text = f"{type(error).__name__} {text}" if isinstance(error, KeyError) else text
    text = " ".join(text.split()).rstrip(".;")
    return text if len(text) <= 200 else f"{text[:199]}…"
