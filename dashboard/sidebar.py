"""The side bar: which encoder, which settings, and the button that starts a run."""

import streamlit as st

from dashboard import draft, limits, metrics, selection, views
from dashboard.jobs import jobs
from dashboard.library import library
from dashboard.words import POOLER_HELP, plain, said
from probing import figures
from probing.environment import limits as limits_now
from probing.errors import ProbingError, SettingsError
from probing.language import LANGUAGES, later, tr, tr_n
from probing.representations import POOLINGS
from probing.sentences import Sentences
from probing.settings import Settings, Target

_BUNDLED, _OTHER = "all-MiniLM-L6-v2 (bundled)", "Another encoder"

_TARGETS: dict[Target, str] = {
    "auto": later("found out"),
    "classes": later("classes"),
    "numbers": later("numbers"),
}


def show(chosen: selection.Selection) -> None:
    """Draw the side bar; start a run when asked."""
    with st.sidebar:
        st.subheader(tr("Next run"), anchor=False)
        sentences, settings = _sentences(chosen), _settings()
        pressed = st.button(
            tr("Run probes"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=sentences is None or settings is None,
            width="stretch",
        )
        if pressed and sentences is not None and settings is not None:
            _start(sentences, settings)
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


def _start(sentences: Sentences, settings: Settings) -> None:
    try:
        visitor = selection.visitor()
        jobs().check_room(visitor)
        limits.check_start(sentences, settings, visitor)
        run = jobs().start_run(sentences, settings, visitor)
        library().claim(run, visitor)
    except ProbingError as error:
        metrics.count("runs_refused_total")
        st.error(said(error), icon=":material/error:")
        return
    selection.open_run(run)
    st.switch_page(views.pages()["layers"], query_params={"run": run})


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
    """The chosen encoder's name: one of those this server loads, or any where it loads any."""
    now = limits_now()
    if now.encoders is not None:
        chosen = st.selectbox(
            "Encoder",
            now.encoders,
            format_func=lambda name: _BUNDLED if name == "bundled" else name,
            key="listed_encoder",
            help="This server loads these. CLS Probe on your own computer loads any.",
        )
        return str(chosen)
    if st.selectbox("Encoder", (_BUNDLED, _OTHER), key="encoder") == _BUNDLED:
        return "bundled"
    folders = "" if now.public else ", or the path of a local folder, e.g. ./my-model"
    return st.text_input(
        "Hub id" if now.public else "Hub id or folder",
        key="encoder_name",
        placeholder="google-bert/bert-base-uncased",
        help=f"A model id on the Hugging Face hub{folders}. "
        "Only safetensors weights are loaded, and never remote code.",
    ).strip()


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
            format_func=lambda name: tr(figures.NAMES[name]),
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
        if not name:
            raise SettingsError(tr("Name an encoder: a hub id or the path of a folder."))
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
