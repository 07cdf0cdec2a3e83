"""Data: the sentences of the next run, how their file was read, and what there is to mend."""

import numpy as np
import streamlit as st

from dashboard import cached, draft, selection
from dashboard.limits import check_encoder, refused, uploads_used
from dashboard.panels import data_labels, data_quality, hub_data
from dashboard.panels.own_columns import own_columns, say_kept
from dashboard.samples import SAMPLES
from dashboard.selection import RUN, UPLOAD, Selection
from dashboard.shown import rights_of
from dashboard.sizes import MOST_PIECES, reads_at_most
from dashboard.words import listed, plain
from probing import figures
from probing.encoders import BUNDLED
from probing.environment import limits
from probing.errors import ProbingError
from probing.labels import quantities
from probing.language import later, spoken, tr, tr_n
from probing.sentences import COLUMN, Sentences

_PREVIEW = 200  # rows shown
_CHARS = 1_000  # characters of a text shown
_ROLES = {
    "text": later("Text"),
    "label": later("Label"),
    "split": later("Split (train / dev / test)"),
}
_DELIMITERS = {
    ",": later("comma"),
    ";": later("semicolon"),
    "\t": later("tab"),
    "|": later("pipe"),
}


def show(chosen: Selection) -> None:
    """Choose sentences and columns; see what will be used, and change what labels are called."""
    st.title(tr("Sentences to probe"), anchor=False)
    _choose_source(chosen)
    file = draft.file()
    if file is not None:
        _choose_columns(file)
    given = draft.found(chosen)
    if given is None:
        st.info(tr("A CSV file with a sentence a row, and a label if you have one."))
        return
    below = st.container()  # the labels are edited before what comes of them is drawn
    data_labels.show(given.sentences, given.key)
    found = draft.current(chosen)
    if found is None:
        return
    sentences = found.sentences
    numbers = quantities(sentences, selection.target()) is not None
    with below:
        _facts(sentences, numbers)
        say_kept(sentences)
        for notice in (*sentences.source.notices, *found.notices):
            st.caption(f":material/info: {plain(spoken(notice))}")
        _charts(found, numbers, chosen.dark)
    _quality(found, numbers, file)
    _preview(sentences)


def _choose_source(chosen: Selection) -> None:
    titles = {name: tr(sample.title) for name, sample in SAMPLES.items()}
    titles[UPLOAD] = tr("Upload a CSV")
    rights = rights_of(chosen)
    if chosen.run is not None and rights is not None and rights.texts:
        titles[RUN] = tr("Sentences of the run shown")
    options = [UPLOAD, *([RUN] if RUN in titles else []), *SAMPLES]
    now = selection.source()
    picked = st.selectbox(
        tr("Source"),
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
        tr("CSV file"),
        type=["csv", "tsv", "txt"],
        key="file",
        max_upload_size=now.upload_mb,
        help=tr(
            "Comma, semicolon, tab or pipe; any usual encoding; up to {mb} MB and {rows} rows; "
            "sentences of up to {chars} characters."
        ).format(mb=f"{now.upload_mb:,}", rows=f"{now.rows:,}", chars=f"{now.text_chars:,}"),
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
        st.caption(tr("In use: {name}").format(name=plain(kept.name)))


def _choose_columns(file: draft.File) -> None:
    """The guessed columns, changeable."""
    names, columns = file.table.columns, file.columns
    roles: tuple[tuple[str, list[str | None], str | None], ...] = (
        ("text", [*names], columns.text),
        ("label", [None, *names], columns.label),
        ("split", [None, *names], columns.split),
    )
    nothing = tr("none")
    for place, (role, options, guess) in zip(st.columns(3), roles, strict=True):
        with place:
            st.selectbox(
                tr(_ROLES[role]),
                options,
                index=options.index(guess),
                format_func=lambda name: nothing if name is None else name,
                key=selection.column_key(role, file.digest),
                persist_state="session",
            )
    likely = draft.likely_labels(file)
    if len(likely) > 1:
        st.caption(
            ":material/info: "
            + tr("Several columns could be the label: {names}. A run probes one of them.").format(
                names=listed(f"**{plain(name)}**" for name in likely[:8])
                + (" …" if len(likely) > 8 else "")
            )
        )


def _facts(sentences: Sentences, numbers: bool) -> None:
    source = sentences.source
    left_out = sum(len(d.rows) for d in source.dropped)
    n, k = len(sentences), len(sentences.classes)
    facts = [tr_n("**{n}** sentence", "**{n}** sentences", n).format(n=f"{n:,}")]
    if sentences.labels is None:
        facts.append(tr("no labels"))
    elif numbers:
        facts.append(tr("**{n}** different numbers").format(n=f"{k:,}"))
    else:
        facts.append(tr_n("**{n}** class", "**{n}** classes", k).format(n=f"{k:,}"))
    facts.append(
        tr_n("**{n}** row left out", "**{n}** rows left out", left_out).format(n=f"{left_out:,}")
    )
    if source.encoding:
        known = source.delimiter in _DELIMITERS
        read = tr("read as {encoding}, {delimiter}") if known else tr("read as {encoding}")
        delimiter = tr(_DELIMITERS[source.delimiter]) if known else ""
        facts.append(read.format(encoding=plain(source.encoding), delimiter=delimiter))
    st.markdown(" · ".join(facts))


def _charts(found: draft.Draft, numbers: bool, dark: bool) -> None:
    sentences, kept = found.sentences, (found.key, found.change)
    both = sentences.labels is not None and not numbers
    left, right = st.columns(2, gap="large")
    if both:
        with left:
            st.markdown("**" + tr("Sentences per class") + "**")
            figure = cached.of_sentences(*kept, figures.class_counts, sentences, dark=dark)
            alt = tr("Sentences per class")
            st.plotly_chart(figure, theme=None, key="classes", alt=alt)
            _balance(sentences)
    with right if both else left:
        st.markdown("**" + tr("Length in words") + "**")
        figure = cached.of_sentences(*kept, figures.lengths, sentences, dark=dark)
        alt = tr("Histogram of lengths in words")
        st.plotly_chart(figure, theme=None, key="lengths", alt=alt)
        words = cached.quality(*kept, numbers, sentences).words
        st.caption(
            tr("Half of the sentences have up to {median} words; the longest has {most}.").format(
                median=f"{np.median(words):,.0f}", most=f"{words.max():,}"
            )
        )


def _balance(sentences: Sentences) -> None:
    counts, n = sorted(sentences.class_counts.values()), len(sentences)
    st.caption(
        tr("The largest class has {most}% of the {n} sentences, the smallest {least}%.").format(
            most=f"{100 * counts[-1] / n:.3g}", least=f"{100 * counts[0] / n:.3g}", n=f"{n:,}"
        )
    )


def _quality(found: draft.Draft, numbers: bool, file: draft.File | None) -> None:
    report = cached.quality(found.key, found.change, numbers, found.sentences)
    name = selection.encoder()
    try:
        check_encoder(name)
        limit = reads_at_most(name)
    except ProbingError:  # the side bar says what is wrong with it
        limit = MOST_PIECES
    shown = BUNDLED if name == "bundled" else name
    data_quality.show(found.sentences, report, limit, shown, None if file is None else file.table)


def _preview(sentences: Sentences) -> None:
    shown = slice(0, _PREVIEW)
    texts = [
        text if len(text) <= _CHARS else f"{text[:_CHARS]}…" for text in sentences.texts[shown]
    ]
    columns = {"row": sentences.rows[shown], "text": texts}
    if sentences.labels is not None:
        columns["label"] = sentences.labels[shown]
    if sentences.splits is not None:
        columns["split"] = sentences.splits[shown]
    columns |= {COLUMN + name: values[shown] for name, values in sentences.beside.items()}
    n = len(sentences)
    title = tr("First {n} sentences").format(n=_PREVIEW) if n > _PREVIEW else tr("Sentences")
    st.markdown(f"**{title}**")
    st.dataframe(
        columns,
        hide_index=True,
        height=360,
        key="preview",
        column_config={
            "row": st.column_config.NumberColumn(tr("Row"), width="small"),
            "text": st.column_config.TextColumn(tr("Sentence"), width="large"),
            "label": st.column_config.TextColumn(tr("Label")),
            "split": st.column_config.TextColumn(tr("Split")),
            **own_columns(sentences),
        },
    )
