"""Inside [CLS]: how a sentence gets into one token, and what the classification error trains."""

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import cached
from dashboard.jobs import Status, jobs
from dashboard.limits import check_encoder, check_text
from dashboard.panels import inside_run, inside_sentence
from dashboard.selection import Selection, followed, keep_own_sentence, linked_text, visitor
from dashboard.shown import (
    POLL,
    ask_for,
    ended,
    folder_of,
    rights_of,
    run_or_reason,
    share,
    turn,
    words,
)
from probing.figures.texts import short
from probing.language import later, tr
from probing.mechanism.values import Inside, Look
from probing.record import Run

_ABOUT = later(
    "`[CLS]` starts as the same vector for every sentence. These panels follow, on your own "
    "sentences, how it comes to hold one, and whether the classification error trains it."
)
_OPTIONS = 400  # sentences of the run that are offered


def show(selection: Selection) -> None:
    """Draw the seven panels, those that are ready; have the others measured."""
    run = run_or_reason(selection)
    if run is None:
        return
    st.markdown(tr(_ABOUT))
    folder, dark = folder_of(selection), selection.dark
    rights = rights_of(selection)
    if rights is None or not rights.compute:
        _only_measured(run, folder, dark, texts=rights is not None and rights.texts)
        return
    check_encoder(str(run.record["settings"]["encoder"]))  # it may be of an imported run
    text = _sentence(run)
    start = partial(jobs().start_look, folder, text, visitor())
    asked = ask_for(start, "look") if text else None
    look = _look(asked)
    if look is not None:
        keep_own_sentence(run.id, text, look.points)
    inside = _measured(folder)
    _follow(folder, cached.inside_stamp(folder), None if look is not None else asked)
    inside_sentence.proof(look)
    inside_run.arrival(run, dark)
    inside_run.knockout(run, inside, dark)
    inside_run.ledger(run, inside, dark)
    inside_sentence.ledger(look, dark)
    inside_sentence.average(look, dark)
    inside_run.gradients(run, inside, dark)
    inside_sentence.live(run, look, dark)


def _only_measured(run: Run, folder: Path, dark: bool, *, texts: bool) -> None:
    """For whoever may look but not compute: the panels over many sentences, where they are made."""
    st.caption(
        tr(
            "Panels 1, 5 and 7 are about one sentence that the encoder reads anew: only the run's "
            "maker can have that done."
        )
    )
    inside = cached.inside(folder, texts=texts)
    inside_run.arrival(run, dark)
    if inside is None:
        st.info(tr("Its maker has not had this run's encoder measured."))
        return
    inside_run.knockout(run, inside, dark)
    inside_run.ledger(run, inside, dark)
    inside_run.gradients(run, inside, dark)


def _sentence(run: Run) -> str:
    """The one that panels 1, 4, 5 and 7 are about: of the run, or typed."""
    texts, row = run.sentences.texts, followed()
    asked = texts[run.sentences.rows.index(row)] if row in run.sentences.rows else None
    offered = list(dict.fromkeys(texts))[:_OPTIONS]
    if asked is not None and asked not in offered:
        offered.append(asked)
    chosen = st.selectbox(
        tr("The sentence for panels 1, 4, 5 and 7"),
        offered,
        **linked_text(run.id, asked, offered[0], texts, run.sentences.rows),
        accept_new_options=True,
        format_func=lambda text: short(text, 160),
        placeholder=tr("Choose a sentence, or type your own"),
        help=tr("Type any sentence of your own and press Enter. It is read and not stored."),
    )
    text = str(chosen or "").strip()
    check_text(text)
    return text


def _look(job: str | None) -> Look | None:
    status = jobs().status(job) if job else None
    if job is None or status is None or not status.over:
        return None
    if status.result is None:
        ended(status)
        st.button(tr("Look again"), on_click=jobs().forget, args=(job,))
        return None
    return cached.look(job, status.result)


def _measured(folder: Path) -> Inside | None:
    """What is there, and the rest on its way."""
    inside = cached.inside(folder)
    if inside is not None and inside.complete:
        return inside
    job = ask_for(partial(jobs().start_inside, folder, visitor()), "inside")
    status = jobs().status(job) if job else None
    if status is not None and status.over and status.state != "done":
        ended(status)
        st.button(tr("Measure again"), on_click=jobs().forget, args=(f"{folder.name}/inside",))
    return inside


def _follow(folder: Path, stamp: int, look: str | None) -> None:
    """A line that tells what is being computed, while something is."""
    asked = [job for job in (look, f"{folder.name}/inside") if job is not None]
    waiting = tuple(job for job in asked if _busy(jobs().status(job)))
    if waiting:
        _poll(folder, stamp, waiting)


def _busy(status: Status | None) -> bool:
    return status is not None and not status.over


@st.fragment(run_every=POLL)
def _poll(folder: Path, stamp: int, waiting: tuple[str, ...]) -> None:
    found = {job: jobs().status(job) for job in waiting}
    busy = {job: status for job, status in found.items() if status is not None and _busy(status)}
    if cached.inside_stamp(folder) != stamp or len(busy) < len(waiting):
        st.rerun()
    running = next((s for s in busy.values() if s.state == "running"), None)
    if running is None:
        st.progress(0.0, text=turn(next(iter(busy.values()))))
    else:
        st.progress(share(running), text=words(running))
