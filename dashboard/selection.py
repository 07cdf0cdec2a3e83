"""What the person chose. The only reader and writer of session_state and query_params."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import DeletedFile

from dashboard import visitors
from dashboard.samples import SAMPLES
from probing.language import LANGUAGES
from probing.relabelling import Relabelling
from probing.settings import Target

UPLOAD, RUN = "upload", "run"
"""Sources of sentences beside the samples: an uploaded file, and the run that is shown."""

_LONGEST_SELECTION = 1_500  # characters: links of up to 2,000 pass everywhere
_LONGEST_SEARCH = 100
_OF_RUN = ("row", "select", "labels", "class", "average_class", "against")
"""Choices in a link that mean nothing for another run."""
SAMPLE = "sample"
"""What stands for the bundled sample's run where runs are listed by id."""
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_IN_LINK = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


@dataclass(frozen=True)
class Selection:
    """What a view needs to know."""

    run: str | None
    """Id of the run shown; None for the bundled sample's."""
    dark: bool
    """Whether the page is dark."""


@dataclass(frozen=True)
class OwnSentence:
    """A sentence that is to be found on maps."""

    text: str
    places: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Where it lies, by the map's name, as far as that was asked."""


@dataclass(frozen=True)
class Upload:
    """A file that the person gave."""

    name: str
    data: bytes
    digest: str
    """SHA-256 of ``data``, 64 hex digits."""


def current() -> Selection:
    """The selection as URL and session have it.

    Streamlit clears the URL's parameters when the page changes, so the run is put back there.
    """
    state: Any = st.session_state
    asked = st.query_params.get("run")
    if asked is not None:
        state["shown_run"] = asked if _RUN_ID.fullmatch(asked) else "unknown"
    elif went_back():
        state["shown_run"] = None
    elif state.get("shown_run"):
        st.query_params["run"] = state["shown_run"]
    if state.get("kept_of") != state.get("shown_run"):
        state["kept_of"] = state.get("shown_run")
        for name in _OF_RUN:
            _kept().pop(name, None)
    return Selection(run=state.get("shown_run"), dark=st.context.theme.type == "dark")


def open_run(run: str | None) -> None:
    """Show a run from now on; None goes back to the bundled sample."""
    st.session_state["shown_run"] = run
    if run is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run


def close_run(run: str) -> None:
    """Show the bundled sample again, where that run was shown."""
    if st.session_state.get("shown_run") == run:
        open_run(None)


def managed_run() -> str | None:
    """The run whose settings are open in the list of runs."""
    chosen: str | None = st.session_state.get("managed_run")
    return chosen


def manage_run(run: str | None) -> None:
    """Open the settings of a run in the list of runs; None closes them."""
    st.session_state["managed_run"] = run


def link_of(run: str) -> str:
    """The address under which a run opens."""
    base = str(st.context.url or "").partition("?")[0].rstrip("/")
    page = next((name for name in ("/runs", "/report") if base.endswith(name)), "")
    return f"{base.removesuffix(page)}/layers?run={run}"


def take_cell(chart: str = "accuracy") -> None:
    """Choose the cell of the point that was clicked in a chart by layer."""
    for point in st.session_state[chart].selection.points:
        found = point.get("customdata")
        if found is not None and len(found) == 3:
            st.session_state["layer"] = int(found[1])
            st.session_state["pooling"] = str(found[2])


# ---- choices that a link holds


def went_back() -> bool:
    """Whether this run of the page answers the browser's Back or Forward: the link decides then."""
    return bool(getattr(_context(), "is_history_navigation", False))


def _context() -> Any:
    return get_script_run_ctx(suppress_warning=True)


def linked(
    name: str,
    default: Any,
    options: Iterable[Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Arguments of a widget whose value the link holds, as its parameter ``name``: the key.

    ``options`` are what may be chosen, several where ``default`` is a list; None for any text, or
    for yes and no where ``default`` is a bool. The link holds the options themselves: Streamlit's
    own binding writes what is shown, which a page in another language could not read. ``names``
    are their English names, which older links hold.

    When a page opens and on Back and Forward the link decides, else the widget. What was chosen
    holds in other views too; what was not follows the default. The default is not in the link.
    """
    state: Any = st.session_state
    known = _known(default, options, names)
    page, usual = state.get(f"linked:{name}", (None, None))
    here = getattr(_context(), "page_script_hash", "")
    state[f"linked:{name}"] = here, default
    if name not in state or page != here or went_back():
        state[name] = _read(_asked(name), default, known)
    elif (usual != default and state[name] == usual) or not _possible(state[name], known):
        state[name] = default
    _say(name, _written(state[name], default))
    return {"key": name}


def linked_tick(name: str, option: str, usual: bool, key: str) -> dict[str, Any]:
    """Arguments of one of several boxes that share a parameter: it names those that are not as
    usual."""
    state: Any = st.session_state
    changed = set((_asked(name) or "").split(",")) - {""}
    if key not in state or went_back():
        state[key] = usual != (option in changed)
    now = changed | {option} if state[key] != usual else changed - {option}
    _say(name, ",".join(sorted(now)) or None)
    return {"key": key}


def _known(
    default: Any, options: Iterable[Any] | None, names: Mapping[str, str] | None
) -> dict[str, Any] | None:
    if isinstance(default, bool):
        return {"no": False, "yes": True}
    if options is None:
        return None
    found = {str(option): option for option in options}
    older = {english: option for option, english in (names or {}).items()}
    return {text: o for text, o in older.items() if o in found.values()} | found


def _read(asked: str | None, default: Any, known: Mapping[str, Any] | None) -> Any:
    """What a link's text means; the default where it means nothing."""
    if known is None:
        return (asked or default)[:_LONGEST_SEARCH]
    if isinstance(default, list):
        found = [known[part] for part in (asked or "").split(",") if part in known]
        return list(dict.fromkeys(found)) or default
    return known.get(asked or "", default)


def _written(value: Any, default: Any) -> str | None:
    """A value as the link has it; None for what is not in it."""
    if value == default or value is None or value in ("", []):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _possible(value: Any, known: Mapping[str, Any] | None) -> bool:
    """Whether a widget's value is still among what may be chosen."""
    if known is None or value is None:
        return True
    there = list(known.values())
    return all(one in there for one in (value if isinstance(value, list) else [value]))


def _kept() -> dict[str, str]:
    """What was chosen in this session, as links have it: a change of the view empties the URL."""
    kept: dict[str, str] = st.session_state.setdefault("kept", {})
    return kept


def _asked(name: str) -> str | None:
    """What the link asks for; where it says nothing, what was chosen before."""
    asked = st.query_params.get(name)
    if asked is None and not went_back():
        return _kept().get(name)
    return asked


def _say(name: str, text: str | None) -> None:
    """Have the link say it, or nothing of it for None."""
    if text is None:
        _kept().pop(name, None)
        st.query_params.pop(name, None)
        return
    _kept()[name] = text
    if st.query_params.get(name) != text:
        st.query_params[name] = text


# ---- the map

ATLAS = "atlas"
"""The key of the map component."""
ROWS = "rows"
"""What a selection on the map begins with that lists rows of the file, each after a ``~``."""


def map_view(layers: int) -> tuple[int, str, int | None]:
    """(layer, selection) that the map shows: as the link says, else the layer chosen last.

    The selection is "" for none, or as ``take_map_view`` put it there: a text from outside. The
    third is the number of what was last done on the map itself, if anything was.
    """
    state: Any = st.session_state
    asked, select = _asked("layer") or "", (_asked("select") or "")[:_LONGEST_SELECTION]
    chosen = asked.isdecimal() and len(asked) < 4
    layer = min(int(asked), layers - 1) if chosen else layers - 1
    _say("layer", str(layer) if chosen else None)
    select_on_map(select)
    done = ((state.get(ATLAS) or {}).get("view") or {}).get("turn")
    return layer, select, done if isinstance(done, int) else None


def take_map_view() -> None:
    """Put into the link what was done on the map."""
    state: Any = st.session_state
    view = state[ATLAS].get("view") or {}
    layer, select = view.get("layer"), view.get("select")
    if isinstance(layer, int) and 0 <= layer < 1000:
        _say("layer", str(layer))
    select_on_map(select if isinstance(select, str) else "")


def select_on_map(select: str) -> None:
    """Select on the map what ``select`` says; "" for nothing."""
    _say("select", select[:_LONGEST_SELECTION] or None)


def rows_on_map(rows: Iterable[int]) -> str:
    """What selects the sentences of these rows on the map: as many as a link can hold."""
    text = ROWS
    for row in rows:
        if len(text) + len(f"~{row}") > _LONGEST_SELECTION:
            break
        text += f"~{row}"
    return "" if text == ROWS else text


def to_map(layer: int, pooling: str, colour: str, select: str = "") -> dict[str, str]:
    """Parameters of a link to the map of one cell, with nothing or ``select`` selected on it."""
    shown = {"run": st.session_state.get("shown_run")}
    cell = {"layer": str(layer), "beside": pooling, "colour": colour, "select": select, "find": ""}
    return {name: text for name, text in (shown | cell).items() if text is not None}


def keep_playing(run: str, asked: bool) -> bool:
    """Whether all layers of a run were asked for, now or before, to be played."""
    state: Any = st.session_state
    if asked:
        state["playing"] = run
    return bool(state.get("playing") == run)


def stop_playing() -> None:
    """The layers that are not there are not asked for any more."""
    st.session_state.pop("playing", None)


def own_sentence(run: str) -> OwnSentence | None:
    """The sentence that was typed, or chosen, for a run in **Inside**; None before that."""
    kept: dict[str, OwnSentence] = st.session_state.get("own_sentences", {})
    return kept.get(run)


def keep_own_sentence(run: str, text: str, places: Mapping[str, Sequence[float]]) -> OwnSentence:
    """Remember it: other views show where it lies. What was known of the same one stays known."""
    before = own_sentence(run)
    known = before.places if before is not None and before.text == text else {}
    own = OwnSentence(text, {**known, **places})
    st.session_state.setdefault("own_sentences", {})[run] = own
    return own


def take_own_sentence(run: str, widget: str) -> None:
    """Remember the sentence typed for a run, though the visitor leaves the page at once."""
    keep_own_sentence(run, str(st.session_state.get(widget) or "").strip(), {})


def take_cell_of_class() -> None:
    """The same of the chart of classes by layer."""
    take_cell("classes_by_layer")


def follow(row: int | None) -> None:
    """Follow a sentence from now on, by its row in the file; the link says so. None: no more."""
    _say("row", None if row is None else str(row))


def followed() -> int | None:
    """The row of the sentence that is followed, as the link says; None where none is."""
    asked = _asked("row") or ""
    row = int(asked) if asked.isdecimal() and len(asked) < 10 else None
    follow(row)
    return row


def take_ticked(table: str, rows: Sequence[int]) -> None:
    """Follow the sentence that was ticked in a table with these rows of the file; none: no more."""
    ticked = st.session_state[table]["selection"]["rows"]
    follow(rows[ticked[0]] if ticked and ticked[0] < len(rows) else None)


def linked_text(
    run: str, text: str | None, default: str, texts: Sequence[str], rows: Sequence[int]
) -> dict[str, Any]:
    """Arguments of the widget that chooses one of a run's texts, which lie in ``rows``, or another.

    It begins with ``text``, else with the one that was typed before. The link has the row of the
    one that is chosen, and never a text.
    """
    state: Any = st.session_state
    widget, own = f"sentence:{run}", own_sentence(run)
    if widget not in state or went_back():
        typed = own.text if own is not None and not went_back() else ""
        state[widget] = text or typed or default
    return {"key": widget, "on_change": _take_text, "args": (run, widget, texts, rows)}


def _take_text(run: str, widget: str, texts: Sequence[str], rows: Sequence[int]) -> None:
    text = st.session_state[widget]
    follow(rows[texts.index(text)] if text in texts else None)
    take_own_sentence(run, widget)


def compared(most: int) -> tuple[str, ...] | None:
    """The runs that the shown one is compared with, at most so many; None before any choice."""
    asked = _asked("with")
    if asked is None:
        return None
    named = [part for part in asked.split(",") if part == SAMPLE or _RUN_ID.fullmatch(part)]
    found = tuple(dict.fromkeys(named))[:most]
    compare_with(found)
    return found


def compare_with(runs: Sequence[str]) -> None:
    """Compare the shown run with these from now on; the URL says so."""
    _say("with", ",".join(runs))


def show_compared(runs: Sequence[str], widget: str) -> None:
    """Let a widget that chooses runs show these."""
    st.session_state[widget] = list(runs)


def take_compared(widget: str) -> None:
    """Compare with the runs that a widget has."""
    compare_with(st.session_state[widget])


def take_link(widget: str, beside: str, most: int) -> None:
    """Compare with the run whose link or id was typed as well, and empty the field.

    ``beside``: the widget that has those chosen so far.
    """
    state: Any = st.session_state
    found = _IN_LINK.findall(state[widget])
    state["link_refused"] = bool(state[widget].strip()) and not found
    state[widget] = ""
    if found:
        kept = [run for run in state.get(beside) or () if run != found[0]]
        compare_with([*kept[: most - 1], found[0]])


def link_refused() -> bool:
    """Whether what was typed last is no link of a run."""
    return bool(st.session_state.get("link_refused"))


def language() -> str:
    """The language of the page: as chosen or linked, else the browser's, else English.

    English also where there is no page, as in a thread of the server's own.
    """
    if _context() is None:
        return "en"
    state: Any = st.session_state
    chosen = state.get("language") or st.query_params.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    preferred = str(st.context.locale or "").partition("-")[0]
    return preferred if preferred in LANGUAGES else "en"


def visitor() -> str:
    """Who is here: the id in the browser's cookie, else one of this session."""
    try:
        found = visitors.of_cookies(st.context.cookies)
    except (RuntimeError, TypeError):  # no server around, as in a test of the page
        found = None
    if found is None:
        found = st.session_state.setdefault("visitor", visitors.new_id())
    return str(found)


def source() -> str:
    """Where the next run's sentences come from: a key of ``SAMPLES``, ``UPLOAD`` or ``RUN``."""
    chosen = st.session_state.get("source")
    if chosen is None:
        return RUN if st.session_state.get("shown_run") else next(iter(SAMPLES))
    return str(chosen)


def encoder() -> str:
    """The encoder of the next run: ``bundled``, a hub id or a folder's path."""
    return str(st.session_state.get("chosen_encoder", "bundled"))


def choose_encoder(name: str) -> None:
    """Use an encoder for the next run."""
    st.session_state["chosen_encoder"] = name


def choose_source(name: str) -> None:
    """Take the next run's sentences from there, as ``source`` names it."""
    st.session_state["source"] = name


def target() -> Target:
    """What the labels of the next run are said to be."""
    chosen: Target = st.session_state.get("target", "auto")
    return chosen


def upload() -> Upload | None:
    """The file given in this session, if any."""
    kept: Upload | None = st.session_state.get("kept_upload")
    return kept


def lost_upload(widget: str) -> str | None:
    """The id of the file that a widget shows while the server does not have it, if so."""
    file = st.session_state.get(widget)
    return str(file.file_id) if isinstance(file, DeletedFile) else None


def keep_upload(name: str, data: bytes) -> Upload:
    """Remember a file across pages: the widget that took it forgets."""
    kept = upload()
    if kept is not None and _file_id() is not None and st.session_state.get("aside") == _file_id():
        return kept  # the widget still shows the file that another took the place of
    return _keep(name, data)


def keep_fetched(name: str, data: bytes) -> Upload:
    """Take a file from elsewhere in place of the one that the widget shows."""
    st.session_state["aside"] = _file_id()
    return _keep(name, data)


def _file_id() -> str | None:
    """The id of the file in the widget of uploads."""
    return getattr(st.session_state.get("file"), "file_id", None)


def _keep(name: str, data: bytes) -> Upload:
    kept = Upload(name, data, sha256(data).hexdigest())
    st.session_state["kept_upload"] = kept
    return kept


def labels_changed(data: str) -> Relabelling:
    """What becomes of the labels of ``data``, which names sentences and their label column."""
    kept: Relabelling = st.session_state.get(f"labels:{data}", Relabelling())
    return kept


def change_labels(data: str, change: Relabelling) -> None:
    """Keep what becomes of the labels of ``data`` across pages."""
    st.session_state[f"labels:{data}"] = change


def labels_editor(data: str) -> tuple[str, Relabelling]:
    """The widget key of the editor of these labels, and the change that its table begins with.

    The widget holds what was edited in it: the table below must stay, until it is drawn anew.
    """
    state: Any = st.session_state
    key = f"labels_editor:{data}:{state.get(f'labels_begun:{data}', 0)}"
    if key not in state:
        state[f"labels_base:{data}"] = labels_changed(data)
    return key, state[f"labels_base:{data}"]


def begin_labels(data: str, change: Relabelling) -> None:
    """Put another change into the editor in place of what was edited."""
    state: Any = st.session_state
    change_labels(data, change)
    state[f"labels_begun:{data}"] = state.get(f"labels_begun:{data}", 0) + 1


def column(role: str, digest: str) -> Any:
    """The column chosen for ``text``, ``label`` or ``split`` of a file; KeyError before that."""
    return st.session_state[column_key(role, digest)]


def column_key(role: str, digest: str) -> str:
    """The widget key of a column's choice: each file has its own."""
    return f"{role}:{digest[:16]}"
