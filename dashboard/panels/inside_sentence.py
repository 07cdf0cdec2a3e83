"""One sentence inside the encoder: the proof, its ledger, its average, and what probes read."""

from typing import Any

import streamlit as st

from dashboard.panels.choice import choose, opening
from dashboard.panels.framed import framed, missing
from dashboard.selection import linked
from dashboard.words import listed, plain
from probing import figures
from probing.answers import numbers
from probing.figures.of_run import named
from probing.language import later, spoken, tr, tr_n
from probing.mechanism import wording
from probing.mechanism.values import Look, Missing, Proof, Reading, SentenceLayer
from probing.projections import Projection
from probing.record import Run


def proof(look: Look | None) -> None:
    """Panel 1: is ``[:, 0]`` the first token?"""
    with framed(tr("1 · Is [:, 0] the first token?"), "proof"):
        if look is None:
            _waiting()
            return
        st.markdown(plain(wording.said_of_proof(look)))
        if look.cut:
            cut = tr_n(
                "{n} token at the end is beyond what the encoder reads.",
                "{n} tokens at the end are beyond what the encoder reads.",
                look.cut,
            )
            st.caption(cut.format(n=f"{look.cut:,}"))
        left, right = st.columns((2, 3), gap="large")
        with left:
            _tokens(look)
        with right:
            _shapes(look.proof)
        _numbers(look.proof)
        _pooler_and_head(look.proof)
        with opening(tr("The code that shows all this"), "code", ":material/code:"):
            st.code(look.proof.code, language="python")


def _tokens(look: Look) -> None:
    st.markdown("**" + tr("What the encoder reads") + "**")
    st.dataframe(
        {
            tr("position"): list(range(len(look.tokens))),
            tr("token"): [token.text for token in look.tokens],
            tr("id"): [token.id for token in look.tokens],
            tr("special"): [token.special for token in look.tokens],
        },
        hide_index=True,
        height=min(38 + 35 * len(look.tokens), 320),
        key="i:tokens",
    )
    special = listed(f"{plain(token)} = {number}" for _, token, number in look.proof.specials)
    st.caption(tr("Special tokens: {tokens}").format(tokens=special))


def _shapes(proof: Proof) -> None:
    st.markdown("**" + tr("Step by step") + "**")
    st.dataframe(
        {
            "tensor": [step.name for step in proof.steps],
            "shape": [" × ".join(map(str, step.shape)) for step in proof.steps],
            "note": [spoken(step.note) for step in proof.steps],
        },
        hide_index=True,
        height=min(38 + 35 * len(proof.steps), 357),
        column_config={
            "tensor": st.column_config.TextColumn(tr("tensor"), width=190),
            "shape": st.column_config.TextColumn(tr("shape"), width=90),
            "note": st.column_config.TextColumn(tr("what it is")),
        },
        key="i:steps",
    )


def _numbers(proof: Proof) -> None:
    rows, columns = proof.embedding_size
    place = proof.cls_position
    st.markdown("**" + tr("The first numbers") + "**")
    size = f"{rows:,} × {columns:,}"
    lines = (
        tr("row of that token in the embedding table ({size})").format(size=size),
        f"  {_row(proof.embedding)}",
        f"hidden_states[-1][:, {place}]     " + tr("one token, its first features"),
        f"  {_row(proof.first_token)}",
        "hidden_states[-1][:, :, 0]  " + tr("not a token: the first feature of each of them"),
        f"  {_row(proof.first_feature)}",
    )
    st.code("\n".join(lines), language=None, wrap_lines=True)


def _row(numbers: tuple[float, ...]) -> str:
    return " ".join(f"{number:+.4f}" for number in numbers) + " …"


def _pooler_and_head(proof: Proof) -> None:
    lines = [tr("**Pooler** {note}").format(note=plain(spoken(proof.pooler_note)))]
    if proof.pooler_difference is not None:
        text = tr("Recomputed by hand, it is the model's `pooler_output` {within}.")
        lines.append(text.format(within=_within(proof.pooler_difference)))
    lines.append(tr("**Classification head** {head}.").format(head=plain(spoken(proof.head))))
    if proof.head_difference is not None:
        steps = " → ".join(f"`{step}`" for step in proof.head_steps)
        text = tr("Step by step ({steps}) it gives the logits of the model class {within}.")
        lines.append(text.format(steps=steps, within=_within(proof.head_difference)))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _within(difference: float) -> str:
    if difference == 0:
        return tr("to the last bit")
    return tr("within {difference}").format(difference=f"{difference:.0e}")


@st.fragment
def ledger(look: Look | None, dark: bool) -> None:
    """Panel 4, for the chosen sentence."""
    with framed(tr("4 · The ledger of this sentence"), "ledger"):
        if look is None:
            _waiting()
            return
        if isinstance(look.ledger, Missing):
            missing(look.ledger)
            return
        with st.container(horizontal=True, gap="medium"):
            layer = _layer("ledger_layer", [one.layer for one in look.ledger])
            name = choose(tr("Show"), _SHOWN, key="ledger")
        found = next(one for one in look.ledger if one.layer == layer)
        said = wording.said_of_sentence_ledger(look.tokens, found)
        st.markdown(plain(said))
        _plot(_ledger_figure(look, look.ledger, found, name, dark), f"ledger_{name}", said)


_SHOWN = {
    "from": later("What [CLS] receives"),
    "grid": later("All layers"),
    "heads": later("Head by head"),
    "to": later("The other way: tokens reading [CLS]"),
}


def _ledger_figure(
    look: Look, layers: tuple[SentenceLayer, ...], layer: SentenceLayer, name: str, dark: bool
) -> Any:
    if name == "grid":
        return figures.token_grid(look.tokens, layers, dark=dark)
    if name == "heads":
        return figures.heads(look.tokens, layer, dark=dark)
    direction: Any = name
    return figures.token_bars(look.tokens, layer, direction=direction, dark=dark)


@st.fragment
def average(look: Look | None, dark: bool) -> None:
    """Panel 5: what the mean is made of."""
    with framed(tr("5 · What the average is made of"), "average"):
        if look is None:
            _waiting()
            return
        if isinstance(look.averages, Missing):
            missing(look.averages)
            return
        if not look.averages:
            st.info(tr("The mean is not among this run's poolings. Run again with it to see this."))
            return
        with st.container(horizontal=True, gap="medium"):
            layer = _layer("average_layer", [one.layer for one in look.averages])
            found = next(one for one in look.averages if one.layer == layer)
            chosen = _class("average_class", look, _best(look, layer, "mean"))
        beside = _sentence_layer(look, layer)
        said = wording.said_of_average(look.tokens, found, chosen, look.classes, beside)
        st.markdown(plain(said))
        _plot(
            figures.average(look.tokens, found, chosen, look.classes, beside, dark=dark),
            "average",
            said,
        )


@st.fragment
def live(run: Run, look: Look | None, dark: bool) -> None:
    """Panel 7: one sentence, read by the probes."""
    with framed(tr("7 · One sentence, live"), "live"):
        if look is None:
            _waiting()
            return
        if isinstance(look.readings, Missing):
            missing(look.readings)
        elif look.readings:
            _readings(run, look, look.readings, dark)
        _place(run, look, dark)


def _readings(run: Run, look: Look, readings: tuple[Reading, ...], dark: bool) -> None:
    last = max(reading.layer for reading in readings)
    chosen = _class("class", look, _best(look, last, readings[0].pooling))
    said = wording.said_of_look(look, untrained=not run.record["encoder"]["pooler"]["trained"])
    st.markdown(plain(said))
    _plot(figures.readings(look, chosen, names=named(run), dark=dark), "readings", said)
    st.markdown("**" + tr("Which words matter") + "**")
    with st.container(horizontal=True, gap="medium"):
        poolings = list(dict.fromkeys(reading.pooling for reading in readings))
        pooling = st.segmented_control(
            tr("Pooling"),
            poolings,
            required=True,
            wrap=True,
            format_func=lambda pooling: tr(named(run)[pooling]),
            **linked("pooling", poolings[0], poolings),
        )
        layer = _layer("layer", [r.layer for r in readings if r.pooling == pooling])
    reading = next(r for r in readings if (r.layer, r.pooling) == (layer, pooling))
    said = wording.said_of_effects(look.tokens, reading, look.classes)
    st.markdown(plain(said))
    _plot(figures.effects(look.tokens, reading, look.classes, dark=dark), "effects", said)


def _place(run: Run, look: Look, dark: bool) -> None:
    maps = {map_.name: map_ for map_ in run.projections}
    places = {place.name: place for place in look.places if place.name in maps}
    places = dict(sorted(places.items(), key=lambda item: maps[item[0]].method != "umap"))
    if not places:
        return
    st.markdown("**" + tr("Its place on the map") + "**")
    name = st.segmented_control(
        tr("Map"),
        list(places),
        required=True,
        wrap=True,
        format_func=lambda name: _title(maps[name]),
        label_visibility="collapsed",
        **linked("place", next(iter(places)), places),
    )
    place = places.get(str(name), next(iter(places.values())))
    figure = figures.scatter(
        maps[place.name],
        run.sentences.texts,
        run.sentences.labels,
        numbers=numbers(run).tolist() if run.kind == "numbers" else None,
        new=place.point,
        webgl=False,
        dark=dark,
    )
    st.plotly_chart(
        figure,
        theme=None,
        height=520,
        key="i:place",
        alt=tr("The sentence among the run's sentences"),
    )


def _title(projection: Projection) -> str:
    return tr("{method}, {pooling}, layer {layer}").format(
        method=projection.method.upper(),
        pooling=figures.NAMES[projection.pooling],
        layer=projection.layer,
    )


def _layer(name: str, layers: list[int]) -> int:
    kept = linked(name, layers[-1], layers)
    return int(st.select_slider(tr("Layer"), layers, width=320, **kept))


def _class(name: str, look: Look, default: int) -> int:
    """The number of a class, the most probable one at first."""
    numbers = list(range(len(look.classes)))
    chosen = st.selectbox(
        tr("Class"),
        numbers,
        format_func=look.classes.__getitem__,
        width=240,
        **linked(name, default, numbers),
    )
    return int(chosen)


def _best(look: Look, layer: int, pooling: str) -> int:
    """The class that a cell's probe reads; 0 where it has none."""
    readings = () if isinstance(look.readings, Missing) else look.readings
    for reading in readings:
        if (reading.layer, reading.pooling) == (layer, pooling):
            return max(range(len(reading.probabilities)), key=reading.probabilities.__getitem__)
    return 0


def _sentence_layer(look: Look, layer: int) -> SentenceLayer | None:
    if isinstance(look.ledger, Missing):
        return None
    return next((one for one in look.ledger if one.layer == layer), None)


def _plot(figure: Any, name: str, said: str) -> None:
    st.plotly_chart(figure, theme=None, key=f"i:{name}", alt=said)


def _waiting() -> None:
    st.caption(tr("Not read yet."))
