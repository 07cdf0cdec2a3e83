"""Parts of the comparison of runs: what may be said, the chart, sentences, settings."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.panels import concluded
from dashboard.panels.cell import choose_pooling
from dashboard.selection import linked
from dashboard.words import listed, plain
from probing import between, between_said, figures
from probing.between import Comparison
from probing.between_sentences import won
from probing.differing import differing
from probing.language import spoken, tr, tr_n
from probing.record import Run

_MOST = 200  # sentences of a table


def verdicts(found: Sequence[Comparison]) -> None:
    """What may be concluded of each pair of runs."""
    for comparison in found:
        concluded.show(
            " – ".join(comparison.names),
            _decided(len(found)),
            between_said.sentences(comparison),
            between_said.shared(comparison) or "",
        )


def _decided(others: int) -> str:
    said = tr(
        "Sentences are paired by text and label; of each, both runs have a prediction by a probe "
        "that was not fitted on it. A difference is named where it survives the correction for "
        "all comparisons of the two runs (sign-flip max-T, p ≤ 0.05), allowing for "
        "cross-validation. Intervals are paired bootstrap over different sentences. The best cell "
        "of a run is the one that most of its folds chose without their test sentences."
    )
    if others > 1:
        said += " " + tr("As {n} runs are compared with the first, p must be {n} times smaller.")
    return said.format(n=others)


# ---- the chart


def chart(runs: Sequence[Run], names: Sequence[str], dark: bool) -> None:
    """Scores by layer, a colour per run, one pooling at a time."""
    pairs = [(run, name) for run, name in zip(runs, names, strict=True) if run.kind == runs[0].kind]
    shown, called = [run for run, _ in pairs], [name for _, name in pairs]
    metric = between.metric_of(shown)
    if metric is None or len(shown) < 2:
        st.info(tr("No other run here has scores that could stand on one chart with this run's."))
        return
    st.header(tr("Scores by layer"), anchor=False)
    pooling = choose_pooling(runs[0], label=tr("Pooling"))
    curves = figures.curves_of(shown, called, pooling, metric)
    st.plotly_chart(
        figures.overlay(
            curves, figures.floor_of(shown, metric), scale=figures.METRICS[metric], dark=dark
        ),
        theme=None,
        key="compared",
        alt=_alt(curves),
    )
    missing = [curve.name for curve in curves if not curve.line.drawn]
    if missing:
        st.caption(
            tr("Without this pooling: {runs}.").format(runs=listed(plain(m) for m in missing))
        )
    if len(shown) < len(runs):
        st.caption(
            tr("Classes and numbers have no common scale: runs of another kind are not drawn.")
        )


def _alt(curves: Sequence[figures.Curve]) -> str:
    ends = [
        tr("{run}: {score} at its last layer").format(
            run=curve.name, score=f"{float(curve.line.drawn[-1].value or 0):.3f}"
        )
        for curve in curves
        if curve.line.drawn
    ]
    return tr("Scores by layer") + ": " + "; ".join(ends)


# ---- what changed


def gains(found: Sequence[Comparison], dark: bool) -> None:
    """What one run has over the shown one by layer, where both have as many layers."""
    able = [
        k for k, comparison in enumerate(found) if any(between_said.by_pooling(comparison).values())
    ]
    if not able:
        return
    st.header(tr("What changes, layer by layer"), anchor=False)
    comparison = found[_one_of(found, able, "change")]
    first, second = comparison.names
    st.caption(
        tr("What {b} gains over {a}; below zero it loses. Bars are 95% intervals.").format(
            a=plain(first), b=plain(second)
        )
    )
    st.plotly_chart(
        figures.gains(
            between_said.by_pooling(comparison),
            comparison.names,
            metric=comparison.metric,
            alpha=comparison.alpha,
            dark=dark,
        ),
        theme=None,
        key="gains",
        alt=" ".join(between_said.sentences(comparison)),
    )


def _one_of(found: Sequence[Comparison], able: Sequence[int], name: str) -> int:
    """Which comparison is looked at, of several."""
    if len(able) == 1:
        return able[0]
    return int(
        st.selectbox(
            tr("Which two runs"),
            able,
            format_func=lambda k: " – ".join(found[k].names),
            width=560,
            **linked(name, able[0], able),
        )
    )


# ---- sentences


def sentences(runs: Sequence[Run], found: Sequence[Comparison]) -> None:
    """What the best cell of one run gets right and that of another gets wrong."""
    able = [k for k, comparison in enumerate(found) if comparison.best is not None]
    if not able:
        return
    st.header(tr("Sentences that only one gets right"), anchor=False)
    at = _one_of(found, able, "pair")
    comparison, other = found[at], runs[1 + at]
    tables = {
        "a": won(comparison, runs[0], other, "a"),
        "b": won(comparison, runs[0], other, "b"),
    }
    side: Any = st.segmented_control(
        tr("Nearer to the number") if runs[0].kind == "numbers" else tr("Right only in"),
        list(tables),
        required=True,
        wrap=True,
        format_func=lambda s: (
            f"{plain(comparison.names[0 if s == 'a' else 1])}: {len(tables[s]):,}"
        ),
        **linked("side", "a", tables),
    )
    table = tables[side]
    if not len(table):
        st.caption(tr("No sentence."))
        return
    first, second = comparison.names
    one_file = bool((table["row_a"] == table["row_b"]).all())
    if one_file:
        table = table.drop(columns="row_b")
    st.dataframe(
        table.head(_MOST),
        column_config={
            "text": st.column_config.TextColumn(tr("Sentence"), width="large"),
            "label": st.column_config.TextColumn(tr("Label")),
            "predicted_a": st.column_config.Column(
                tr("Predicted: {run}").format(run=between_said.short(first, 30))
            ),
            "predicted_b": st.column_config.Column(
                tr("Predicted: {run}").format(run=between_said.short(second, 30))
            ),
            "row_a": st.column_config.NumberColumn(
                tr("Row") if one_file else tr("Row, first file"), width="small"
            ),
            "row_b": st.column_config.NumberColumn(tr("Row, second file"), width="small"),
        },
        hide_index=True,
        height=360,
        key="compare_sentences",
    )
    st.caption(_shown(len(table)))


def _shown(n: int) -> str:
    if n <= _MOST:
        return tr_n("{n} sentence.", "{n} sentences.", n).format(n=f"{n:,}")
    return tr("The first {most} of {n} sentences.").format(most=f"{_MOST:,}", n=f"{n:,}")


# ---- settings


def settings(runs: Sequence[Run], names: Sequence[str]) -> None:
    """In what the runs differ."""
    import pandas as pd

    st.header(tr("What differs"), anchor=False)
    found = differing(runs)
    if not found:
        st.caption(tr("Nothing: the runs have the same encoder, data and settings."))
        return
    said = {"True": tr("yes"), "False": tr("no"), "": "–"}
    rows = [[tr(s.name), *(said.get(value) or spoken(value) for value in s.values)] for s in found]
    columns = [tr("Setting"), *(between_said.short(name, 60) for name in names)]
    st.dataframe(
        pd.DataFrame(rows, columns=_distinct(columns)), hide_index=True, key="compare_settings"
    )
    st.caption(tr("Whatever is not listed is the same."))


def _distinct(columns: Sequence[str]) -> list[str]:
    """The same without repetition, which a table does not take."""
    return [name if name not in columns[:k] else f"{name} ({k})" for k, name in enumerate(columns)]
