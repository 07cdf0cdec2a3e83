"""CSV that a spreadsheet shows as it stands: no cell of a person's text becomes a formula.

Excel, LibreOffice and Google Sheets compute a cell that begins with ``=``, ``+``, ``-`` or ``@``
and may follow what it says to other files and addresses. An apostrophe in front makes it text.
Source: OWASP, "CSV Injection"; CWE-1236.
"""

import csv
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_UNSEEN = r"\s\x00-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_FORMULA = re.compile(rf"'*(?:[{_UNSEEN}]*[=+\-@＝＋－＠]|[\t\r\n])")
"""Also behind apostrophes: so that ``restored`` can tell its own from the text's."""
_NUMBER = re.compile(r"[ ]*[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?[ ]*")


def inert(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet might compute it; else as it is.

    A plain number, -1.5 or +3e-4, stays a number.
    """
    return f"'{text}" if _computed(text) else text


def restored(text: str) -> str:
    """The text that ``inert`` was given."""
    return text[1:] if text.startswith("'") and _computed(text) else text


def inert_frame(frame: "pd.DataFrame") -> "pd.DataFrame":
    """``frame`` with every text ``inert``, the names of its columns too; numbers as they are."""
    changed = frame.copy()
    changed.columns = [_cell(name) for name in frame.columns]
    for place, (_, column) in enumerate(frame.items()):
        if column.dtype.kind not in "biufcmM":
            changed.isetitem(place, column.astype(object).map(_cell).array)
    return changed


def write_csv(frame: "pd.DataFrame", target: Path | IO[bytes]) -> None:
    """Write a table as a CSV that is safe to open in a spreadsheet, without its index.

    UTF-8 with a byte order mark, by which Excel knows it. Texts are in quotes, all of them: line
    ends and other languages' separators stay within their cell.
    """
    inert_frame(frame).to_csv(
        target,
        index=False,
        encoding="utf-8-sig",
        lineterminator="\n",
        quoting=csv.QUOTE_NONNUMERIC,
    )


def _cell(value: Any) -> Any:
    return inert(value) if isinstance(value, str) else value


def _computed(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
