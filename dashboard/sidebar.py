"""The side bar: which encoder, which settings, and the button that starts a run."""

import streamlit as st

from dashboard import draft, limits, selection
from dashboard.panels import encoders
from dashboard.starting import start
from dashboard.words import POOLER_HELP, plain, said
from probing import figures
from probing.encoders.known import KNOWN
from probing.environment import limits as limits_now
from probing.errors import ProbingError
from probing.language import LANGUAGES, later, tr, tr_n
from probing.representations import POOLINGS
from probing.sentences import Sentences
from probing.settings import Settings, Target

_TARGETS: dict[Target, str] = {
    "auto": later("found out"),
    "classes": later("classes"),
    "numbers": later("numbers"),
}


def show(chosen: selection.Selection) -> None:
    """Draw the side bar; start a run when asked."""
    with st.sidebar:
        st.header(tr("Next run"), anchor=False)
        sentences, settings = _sentences(chosen), _settings()
        pressed = st.button(
            tr("Run probes"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=sentences is None or settings is None,
            width="stretch",
        )
        if pressed and sentences is not None and settings is not None:
            start(sentences, settings)
        _language()


def _language() -> None:
    names = list(LANGUAGES)
    st.segmented_control(
        "Language · 语言",
        names,
        default=selection.language(),
        required=True,
        format_func=LANGUAGES.__getitem__,
        key="language",
        persist_state="session",
    )


def _sentences(chosen: selection.Selection) -> Sentences | None:
    """Those of the next run; the Data view says what is wrong where there are none."""
    try:
        found = draft.current(chosen)
    except ProbingError:
        st.caption(tr("These sentences cannot be run as they are: see **Data**."))
        return None
    if found is None:
        st.caption(tr("No sentences yet: upload a CSV or choose a sample under **Data**."))
        return None
    source = found.sentences.source
    n = len(found.sentences)
    of = tr_n("{n} sentence of **{name}**", "{n} sentences of **{name}**", n)
    label = tr("no labels")
    if source.label_column:
        label = tr("label **{name}**").format(name=plain(source.label_column))
    st.caption(of.format(n=f"{n:,}", name=plain(source.name)) + " · " + label)
    return found.sentences


def _encoder() -> str:
    """The chosen encoder's name, and the button that opens the choice."""
    now, name = limits_now(), selection.encoder()
    if now.encoders is not None and encoders.refusal(name) is not None:
        name = now.encoders[0]  # the operator's list may lack the bundled one
    st.markdown("**" + tr("Encoder") + "**  \n" + plain(encoders.title_of(name)))
    if name in KNOWN:
        st.caption(tr(KNOWN[name].cls))
    if st.button(
        tr("Choose an encoder"), key="choose_encoder", icon=":material/search:", width="stretch"
    ):
        encoders.choose()
    return name


def _settings() -> Settings | None:
    """The chosen settings, or None with the reason shown."""
    name = _encoder()
    deep = st.toggle(
        tr("In depth"),
        key="depth",
        help=tr(
            "Adds what takes long: the encoder with random weights (three seeds), permutation "
            "tests and description lengths. Several times the time of a plain run."
        ),
    )
    with st.expander(tr("Settings")):
        poolings = st.multiselect(
            tr("Poolings"),
            POOLINGS,
            default=("cls", "pooled", "mean"),
            format_func=lambda name: figures.NAMES[name],
            key="poolings",
            help=tr(POOLER_HELP),
        )
        folds = st.number_input(
            tr("Folds"),
            2,
            20,
            5,
            key="folds",
            help=tr("Each sentence is scored by a probe that was fitted on the other folds."),
        )
        target = st.selectbox(
            tr("Labels are"),
            list(_TARGETS),
            format_func=lambda target: tr(_TARGETS[target]),
            key="target",
            help=tr("Classes are probed by logistic regression, numbers by ridge regression (R²)."),
        )
        seed = st.number_input(
            tr("Seed"), 0, 2**32 - 1, 0, key="seed", help=tr("Of folds and maps.")
        )
    try:
        limits.check_encoder(name)
        return Settings(
            encoder=name,
            poolings=tuple(poolings),
            folds=int(folds),
            seed=int(seed),
            depth="full" if deep else "quick",
            target=target,
        )
    except ProbingError as error:
        st.info(said(error))
        return None
