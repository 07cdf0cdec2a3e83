"""The samples as cards: what each asks, an example, a click that runs it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard import draft, selection, starting, views
from dashboard.samples import FINISHED_OF, SAMPLES, Sample
from dashboard.selection import UPLOAD
from dashboard.words import listed, plain
from probing.environment import limits
from probing.language import tr
from probing.settings import Settings

_COLUMNS = 4
_NAMED = 4  # classes that a card names


def show() -> None:
    """Draw a card a sample, and one for a file of one's own."""
    st.header(tr("Or try a sample"), anchor=False)
    cards: list[Callable[[], None]] = [*(partial(_card, *item) for item in SAMPLES.items()), _own]
    for first in range(0, len(cards), _COLUMNS):
        row = cards[first : first + _COLUMNS]
        for place, draw in zip(st.columns(_COLUMNS), row, strict=False):
            with place, st.container(border=True, height="stretch"):
                draw()


def upload(key: str, *, primary: bool) -> None:
    """The button that leads to where a file is given."""
    if st.button(
        tr("Upload your CSV"),
        type="primary" if primary else "secondary",
        icon=":material/upload_file:",
        key=key,
        on_click=selection.choose_source,
        args=(UPLOAD,),
    ):
        st.switch_page(views.pages()["data"])


def _card(name: str, sample: Sample) -> None:
    st.markdown("**" + tr(sample.title) + "**")
    st.caption(tr("{n} sentences").format(n=f"{sample.sentences:,}") + " · " + tr(sample.question))
    st.markdown(f"“{plain(sample.example)}” → **{plain(sample.label)}**")
    named = listed(map(plain, sample.labels[:_NAMED]))
    st.caption(f"{named} …" if len(sample.labels) > _NAMED else named)
    st.space("stretch")  # buttons of a row stand on one line
    if name == FINISHED_OF:
        _finished()
    elif st.button(tr("Run probes"), icon=":material/play_arrow:", key=f"sample:{name}"):
        starting.start(draft.of_sample(name), _settings())


def _own() -> None:
    st.markdown("**" + tr("Your own sentences") + "**")
    st.caption(tr("A CSV file with a sentence a row"))
    st.markdown(
        tr(
            "Columns are guessed and can be changed. Labels may be classes or numbers; without any "
            "there are maps and geometry."
        )
    )
    st.space("stretch")
    upload("card_upload", primary=False)


def _finished() -> None:
    if st.button(tr("See its run"), icon=":material/stacked_line_chart:", key="sample"):
        selection.open_run(None)
        st.switch_page(views.pages()["layers"])


def _settings() -> Settings:
    """Those of a plain run, with an encoder that this server loads."""
    allowed = limits().encoders
    return Settings() if allowed is None or "bundled" in allowed else Settings(encoder=allowed[0])
