"""The side bar: which encoder, which settings, and the button that starts a run."""

import streamlit as st

from dashboard import draft, limits, selection
from dashboard.starting import start
from dashboard.words import POOLER_HELP, plain, said
from probing import figures
from probing.environment import limits as limits_now
from probing.errors import ProbingError, SettingsError
from probing.language import LANGUAGES
from probing.representations import POOLINGS
from probing.sentences import Sentences
from probing.settings import Settings, Target

_BUNDLED, _OTHER = "all-MiniLM-L6-v2 (bundled)", "Another encoder"

_TARGETS: dict[Target, str] = {
    "auto": "found out",
    "classes": "classes",
    "numbers": "numbers",
}


def show(chosen: selection.Selection) -> None:
    """Draw the side bar; start a run when asked."""
    with st.sidebar:
        st.subheader("Next run", anchor=False)
        sentences, settings = _sentences(chosen), _settings()
        pressed = st.button(
            "Run probes",
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
        st.caption("These sentences cannot be run as they are: see **Data**.")
        return None
    if found is None:
        st.caption("No sentences yet: upload a CSV or choose a sample under **Data**.")
        return None
    source = found.sentences.source
    label = f"label **{plain(source.label_column)}**" if source.label_column else "no labels"
    st.caption(f"{len(found.sentences):,} sentences of **{plain(source.name)}**, {label}")
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
        "In depth",
        key="depth",
        help="Adds what takes long: the encoder with random weights (three seeds), permutation "
        "tests and description lengths. Several times the time of a plain run.",
    )
    with st.expander("Settings"):
        poolings = st.multiselect(
            "Poolings",
            POOLINGS,
            default=("cls", "pooled", "mean"),
            format_func=figures.NAMES.__getitem__,
            key="poolings",
            help=POOLER_HELP,
        )
        folds = st.number_input(
            "Folds",
            2,
            20,
            5,
            key="folds",
            help="Each sentence is scored by a probe that was fitted on the other folds.",
        )
        target = st.selectbox(
            "Labels are",
            list(_TARGETS),
            format_func=_TARGETS.__getitem__,
            key="target",
            help="Classes are probed by logistic regression, numbers by ridge regression (R²).",
        )
        seed = st.number_input("Seed", 0, 2**32 - 1, 0, key="seed", help="Of folds and maps.")
    try:
        if not name:
            raise SettingsError("Name an encoder: a hub id or the path of a folder.")
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
