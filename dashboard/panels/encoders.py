"""Choosing an encoder: cards of well-known ones, a search of the hub, an id or a folder."""

from collections.abc import Callable

import streamlit as st

from dashboard import asking, cached, draft, limits, pace, selection
from dashboard.library import library
from dashboard.words import duration, plain, said
from probing.encoders import BUNDLED, family_of
from probing.encoders.known import KNOWN, POOLERS, Known
from probing.encoders.search import Found, search_models
from probing.environment import limits as limits_now
from probing.errors import ProbingError
from probing.language import later, tr

_KNOWN, _SEARCH, _OTHER = later("Known"), later("Search the hub"), later("Id or folder")

_TROUBLES = {
    "family": later("not one of the families that CLS Probe knows"),
    "weights": later("no safetensors weights: pickles are not loaded"),
}
"""What is said of a model that cannot be read."""


def title_of(name: str) -> str:
    """The encoder's name for people."""
    if name in ("bundled", BUNDLED):
        return tr("{name} (bundled)").format(name=BUNDLED)
    return name


def choose() -> None:
    """Open the dialog; what is chosen there is the encoder of the next run."""
    # made here, as a decorator's title would be read before the language is known
    st.dialog(tr("Choose an encoder"), width="large")(_dialog)()


def _dialog() -> None:
    now = limits_now()
    tabs = [_KNOWN, _SEARCH, _OTHER] if now.encoders is None else [_KNOWN]
    tab = _KNOWN
    if len(tabs) > 1:
        tab = str(
            st.segmented_control(
                tr("Where from"),
                tabs,
                default=_KNOWN,
                required=True,
                format_func=tr,
                key="encoders_from",
                label_visibility="collapsed",
            )
        )
    {_KNOWN: _known, _SEARCH: _search, _OTHER: _other}[tab]()


def _use(name: str, trouble: str | None = None) -> None:
    """The button of one encoder; ``trouble`` is why it cannot be pressed."""
    now = selection.encoder() == name
    pressed = st.button(
        tr("Chosen") if now else tr("Use"),
        key=f"use {name}",
        disabled=trouble is not None,
        type="primary" if now else "secondary",
        help=trouble,
        on_click=selection.choose_encoder,
        args=(name,),
        width="stretch",
    )
    if pressed:
        st.rerun()  # closes the dialog


# ---- well-known ones


def _known() -> None:
    now = limits_now()
    st.caption(
        tr(
            "Whether a pooler was really trained is looked at again when an encoder is loaded. "
            "Downloads are kept on this machine."
        )
    )
    time_of = _times()
    listed = [KNOWN[name] for name in KNOWN]
    for encoder in sorted(listed, key=lambda each: refusal(each.id) is not None):
        _card(encoder, refusal(encoder.id), time_of)
    for name in now.encoders or ():
        if name not in KNOWN and not name.endswith(f"/{BUNDLED}"):  # which is there already
            with st.container(border=True):
                left, right = st.columns([5, 1], vertical_alignment="center")
                left.markdown(f"**{plain(title_of(name))}**")
                with right:
                    _use(name)


def refusal(name: str) -> str | None:
    """Why an encoder cannot be chosen on this server; None where it can."""
    known = KNOWN.get(name)
    if known is not None and known.safetensors is False:
        return tr("The hub has its weights as a pickle only, and pickles are not loaded.")
    try:
        limits.check_encoder(name)
    except ProbingError:
        return tr("This server does not load it. CLS Probe on your own computer does.")
    return None


def _card(encoder: Known, trouble: str | None, time_of: Callable[[Known], str]) -> None:
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        with left:
            bundled = encoder.id == "bundled"
            title = title_of(encoder.id) if bundled else encoder.title
            st.markdown(f"**{plain(title)}**" + ("" if bundled else f" · `{encoder.id}`"))
            lines = [facts(encoder) + time_of(encoder), tr(encoder.cls), *_blocked(trouble)]
            st.caption("  \n".join(lines))
        with right:
            _use(encoder.id, trouble)


def _blocked(trouble: str | None) -> list[str]:
    return [] if trouble is None else [":material/block: " + trouble]


def facts(encoder: Known) -> str:
    """Size and pooler in a line."""
    parts = [
        plain(family_of(encoder.family).title),
        tr(encoder.about),
        tr("{layers} layers × {hidden}").format(layers=encoder.layers, hidden=encoder.hidden),
        tr("{n} million parameters").format(n=f"{encoder.parameters / 1e6:.3g}"),
    ]
    if encoder.id != "bundled":
        parts.append(tr("about {n} MB to download").format(n=_rounded(encoder.megabytes)))
    return " · ".join([*parts, "**" + tr(POOLERS[encoder.pooler]) + "**"])


def _rounded(megabytes: float) -> str:
    return f"{float(f'{megabytes:.2g}'):,.0f}"


def _times() -> Callable[[Known], str]:
    """What is said of an encoder's time on this machine; nothing before something was measured."""
    found = _draft_texts()
    if found is None:
        return lambda encoder: ""
    runs = library()
    rate = pace.of_runs(
        runs.of(selection.visitor()), lambda run: cached.run(runs.folder(run), texts=True)
    )
    if rate is None:
        return lambda encoder: ""

    def said_of(encoder: Known) -> str:
        taken = max(1.0, pace.seconds(encoder.products, found, rate))
        words = tr("reads your {n} sentences in about {time} here")
        return " · " + words.format(n=f"{len(found):,}", time=duration(taken))

    return said_of


def _draft_texts() -> tuple[str, ...] | None:
    try:
        now = draft.current(selection.current())
    except ProbingError:
        return None
    return None if now is None else now.sentences.texts


# ---- the hub


def _search() -> None:
    words = st.text_input(
        tr("A word of the model's name"),
        key="encoder_search",
        placeholder="roberta",
        help=tr("Only this word is sent to the hub."),
    ).strip()
    if not words:
        st.caption(tr("The hub's models, those downloaded most often first."))
        return
    try:
        future = asking.questions.ask(("models", words), lambda: search_models(words))
        models: tuple[Found, ...] = asking.wait(future, tr("Asking the hub"))
    except ProbingError as error:
        st.info(said(error), icon=":material/cloud_off:")
        return
    if not models:
        st.caption(tr("The hub has no such model for transformers."))
    for model in sorted(models, key=lambda each: each.trouble is not None):
        _found(model)


def _found(model: Found) -> None:
    trouble = refusal(model.id)
    if trouble is None and model.trouble is not None:
        trouble = tr(_TROUBLES[model.trouble])
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        with left:
            st.markdown(f"**{plain(model.id)}**")
            st.caption("  \n".join([" · ".join(_facts_found(model)), *_blocked(trouble)]))
        with right:
            _use(model.id, trouble)


def _facts_found(model: Found) -> list[str]:
    parts = [
        tr("family not said") if model.family is None else plain(family_of(model.family).title)
    ]
    if model.downloads is not None:
        parts.append(tr("{n} downloads a month").format(n=f"{model.downloads:,}"))
    if model.license:
        parts.append(tr("licence {name}").format(name=plain(model.license)))
    if model.gated:
        parts.append(tr("its owners ask for an agreement"))
    return parts


# ---- any other


def _other() -> None:
    public = limits_now().public
    name = st.text_input(
        tr("Hub id") if public else tr("Hub id or folder"),
        key="encoder_name",
        placeholder="google-bert/bert-base-uncased",
        help=tr("Only safetensors weights are loaded, and never remote code."),
    ).strip()
    if not public:
        st.caption(tr("A folder is written as a path, e.g. ./my-model."))
    if not name:
        return
    try:
        limits.check_encoder(name)
    except ProbingError as error:
        st.info(said(error))
        return
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.text(name)
    with right:
        _use(name)
