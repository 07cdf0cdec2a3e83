"""Map: the sentences as points, with how faithful the picture is."""

from functools import partial

import streamlit as st

from dashboard.jobs import jobs
from dashboard.panels.cell import choose_layer, choose_pooling
from dashboard.selection import Selection, visitor
from dashboard.shown import ask_for, rights_of, run_or_reason, wait_for
from dashboard.views.layers import heading
from dashboard.words import plain
from probing import figures, per_sentence, verdict
from probing.geometry import is_constant
from probing.projections import Method, Projection
from probing.record import Run

_METHODS: dict[Method, str] = {"umap": "UMAP", "pca": "PCA"}


def show(selection: Selection) -> None:
    """Draw the chosen map; have it computed first where it is not there yet."""
    run = run_or_reason(selection)
    if run is None:
        return
    heading(run)
    cell = _choose(run)
    if _constant(run, *cell[2:]):
        st.info(
            f"At layer {cell[2]} the {figures.NAMES[cell[3]]} vector is the same for every "
            "sentence: there is nothing to map. Choose a higher layer.",
            icon=":material/filter_center_focus:",
        )
        return
    projection = _find(run, *cell)
    if projection is None:
        if _may_compute(selection):
            _compute(run, *cell)
        else:
            st.info("Its maker has not had this map drawn. Others are there: choose another layer.")
        return
    figure = figures.scatter(
        projection,
        run.sentences.texts,
        run.sentences.labels,
        numbers=per_sentence.numbers(run).tolist() if run.kind == "numbers" else None,
        dark=selection.dark,
    )
    st.plotly_chart(
        figure,
        theme=None,
        height=620,
        key=f"map:{run.id}:{projection.name}",
        config={"scrollZoom": True},
        alt=f"{_METHODS[cell[0]]} of {cell[3]} at layer {cell[2]}, {len(run.sentences):,} points",
    )
    _faithfulness(projection)
    if _may_compute(selection):
        _expect(run, *cell)


def _may_compute(selection: Selection) -> bool:
    rights = rights_of(selection)
    return rights is not None and rights.compute


def _choose(run: Run) -> tuple[Method, int, int, str]:
    """(method, dimensions, layer, pooling) from the controls above the map; kept in the URL."""
    with st.container(horizontal=True, gap="medium"):
        method: Method = st.segmented_control(
            "Method",
            list(_METHODS),
            default="umap",
            required=True,
            format_func=_METHODS.__getitem__,
            key="method",
            bind="query-params",
        )
        dimensions = st.segmented_control(
            "Dimensions",
            [2, 3],
            default=2,
            required=True,
            format_func=lambda d: f"{d}-D",
            key="dimensions",
            bind="query-params",
        )
        pooling, layer = choose_pooling(run), choose_layer(run)
    return method, int(dimensions or 2), layer, pooling


def _constant(run: Run, layer: int, pooling: str) -> bool:
    if run.probes:
        return run.cell(layer, pooling).constant
    return run.representations is not None and is_constant(run.representations.cell(layer, pooling))


def _find(run: Run, method: str, dimensions: int, layer: int, pooling: str) -> Projection | None:
    for projection in run.projections:
        about = (projection.method, projection.points.shape[1], projection.layer)
        if (*about, projection.pooling) == (method, dimensions, layer, pooling):
            return projection
    return None


def _compute(run: Run, method: str, dimensions: int, layer: int, pooling: str) -> None:
    if run.representations is None:
        st.info("This run was stored without its vectors, so no further map can be drawn.")
        return
    folder = jobs().run_folder(run.id)
    start = partial(jobs().start_map, folder, method, dimensions, layer, pooling, visitor())
    job = ask_for(start, "map")
    if job is None:
        return
    wait_for(job, "Drawing this map")
    status = jobs().status(job)
    if status is not None and status.state in ("failed", "cancelled"):
        st.button("Draw it again", on_click=jobs().forget, args=(job,))


def _expect(run: Run, method: Method, dimensions: int, layer: int, pooling: str) -> None:
    """Have the maps of the layers beside this one drawn ahead of the slider."""
    if run.representations is None:
        return
    beside = [
        (method, dimensions, near, pooling)
        for near in (layer - 1, layer + 1)
        if 0 <= near < run.representations.layers
        and _find(run, method, dimensions, near, pooling) is None
        and not _constant(run, near, pooling)
    ]
    jobs().expect_maps(jobs().run_folder(run.id), beside)


def _faithfulness(projection: Projection) -> None:
    """How much of each neighbourhood the map keeps, in figures."""
    if projection.notice:
        st.caption(plain(projection.told))
    st.caption(
        plain(verdict.describe_map(projection)),
        help="Trustworthiness falls where points that are far apart look near; continuity, where "
        "near points are torn apart. Distances, sizes and gaps of a UMAP map mean nothing.",
    )
