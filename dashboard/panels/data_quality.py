"""What there is to mend in the sentences of the next run, each finding with its rows."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.words import listed, plain
from probing import quality
from probing.language import spoken, tr, tr_n
from probing.parsing.cells import shown, visible
from probing.quality import Copies, Quality
from probing.reading import Table
from probing.sentences import Sentences
from probing.spreadsheets import write_csv

if TYPE_CHECKING:
    import pandas as pd

_MOST = 500  # lines of a table on the page
_ROWS = 20  # row numbers in a cell
_CHARS = 300  # characters of a text in a cell


def show(
    sentences: Sentences,
    found: Quality,
    limit: int,
    encoder: str,
    table: Table | None,
) -> None:
    """Draw the findings; ``limit`` are the word pieces that ``encoder`` reads, ``table`` the file
    that the sentences came from, where it is here."""
    st.markdown("**" + tr("Quality report") + "**")
    drawn = [
        _left_out(sentences),
        _conflicts(sentences, found),
        _copies(sentences, found),
        _across(sentences, found),
        _long(sentences, found, limit, encoder),
        _labels(sentences, found),
    ]
    if not any(drawn):
        st.caption(
            ":material/check: "
            + tr(
                "Nothing to mend: no row left out, no text twice, no label spelt in two ways, no "
                "sentence longer than the encoder reads."
            )
        )
    _downloads(sentences, found, limit, table)


def _finding(name: str, n: int, title: str, why: str, table: Callable[[], dict[str, Any]]) -> bool:
    """An expander with a title, an explanation and a table of at most ``_MOST`` lines."""
    with st.expander(title):
        st.caption(why)
        st.dataframe(
            table(),
            hide_index=True,
            height=min(300, 38 + 35 * min(n, _MOST)),
            key=f"quality_{name}",
        )
        if n > _MOST:
            st.caption(
                tr("The first {shown} of {n}; the quality report has all.").format(
                    shown=f"{_MOST:,}", n=f"{n:,}"
                )
            )
    return True


def _left_out(sentences: Sentences) -> bool:
    places = [
        (row, line, each.reason)
        for each in sentences.source.dropped
        for row, line in zip(
            each.rows[:_MOST], each.lines[:_MOST] or (None,) * len(each.rows), strict=False
        )
    ][:_MOST]
    if not places:
        return False
    n = sum(len(each.rows) for each in sentences.source.dropped)
    reasons = listed(
        f"{plain(spoken(each.reason))} {len(each.rows):,}" for each in sentences.source.dropped
    )
    return _finding(
        "left_out",
        n,
        tr("Rows left out: {n}").format(n=f"{n:,}"),
        tr("By reason: {reasons}. Lines are those of the file, the first being 1.").format(
            reasons=reasons
        ),
        lambda: {
            tr("Row"): [row for row, _, _ in places],
            tr("Line"): [line for _, line, _ in places],
            tr("Reason"): [spoken(reason) for _, _, reason in places],
        },
    )


def _conflicts(sentences: Sentences, found: Quality) -> bool:
    groups = found.conflicts
    if not groups:
        return False
    n = len(groups)
    return _finding(
        "conflicts",
        n,
        tr_n(
            "Same text, different labels: {n} text", "Same text, different labels: {n} texts", n
        ).format(n=f"{n:,}"),
        tr("No probe can get every copy right. Correct the labels, or leave one of them out."),
        partial(_groups, sentences, groups),
    )


def _copies(sentences: Sentences, found: Quality) -> bool:
    if not found.copies:
        return False
    n = found.repeats
    title = tr_n(
        "Copies: {n} sentence repeats an earlier one",
        "Copies: {n} sentences repeat an earlier one",
        n,
    )
    return _finding(
        "copies",
        len(found.copies),
        title.format(n=f"{n:,}"),
        tr(
            "Apart from case and white space. Copies never stand on both sides of a fold, and "
            "count as one sentence in intervals."
        ),
        partial(_groups, sentences, found.copies),
    )


def _across(sentences: Sentences, found: Quality) -> bool:
    groups = found.across
    if not groups:
        return False
    n = len(groups)
    return _finding(
        "across",
        n,
        tr_n("In more than one split: {n} text", "In more than one split: {n} texts", n).format(
            n=f"{n:,}"
        ),
        tr("A test sentence that was trained on flatters the score. Leave one of the copies out."),
        partial(_groups, sentences, groups),
    )


def _groups(sentences: Sentences, groups: Sequence[Copies]) -> dict[str, Any]:
    """A line per text: its labels or splits with the rows they stand in."""
    some = groups[:_MOST]
    table: dict[str, Any] = {
        tr("Sentence"): [shown(each.text, _CHARS) for each in some],
        tr("Times"): [len(each.at) for each in some],
    }
    if sentences.labels is not None:
        table[tr("Labels")] = [listed(map(visible, each.labels)) for each in some]
    if sentences.splits is not None:
        table[tr("Split")] = [listed(each.splits) for each in some]
    table[tr("Rows")] = [
        listed(f"{sentences.rows[at]}" for at in each.at[:_ROWS])
        + (" …" if len(each.at) > _ROWS else "")
        for each in some
    ]
    return table


def _long(sentences: Sentences, found: Quality, limit: int, encoder: str) -> bool:
    at = found.longer(limit)
    n = len(at)
    if not n:
        return False
    most = at[:_MOST].tolist()
    return _finding(
        "long",
        n,
        tr_n(
            "Longer than the encoder reads: about {n} sentence",
            "Longer than the encoder reads: about {n} sentences",
            n,
        ).format(n=f"{n:,}"),
        tr(
            "{encoder} reads {limit} word pieces; what comes after is cut. Word pieces are "
            "estimated here from the text; the run counts them."
        ).format(encoder=plain(encoder), limit=f"{limit:,}"),
        lambda: {
            tr("Row"): [sentences.rows[i] for i in most],
            tr("Word pieces, about"): [int(found.pieces[i]) for i in most],
            tr("Sentence"): [shown(sentences.texts[i], _CHARS) for i in most],
        },
    )


def _labels(sentences: Sentences, found: Quality) -> bool:
    """Labels spelt in several ways, and classes too small to be probed."""
    counts = sentences.class_counts
    if found.alike:
        n = len(found.alike)
        title = tr_n(
            "Spelt in several ways: {n} label", "Spelt in several ways: {n} labels", n
        ).format(n=f"{n:,}")
        why = tr(
            "They differ only in case or in blanks at the ends ({blank}), and are probed as "
            "different classes. Merge them under “Rename, merge or leave out labels”."
        ).format(blank="␣")
        _finding("alike", n, title, why, lambda: _spellings(found.alike[:_MOST], counts))
    if found.rare:
        n = len(found.rare)
        title = tr_n("A single text: {n} class", "A single text: {n} classes", n).format(n=f"{n:,}")
        why = tr("There is nothing left to score when it is learnt from: runs leave it out.")
        rare = found.rare[:_MOST]
        _finding("rare", n, title, why, lambda: _spellings([(name,) for name in rare], counts))
    return bool(found.alike or found.rare)


def _spellings(groups: Sequence[Sequence[str]], counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        tr("Label"): [" / ".join(map(visible, names)) for names in groups],
        tr("Sentences"): [" / ".join(f"{counts[name]:,}" for name in names) for names in groups],
    }


def _downloads(sentences: Sentences, found: Quality, limit: int, table: Table | None) -> None:
    files: list[tuple[str, str, Callable[[], pd.DataFrame]]] = [
        (
            "quality_report",
            tr("Quality report"),
            lambda: quality.report(sentences, found, limit, _lines(table)),
        ),
        ("sentences_used", tr("Sentences as used"), partial(quality.used, sentences)),
    ]
    if sentences.labels is not None:
        files.append(("classes", tr("Classes"), partial(quality.classes, sentences)))
    with st.container(horizontal=True):
        for name, title, make in files:
            st.download_button(
                f"{title} (CSV)",
                partial(_csv, make),  # made when it is asked for
                file_name=f"{name}.csv",
                mime="text/csv",
                icon=":material/download:",
                key=f"download_{name}",
                on_click="ignore",
            )


def _lines(table: Table | None) -> dict[int, int]:
    """The line of the file on which each row begins."""
    return {} if table is None else dict(zip(table.rows, table.lines, strict=True))


def _csv(make: "Callable[[], pd.DataFrame]") -> bytes:
    file = BytesIO()
    write_csv(make(), file)
    return file.getvalue()
