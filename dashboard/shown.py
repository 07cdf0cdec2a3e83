"""The run on the screen: stored, still computing, or gone; and the panel that says which."""

import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboard import cached, selection
from dashboard.jobs import Status, jobs
from dashboard.library import Rights, library
from dashboard.samples import FINISHED
from dashboard.status import State
from dashboard.words import POOLER_HELP, duration, plain, said
from probing.errors import SettingsError
from probing.language import later, spoken, tr, tr_n
from probing.progress import DEEP, NAMES, STAGES, Stage
from probing.record import Run

POLL = 1.0  # seconds between looks at a job that runs,
PATIENT = 2.0  # and at one that waits
SOON = 3.0  # seconds of waiting that need no figure
REDRAW = 3.0  # seconds that a chart of first scores stays at least


def folder_of(chosen: selection.Selection) -> Path:
    """Where the chosen run lies, or will."""
    return FINISHED if chosen.run is None else jobs().run_folder(chosen.run)


def rights_of(chosen: selection.Selection) -> Rights | None:
    """What the visitor may do with the chosen run; None where it does not open for them."""
    if chosen.run is None:
        return Rights(texts=True, change=False, compute=True)
    return library().rights(chosen.run, selection.visitor())


def find_run(chosen: selection.Selection) -> Run | None:
    """The chosen run as the visitor may see it, if it is stored and opens for them, else None."""
    folder, rights = folder_of(chosen), rights_of(chosen)
    if rights is None or not folder.is_dir():
        return None
    if chosen.run is not None:
        library().look(chosen.run)
    try:
        return cached.run(folder, texts=rights.texts)
    except FileNotFoundError:  # deleted this moment
        return None


def run_or_reason(chosen: selection.Selection) -> Run | None:
    """The chosen run, under its heading; where it is not there, the page says why."""
    run = find_run(chosen)
    if run is not None:
        _about(chosen, run)
        return run
    # of a run that is somebody else's nobody learns that it is there
    status = None if rights_of(chosen) is None else jobs().status(chosen.run or "")
    if status is None:
        st.warning(
            tr(
                "There is no run under this link. It may have been deleted, or the link is not "
                "whole."
            ),
            icon=":material/link_off:",
        )
    else:
        wait_for(chosen.run or "", dark=chosen.dark)
    if status is None or status.over:
        st.button(tr("Show the sample run"), on_click=selection.open_run, args=(None,))
    return None


def _about(chosen: selection.Selection, run: Run) -> None:
    """Whose run this is: its title, else its file; what it is of; what others do not see of it."""
    entry = None if chosen.run is None else library().entry(chosen.run)
    rights = rights_of(chosen)
    name = str(run.record["data"]["name"])
    title = "" if entry is None else entry.title
    st.title(plain(title or name), anchor=False)
    file = [plain(name)] if title else []
    st.caption(" · ".join([*file, *_facts(run)]), help=tr(POOLER_HELP))
    if entry is None or rights is None:
        return
    if entry.description:
        st.markdown(plain(entry.description))
    if not rights.texts:
        st.caption(
            ":material/visibility_off: "
            + tr("Shared without its sentences: figures only. Sentences are named by their row.")
        )


def _facts(run: Run) -> list[str]:
    """Sentences, encoder, pooler and scoring, as Markdown."""
    record, n = run.record, len(run.sentences)
    pooler = record["encoder"]["pooler"]
    facts = [
        tr_n("{n} sentence", "{n} sentences", n).format(n=f"{n:,}"),
        plain(record["encoder"]["id"]),
    ]
    if not pooler["trained"]:
        facts.append(tr("untrained pooler") if pooler["present"] else tr("no pooler"))
    if record["scoring"]:
        facts.append(plain(spoken(record["scoring"])))
    return facts


def ask_for(start: Callable[[], str], name: str) -> str | None:
    """The id of the job that ``start`` queues; None where too many wait, which the page says.

    ``name`` tells what is asked for from what else the page asks for.
    """
    try:
        return start()
    except SettingsError as error:
        st.warning(said(error), icon=":material/hourglass_disabled:")
        st.button(tr("Try again"), key=f"ask_for:{name}", icon=":material/refresh:")
        return None


def wait_for(job: str, *, dark: bool = False) -> None:
    """A panel that follows a job and shows the page anew when it is over."""
    status = jobs().status(job)
    if status is None or status.over:
        ended(status)
        return
    st.title(tr("Your run"), anchor=False)
    every = PATIENT if status.state == "waiting" else POLL
    seen = (status.state, len(status.cells), time.monotonic())
    st.fragment(_follow, run_every=every)(job, *seen)
    if status.cells:  # outside of what is drawn anew at every look
        _so_far(job, status, dark)


def ended(status: Status | None) -> None:
    """Why a job that is over left nothing, if it did not."""
    if status is None:
        return
    if status.state == "failed":
        st.error(said(status.message), icon=":material/error:")
    elif status.state == "cancelled":
        st.info(tr("Cancelled. Nothing was stored."), icon=":material/cancel:")


def _follow(job: str, state: State, cells: int, drawn: float) -> None:
    """How far the job is; the whole page anew where more than that has changed.

    ``state`` and ``cells`` are what the page shows since ``drawn``, by ``time.monotonic``.
    """
    status = jobs().status(job)
    if status is None or status.state != state:
        st.rerun()
    if len(status.cells) > cells and (not cells or time.monotonic() - drawn > REDRAW):
        st.rerun()
    if status.state == "waiting":
        st.progress(0.0, text=turn(status))
    else:
        st.progress(share(status), text=words(status))
    if "/" not in job:
        st.caption(_stages(status.stage) if status.state == "running" else tr(_KEPT))
    if _may_cancel(job) and st.button(tr("Cancel"), key=f"cancel:{job}", icon=":material/close:"):
        jobs().cancel(job)


_KEPT = later(
    "You can close this page: the run keeps its place, and this page's address leads back to it."
)


def _stages(now: Stage | None) -> str:
    return " → ".join(
        "**" + tr(name) + "**" if stage == now else tr(name)
        for stage, name in STAGES.items()
        if stage not in DEEP or now in DEEP
    )


def _so_far(job: str, status: Status, dark: bool) -> None:
    st.header(tr("So far"), anchor=False)
    st.caption(tr("Probes of the cells that are done; intervals and controls follow."))
    st.plotly_chart(
        cached.first_scores(job, len(status.cells), dark, status.cells),
        theme=None,
        key="so_far",
        alt=tr("Scores by layer of {n} cells so far").format(n=len(status.cells)),
    )


def turn(status: Status) -> str:
    """How long a job has to wait, as far as that is known."""
    if not status.ahead:
        return tr("Starting")
    text = tr_n("Waiting for one other", "Waiting for {n} others", status.ahead)
    waiting = text.format(n=f"{status.ahead:,}")
    if status.seconds_left is None:
        return tr("{waiting}; how long that takes is not known yet").format(waiting=waiting)
    if status.seconds_left < SOON:
        return tr("{waiting}; it starts in a moment").format(waiting=waiting)
    return tr("{waiting}; it starts in about {time}").format(
        waiting=waiting, time=duration(status.seconds_left)
    )


def _may_cancel(job: str) -> bool:
    """Whether the visitor may stop a run, or what is being computed of one."""
    run, part, _ = job.partition("/")
    rights = library().rights(run, selection.visitor())
    return rights is not None and (rights.compute if part else rights.change)


def share(status: Status) -> float:
    """How much of its stage a job has done, 0 … 1."""
    return min(1.0, status.done / status.total) if status.total else 0.0


def words(status: Status) -> str:
    """What a job is doing."""
    if status.stage is None:
        return tr("Starting")
    text = tr(NAMES[status.stage])
    if status.total > 1:
        text = tr("{stage}: {done} of {total}").format(
            stage=text, done=f"{status.done:,}", total=f"{status.total:,}"
        )
    if status.seconds_left:
        text = tr("{text}, about {time} left in this step").format(
            text=text, time=duration(status.seconds_left)
        )
    return text
