"""What a single cell, a column's name or a column of cells looks like."""

# ruff: noqa: SIM905 - lists of words read better as words

import re
from collections.abc import Iterable, Sequence

from probing.language import say

TEXT_NAMES = tuple(
    "text texts sentence sentences review reviews tweet tweets comment comments utterance "
    "question query smiles content message messages sms post body document doc passage "
    "paragraph premise sentence1 text1 prompt input description summary abstract headline title "
    "texte texto testo tekst satz frase kalimat текст предложение 文本 句子 内容 文章 텍스트 문장 "
    "ข้อความ نص".split()
)
"""Names of text columns, the surer first."""
LABEL_NAMES = tuple(
    "label labels class category target intent sentiment emotion topic gold gold_label "
    "label_text class_name classification annotation polarity stance rating stars tag y "
    "etiqueta etiket etykieta kategorie klasse 标签 类别 ラベル 레이블".split()
)
"""Names of label columns, the surer first."""
SPLIT_NAMES = tuple("split set subset partition data_split dataset_split data_set fold".split())
OTHER_NAMES = tuple(
    "id ids idx index no nr num number name names date time timestamp year user username author "
    "url source lang language type status score title key value uid row".split()
)
KNOWN_NAMES = frozenset((*TEXT_NAMES, *LABEL_NAMES, *SPLIT_NAMES, *OTHER_NAMES))
"""Names that make a first record a header."""
BLANK = "␣"
"""Stands for a blank that could not be seen."""

_NUMBER = re.compile(r"\s*[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?\s*%?\s*")
_WHOLE = re.compile(r"0|[1-9]\d{0,17}")


def normal(name: str) -> str:
    """A column's name without case, and with ``_`` for whatever is no letter or digit."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def is_number(cell: str) -> bool:
    """Whether a cell is a number as spreadsheets write them (``1,234.5``, ``-3e5``, ``12 %``)."""
    return _NUMBER.fullmatch(cell) is not None


def is_index(cells: Sequence[str]) -> bool:
    """Whether cells number the records: distinct whole numbers without leading zeros."""
    return bool(cells) and all(map(_WHOLE.fullmatch, cells)) and len(set(cells)) == len(cells)


def looks_like_names(cells: Sequence[str]) -> bool:
    """Whether a record could be a complete header: short, distinct, no numbers, none blank."""
    names = [cell.strip() for cell in cells]
    return len(set(names)) == len(names) and all(
        0 < len(name) <= 40 and re.search(r"\w", name) and not is_number(name) for name in names
    )


def shown(value: str, limit: int = 60) -> str:
    """``value`` on one line, shortened: text from a file for use in a message."""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def visible(label: str) -> str:
    """A label with the blanks at its ends as ``BLANK``: two that differ by them look different."""
    bare = label.strip()
    before, _, after = label.partition(bare) if bare else (label, "", "")
    return BLANK * len(before) + bare + BLANK * len(after)


def listed(values: Iterable[str], limit: int = 12) -> str:
    """``values`` separated by commas; of many the first ``limit`` and how many more."""
    values = tuple(values)
    text = ", ".join(shown(value) for value in values[:limit])
    more = len(values) - limit
    return text if more <= 0 else say("{names} and {n:,} more", names=text, n=more)
