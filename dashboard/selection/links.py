"""Choices that a link holds: between widgets, the session and the URL."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

OF_RUN = ("row", "select", "labels", "class", "average_class", "against", "columns")
"""Choices in a link that mean nothing for another run."""
_LONGEST = 100  # characters of a search


def went_back() -> bool:
    """Whether this run of the page answers the browser's Back or Forward: the link decides then."""
    return bool(getattr(context(), "is_history_navigation", False))


def context() -> Any:
    """Streamlit's context of this run of the page; None where there is none."""
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
    here = getattr(context(), "page_script_hash", "")
    state[f"linked:{name}"] = here, default
    if name not in state or page != here or went_back():
        state[name] = _read(asked_for(name), default, known)
    elif (usual != default and state[name] == usual) or not _possible(state[name], known):
        state[name] = default
    write(name, written(state[name], default))
    return {"key": name}


def linked_tick(name: str, option: str, usual: bool, key: str) -> dict[str, Any]:
    """Arguments of one of several boxes that share a parameter: it names those that are not as
    usual."""
    state: Any = st.session_state
    changed = set((asked_for(name) or "").split(",")) - {""}
    if key not in state or went_back():
        state[key] = usual != (option in changed)
    now = changed | {option} if state[key] != usual else changed - {option}
    write(name, ",".join(sorted(now)) or None)
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
        return (asked or default)[:_LONGEST]
    if isinstance(default, list):
        found = [known[part] for part in (asked or "").split(",") if part in known]
        return list(dict.fromkeys(found)) or default
    return known.get(asked or "", default)


def written(value: Any, default: Any) -> str | None:
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


def kept() -> dict[str, str]:
    """What was chosen in this session, as links have it: a change of the view empties the URL."""
    kept: dict[str, str] = st.session_state.setdefault("kept", {})
    return kept


def asked_for(name: str) -> str | None:
    """What the link asks for; where it says nothing, what was chosen before."""
    asked = st.query_params.get(name)
    if asked is None and not went_back():
        return kept().get(name)
    return asked


def write(name: str, text: str | None) -> None:
    """Put a choice into the link, or take it out for None."""
    if text is None:
        kept().pop(name, None)
        st.query_params.pop(name, None)
        return
    kept()[name] = text
    if st.query_params.get(name) != text:
        st.query_params[name] = text
