"""Data: the sentences of the next run, how their file was read, and what was left out."""

import streamlit as st

from dashboard import draft, selection
from dashboard.limits import refused, uploads_used
from dashboard.panels import hub_data
from dashboard.samples import SAMPLES
from dashboard.selection import RUN, UPLOAD, Selection
from dashboard.shown import rights_of
from dashboard.words import plain
from probing import figures
from probing.environment import limits
from probing.sentences import Sentences

_PREVIEW = 200  # rows shown


def show(chosen: Selection) -> None:
    """Choose sentences and columns; see what will be used."""
    st.subheader("Sentences to probe", anchor=False)
    _choose_source(chosen)
    file = draft.file()
    if file is not None:
        _choose_columns(file)
    found = draft.current(chosen)
    if found is None:
        st.info("A CSV file with a sentence a row, and a label if you have one.")
        return
    _facts(found.sentences)
    for notice in (*found.sentences.source.notices, *found.notices):
        st.caption(f":material/info: {plain(notice)}")
    _left_out(found.sentences)
    _charts(found.sentences, chosen.dark)
    _preview(found.sentences)


def _choose_source(chosen: Selection) -> None:
    titles = {name: sample.title for name, sample in SAMPLES.items()}
    titles[UPLOAD] = "Upload a CSV"
    rights = rights_of(chosen)
    if chosen.run is not None and rights is not None and rights.texts:
        titles[RUN] = "Sentences of the run shown"
    options = [UPLOAD, *([RUN] if RUN in titles else []), *SAMPLES]
    now = selection.source()
    picked = st.selectbox(
        "Source",
        options,
        index=options.index(now) if now in options else 0,
        format_func=titles.__getitem__,
        key="source",
        persist_state="session",
    )
    if picked == UPLOAD:
        _take_file()


def _take_file() -> None:
    now = limits()
    file = st.file_uploader(
        "CSV file",
        type=["csv", "tsv", "txt"],
        key="file",
        max_upload_size=now.upload_mb,
        help=f"Comma, semicolon, tab or pipe; any usual encoding; up to {now.upload_mb:,} MB and "
        f"{now.rows:,} rows; sentences of up to {now.text_chars:,} characters.",
    )
    hub_data.show()
    lost, used = selection.lost_upload("file"), uploads_used(selection.visitor())
    if lost is not None:
        st.error(refused.why(lost), icon=":material/error:")
    elif used is not None:
        st.caption(used)
    kept = selection.upload()
    if file is not None:
        selection.keep_upload(file.name, file.getvalue())
    elif kept is not None:
        st.caption(f"In use: {plain(kept.name)}")


def _choose_columns(file: draft.File) -> None:
    """The guessed columns, changeable."""
    names, columns = file.table.columns, file.columns
    roles: tuple[tuple[str, str, list[str | None], str | None], ...] = (
        ("text", "Text", [*names], columns.text),
        ("label", "Label", [None, *names], columns.label),
        ("split", "Split (train / dev / test)", [None, *names], columns.split),
    )
    for place, (role, title, options, guess) in zip(st.columns(3), roles, strict=True):
        with place:
            st.selectbox(
                title,
                options,
                index=options.index(guess),
                format_func=lambda name: "none" if name is None else name,
                key=selection.column_key(role, file.digest),
                persist_state="session",
            )


def _facts(sentences: Sentences) -> None:
    source = sentences.source
    left_out = sum(len(d.rows) for d in source.dropped)
    delimiter = {",": ", comma", ";": ", semicolon", "\t": ", tab", "|": ", pipe"}
    classes = f"**{len(sentences.classes):,}** classes" if sentences.labels else "no labels"
    read = f" · read as {source.encoding}{delimiter.get(source.delimiter, '')}"
    st.markdown(
        f"**{len(sentences):,}** sentences · {classes} · **{left_out:,}** rows left out"
        f"{read if source.encoding else ''}"
    )


def _left_out(sentences: Sentences) -> None:
    dropped = sentences.source.dropped
    if not dropped:
        return
    with st.expander("Rows left out"):
        for each in dropped:
            lines = ", ".join(f"{line:,}" for line in each.lines[:50])
            more = " …" if len(each.lines) > 50 else ""
            where = f" (line {lines}{more})" if lines else ""
            st.markdown(f"- {len(each.rows):,}: {plain(each.reason)}{where}")


def _charts(sentences: Sentences, dark: bool) -> None:
    left, right = st.columns(2, gap="large")
    if sentences.labels is not None:
        with left:
            st.markdown("**Sentences per class**")
            figure = figures.class_counts(sentences, dark=dark)
            st.plotly_chart(figure, theme=None, key="classes", alt="Sentences per class")
    with right if sentences.labels is not None else left:
        st.markdown("**Length in words**")
        figure = figures.lengths(sentences, dark=dark)
        st.plotly_chart(figure, theme=None, key="lengths", alt="Histogram of lengths in words")


def _preview(sentences: Sentences) -> None:
    shown = slice(0, _PREVIEW)
    columns = {"row": sentences.rows[shown], "text": sentences.texts[shown]}
    if sentences.labels is not None:
        columns["label"] = sentences.labels[shown]
    if sentences.splits is not None:
        columns["split"] = sentences.splits[shown]
    count = min(_PREVIEW, len(sentences))
    st.markdown(f"**First {count:,} sentences**" if count < len(sentences) else "**Sentences**")
    st.dataframe(
        columns,
        hide_index=True,
        height=360,
        key="preview",
        column_config={"text": st.column_config.TextColumn("text", width="large")},
    )
