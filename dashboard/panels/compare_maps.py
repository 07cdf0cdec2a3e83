"""Maps of several runs beside each other: the same pooling at the same depth."""

from collections.abc import Sequence

import streamlit as st

from dashboard.panels.cell import choose_layer
from dashboard.panels.choice import choose, choose_method
from dashboard.words import plain
from probing import between, figures
from probing.answers import numbers
from probing.language import tr
from probing.projections import Projection
from probing.projections.said import describe_map
from probing.record import Run


def show(runs: Sequence[Run], names: Sequence[str], dark: bool) -> None:
    """The maps that the runs have of one pooling and depth, two beside each other."""
    st.header(tr("Maps beside each other"), anchor=False)
    first = runs[0]
    poolings = list(first.record["settings"]["poolings_used"])
    with st.container(horizontal=True, gap="medium"):
        method = choose_method()
        called = {pooling: figures.NAMES[pooling] for pooling in poolings}
        pooling = choose(tr("Pooling"), called, key="map_pooling")
        layer = choose_layer(first)
    st.caption(
        tr(
            "Each map is laid out by itself: compare which sentences lie together, not where they "
            "lie. Encoders with other numbers of layers are shown at the same relative depth."
        )
    )
    like = None
    for k, (run, name) in enumerate(zip(runs, names, strict=True)):
        at = round(layer * between.depth_of(run) / max(1, between.depth_of(first)))
        if k % 2 == 0:  # a row for each two: on a phone they stay in order
            columns = st.columns(2, gap="medium")
        with columns[k % 2]:
            st.markdown("**" + plain(name) + "** · " + tr("layer {layer}").format(layer=at))
            projection = _find(run, method, at, pooling)
            if projection is None:
                st.info(
                    tr(
                        "This map is not drawn. Open the run and its Map to have it drawn, or "
                        "choose another layer."
                    )
                )
                continue
            like = _draw(run, projection, name, dark, like, place=k)


def _draw(
    run: Run, projection: Projection, name: str, dark: bool, like: object, *, place: int
) -> object:
    """Draw the map in a place with the colours of the first one; gives that first one."""
    figure = figures.scatter(
        projection,
        run.sentences.texts,
        run.sentences.labels,
        numbers=numbers(run).tolist() if run.kind == "numbers" else None,
        dark=dark,
    )
    if like is not None and run.kind == "classes":
        figure = figures.same_colours(like, figure)
    st.plotly_chart(
        figure,
        theme=None,
        height=440,
        key=f"compare_map:{place}:{projection.name}",
        config={"scrollZoom": True},
        alt=tr("{method} of {run}, {n} points").format(
            method=projection.method.upper(), run=name, n=f"{len(run.sentences):,}"
        ),
    )
    st.caption(plain(describe_map(projection)))
    return figure if like is None else like


def _find(run: Run, method: str, layer: int, pooling: str) -> Projection | None:
    for projection in run.projections:
        found = (projection.method, projection.points.shape[1], projection.layer)
        if (*found, projection.pooling) == (method, 2, layer, pooling):
            return projection
    return None
