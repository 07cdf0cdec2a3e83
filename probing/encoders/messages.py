"""What other libraries' errors say, made fit for a message of one line."""

import re


def one_line(error: BaseException) -> str:
    """The error's message without colours and line breaks, at most 200 characters."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)) or type(error).__name__
    text = f"{type(error).__name__} {text}" if isinstance(error, KeyError) else text
    return on_one_line(text, 200).rstrip(".;")


def on_one_line(text: str, most: int = 80) -> str:
    """What a checkpoint says or calls its files, without control characters, at most ``most``."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def is_panic(error: BaseException) -> bool:
    """Whether tokenizers' native code gave up; what it raises then is no Exception."""
    return type(error).__name__ == "PanicException"
