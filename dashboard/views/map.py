"""Map: the sentences as points, by layer and pooling, and what those that are chosen share."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from dashboard import cached
from dashboard.atlas import atlas, resources
from dashboard.jobs import jobs
from dashboard.limits import check_text
from dashboard.panels import map_selected
from dashboard.panels.choice import choose_method, opening
from dashboard.panels.map_colours import offered, titles
from dashboard.panels.map_data import Marks, Shown, data_of, maps_of, missing
from dashboard.panels.map_selected import SEARCH
from dashboard.selection import (
    ATLAS,
    OwnSentence,
    Selection,
    keep_own_sentence,
    keep_playing,
    linked,
    map_view,
    own_sentence,
    select_on_map,
    stop_playing,
    take_map_view,
    visitor,
)
from dashboard.shown import (
    POLL,
    ask_for,
    ended,
    find_run,
    folder_of,
    rights_of,
    run_or_reason,
    share,
    turn,
    words,
)
from dashboard.words import plain
from probing import figures
from probing.errors import DataError
from probing.language import tr, tr_n
from probing.projections import Method, Wanted, projection_name
from probing.projections.lasso import Lasso
from probing.projections.said import faithfulness
from probing.record import Run

_METHODS: tuple[Method, ...] = ("umap", "pca")


def show(selection: Selection) -> None:
    """Draw the map and what is selected on it; have maps computed that are not there yet."""
    run = run_or_reason(selection)
    if run is None:
        return
    _explore(selection)


@st.fragment
def _explore(selection: Selection) -> None:
    """What a click on the map, or on what stands above it, draws anew."""
    run, rights = find_run(selection), rights_of(selection)
    if run is None or rights is None:
        st.rerun()
    shown, asked = _choose(run, texts=rights.texts)
    layer, select, done = map_view(int(run.record["encoder"]["layers"]) + 1)
    shown = Shown(shown.method, shown.dimensions, shown.poolings, layer, shown.colour)
    found = map_selected.searched(run, asked)
    chosen = map_selected.selected(run, select, found)
    if found is not None:
        _found(found, select)
    own, placing = _own(run, selection, shown) if rights.compute else (None, None)
    data = data_of(
        resources.Addresses(run, selection.run, rights.texts),
        shown,
        Marks(chosen, found, {} if own is None else own.places),
        compute=rights.compute,
        dark=selection.dark,
        said={"layer": layer, "select": select, "turn": done},
    )
    _, every = atlas(data, key=ATLAS, on_view=take_map_view)
    _faithfulness(run, shown)
    if rights.compute:
        _draw(run, selection, shown, select, placing, every=every)
    if chosen is not None:
        map_selected.show(run, chosen, shown, texts=rights.texts, dark=selection.dark)
    else:
        st.caption(
            tr("Draw around points with Lasso or Box: their sentences appear here."),
        )


def _choose(run: Run, *, texts: bool) -> tuple[Shown, str]:
    """What the controls above the map say, and what is searched for; kept in the link."""
    poolings = list(run.record["settings"]["poolings_used"])
    colours = offered(run, texts=texts)
    colour, asked = None, ""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        method = choose_method()
        dimensions: int = st.segmented_control(
            tr("Dimensions"),
            [2, 3],
            required=True,
            format_func="{}-D".format,
            **linked("dimensions", 2, (2, 3)),
        )
        beside: list[str] = st.segmented_control(
            tr("Side by side"),
            poolings,
            selection_mode="multi",
            wrap=True,
            format_func=figures.NAMES.__getitem__,
            **linked("beside", poolings[:3], poolings),
        )
        if colours:
            colour = st.selectbox(
                tr("Colour"),
                colours,
                format_func=titles(colours).__getitem__,
                width=190,
                **linked("colour", colours[0], colours),
            )
        if texts:
            asked = st.text_input(
                tr("Search"),
                live=True,
                type="search",
                width=190,
                placeholder=tr("Words in the text"),
                **linked("find", ""),
            )
    chosen = tuple(p for p in poolings if p in beside) or (poolings[0],)
    return Shown(method, dimensions, chosen, 0, colour), asked


def _found(found: np.ndarray, select: str) -> None:
    """How many the search finds, and a way to select them without a pointer."""
    n = int(found.sum())
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            tr_n("{n} sentence found", "{n} sentences found", n).format(n=f"{n:,}"),
            width="content",
        )
        if n and select != SEARCH:
            st.button(
                tr("Select them"),
                on_click=select_on_map,
                args=(SEARCH,),
                type="tertiary",
                icon=":material/select_all:",
            )


def _own(run: Run, selection: Selection, shown: Shown) -> tuple[OwnSentence | None, str | None]:
    """The sentence typed in Inside, and the job that finds where it lies on other maps."""
    own = own_sentence(run.id)
    if own is None or own.text in cached.texts(run) or not _fits(own.text):
        return None, None
    names = [
        map_.name for pooling in shown.poolings for map_ in maps_of(run, shown, pooling).values()
    ]
    unknown = [name for name in names if name not in own.places]
    if not unknown:
        return own, None
    start = partial(jobs().start_place, folder_of(selection), own.text, unknown, visitor())
    job = ask_for(start, "place")
    status = jobs().status(job) if job else None
    if status is not None and status.state == "failed":
        ended(status)
    if status is not None and status.result is not None:
        return keep_own_sentence(run.id, own.text, status.result), None
    return own, job


def _fits(text: str) -> bool:
    """Whether a typed sentence may be read: **Inside** says why not."""
    with suppress(DataError):
        check_text(text)
        return bool(text)
    return False


def _faithfulness(run: Run, shown: Shown) -> None:
    """What there is to know of the maps at this layer, and whether they show all sentences."""
    n, drawn = len(run.sentences), resources.drawn(len(run.sentences))
    if drawn is not None:
        st.caption(
            tr(
                "{shown} of {n} sentences are drawn, chosen at random. Search, selection and its "
                "table are of all."
            ).format(shown=f"{len(drawn):,}", n=f"{n:,}")
        )
    about = tr(
        "Trustworthiness falls where points that are far apart look near; continuity, where "
        "near points are torn apart. Distances, sizes and gaps of a UMAP map mean nothing."
    )
    found = {pooling: maps_of(run, shown, pooling).get(shown.layer) for pooling in shown.poolings}
    there = {pooling: projection for pooling, projection in found.items() if projection}
    for notice in dict.fromkeys(p.told for p in there.values() if p.notice):
        st.caption(plain(notice))
    if there:
        with opening(tr("How faithful are these maps?"), "faithful"):
            for pooling, projection in there.items():
                said = faithfulness(projection)
                st.markdown(f"**{figures.NAMES[pooling]}** {plain(said)}")
            st.caption(about)


def _draw(
    run: Run,
    selection: Selection,
    shown: Shown,
    select: str,
    placing: str | None,
    *,
    every: bool,
) -> None:
    """Have maps drawn that are not there: those looked at, all for playing, some ahead.

    ``placing`` is the job that finds where a new sentence lies.
    """
    layers = range(int(run.record["encoder"]["layers"]) + 1)
    near = sorted(layers, key=lambda at: (abs(at - shown.layer), at))
    folder, rest = folder_of(selection), missing(run, shown, near)
    wanted = [one for one in rest if one[2] == shown.layer]
    lasso = Lasso.parse(select)
    if lasso is not None and all(p.name != lasso.map for p in run.projections):
        wanted += [one for one in _all(run) if _name(one) == lasso.map]
    for one in wanted:
        if ask_for(partial(jobs().start_map, folder, *one, visitor()), _name(one)) is None:
            return
    playing = keep_playing(run.id, every) and bool(rest)
    # those of other layers wait until nobody has asked for anything
    jobs().expect_maps(folder, rest if playing else missing(run, shown, near[1:3]))
    pending = tuple(job for one in _all(run) if _busy(job := f"{folder.name}/{_name(one)}"))
    left = len({*(_name(one) for one in rest), *pending}) if playing else len(pending)
    if placing is not None and _busy(placing):
        pending += (placing,)
    if pending or playing:
        _follow(folder, cached.stamp(folder), pending, left)
        return
    for one in wanted:
        job = f"{folder.name}/{_name(one)}"
        status = jobs().status(job)
        if status is not None and status.state in ("failed", "cancelled"):
            ended(status)
            st.button(tr("Draw it again"), key=f"again:{job}", on_click=jobs().forget, args=(job,))


def _all(run: Run) -> list[Wanted]:
    """All maps that a run may have and has not."""
    poolings = tuple(run.record["settings"]["poolings_used"])
    layers = range(int(run.record["encoder"]["layers"]) + 1)
    return [
        one
        for method in _METHODS
        for dimensions in (2, 3)
        for one in missing(run, Shown(method, dimensions, poolings, 0, None), layers)
    ]


def _name(one: Wanted) -> str:
    method, dimensions, layer, pooling = one
    return projection_name(method, dimensions, pooling, layer)


def _busy(job: str) -> bool:
    status = jobs().status(job)
    return status is not None and not status.over


@st.fragment(run_every=POLL)
def _follow(folder: Path, stamp: int, pending: tuple[str, ...], left: int) -> None:
    """How far the maps are that are being drawn; the page anew when one is there."""
    busy = [job for job in pending if _busy(job)]
    if len(busy) < len(pending) or cached.stamp(folder) != stamp:
        st.rerun()
    found = [status for job in busy if (status := jobs().status(job)) is not None]
    running = next((status for status in found if status.state == "running"), None)
    to_draw = tr_n("{n} map to draw", "{n} maps to draw", left).format(n=left) if left else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        if running is not None:
            st.progress(share(running), text=" · ".join(filter(None, (words(running), to_draw))))
        else:
            st.progress(0.0, text=turn(found[0]) if found else to_draw)
        if st.button(tr("Cancel"), key="map:cancel", icon=":material/close:"):
            stop_playing()
            for job in reversed(busy):
                jobs().cancel(job)
            st.rerun()
