"""Refusals: what a run lacks for a figure, and what to do."""

from typing import TYPE_CHECKING, Any

from probing.errors import SettingsError
from probing.figures.of_run import lines_of
from probing.language import say

if TYPE_CHECKING:
    from probing.record import Run

AGAIN = say("make it again")
IN_DEPTH = say("this run was made without --depth full (in the dashboard: In depth), which gives")


def no_pooling(run: "Run", pooling: str) -> str:
    """That the run lacks a pooling, and which it has."""
    there = ", ".join(dict.fromkeys(line.pooling for line in lines_of(run, "probe")))
    return say(
        "this run has no pooling {pooling!r}; its poolings are {there}.",
        pooling=pooling,
        there=there,
    )


def required(found: Any, lacking: str) -> Any:
    """What was found; SettingsError where there is nothing."""
    if not found:
        raise SettingsError(
            "this run has {lacking!s}. If it was made by an older version, {again!s}.",
            lacking=lacking,
            again=AGAIN,
        )
    return found


def in_depth(run: "Run", found: Any, what: str) -> Any:
    """The same of what only an in-depth run of classes has."""
    if not found and run.kind != "classes":
        raise SettingsError("{what!s} are of classes; this run has no classes.", what=what)
    if not found:
        raise SettingsError(
            "{in_depth!s} {what!s}; {again!s} with it.", in_depth=IN_DEPTH, what=what, again=AGAIN
        )
    return found
