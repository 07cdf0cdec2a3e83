"""A data set of the hub in place of an upload."""

import streamlit as st

from dashboard import asking, selection
from dashboard.limits import reading_limits, upload_trouble
from dashboard.served import bytes_held
from dashboard.words import listed, plain, said
from probing.environment import limits
from probing.errors import DataError, ProbingError
from probing.hub_data import Fetched, HubFile, check_file, fetch, list_files, understand_set
from probing.language import tr, tr_n


def show() -> None:
    """Ask for an id and a file, and take it as if it had been uploaded."""
    now = limits()
    if not now.hub_data:
        return
    with st.expander(tr("From the Hugging Face hub"), icon=":material/cloud_download:"):
        given = st.text_input(
            tr("Id of a data set"),
            key="hub_set",
            placeholder="dair-ai/emotion",
            help=tr(
                "Its CSV, TSV and Parquet files are read, no scripts are run. "
                "Only the id is sent to the hub."
            ),
        ).strip()
        if not given:
            return
        try:
            _choose(understand_set(given))
        except ProbingError as error:
            st.info(said(error), icon=":material/cloud_off:")


def _choose(repo: str) -> None:
    private = not limits().public
    future = asking.questions.ask(("files", repo), lambda: list_files(repo, private=private))
    files: tuple[HubFile, ...] = asking.wait(future, tr("Asking the hub"))
    fitting = [file for file in files if not _large(file)]
    if len(fitting) < len(files):
        words = tr_n(
            "{n} file is larger than this server takes.",
            "{n} files are larger than this server takes.",
            len(files) - len(fitting),
        )
        st.caption(words.format(n=f"{len(files) - len(fitting):,}"))
    if not fitting:
        check_file(min(files, key=lambda file: file.bytes), reading_limits())
    file = st.selectbox(
        tr("File"),
        fitting,
        format_func=lambda each: f"{each.path} · {_size(each.bytes)}",
        key=f"hub_file:{repo}",
    )
    if file is not None and st.button(
        tr("Take this file"), key="hub_take", icon=":material/download:"
    ):
        _take(repo, file)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{max(size / 1e3, 0.1):.1f} kB"


def _large(file: HubFile) -> bool:
    try:
        check_file(file, reading_limits())
    except DataError:
        return True
    return False


def _take(repo: str, file: HubFile) -> None:
    visitor = selection.visitor()
    key = ("fetch", repo, file, visitor)
    now, most = limits(), reading_limits()
    trouble = upload_trouble(visitor, file.bytes, bytes_held(), now)
    if trouble is not None:
        raise DataError(trouble)
    future = asking.questions.ask(key, lambda: fetch(repo, file, most, private=not now.public))
    found: Fetched = asking.wait(future, tr("Downloading"))
    asking.questions.forget(key)
    selection.keep_fetched(found.name, found.data)
    if found.left_out:
        names = listed(map(plain, found.left_out[:20]))
        st.toast(tr("Left out, as lists and structures are not read: {names}").format(names=names))
    st.rerun()
