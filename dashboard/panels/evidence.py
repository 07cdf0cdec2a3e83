"""What stands beside the scores: comparisons, controls, geometry; a chart and a sentence each."""

from collections.abc import Callable

import streamlit as st

from dashboard import cached, glossary
from dashboard.panels.choice import choose, opening
from dashboard.selection import linked
from dashboard.words import plain
from probing import figures
from probing.evidence import Estimate
from probing.language import later, tr
from probing.record import Run

_DEEP = later(
    "This is part of an in-depth run. Switch **In depth** on in the side bar and run again "
    "(`--depth full` on the command line)."
)


def show(run: Run, dark: bool) -> None:
    """Draw the chosen panel of those that this run can have."""
    st.header(tr("Can it be believed?"), anchor=False)
    able = {key: title for key, (title, has, _) in _PANELS.items() if has(run)}
    chosen = choose(tr("Evidence"), able, key="evidence", label_visibility="collapsed")
    _PANELS[chosen][2](run, dark)


def _chart(run: Run, dark: bool, name: str, alt: str, **options: object) -> None:
    st.plotly_chart(
        cached.figure(run, name, dark=dark, **options), theme=None, key=f"e:{name}", alt=alt
    )


def _explained(said: str, text: str) -> None:
    """What is seen, and a click away what it means."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(said)
        with st.popover(tr("What is this?"), icon=":material/help:", type="tertiary"):
            st.markdown(text)


# ---- panels


def _comparisons(run: Run, dark: bool) -> None:
    evidence = run.evidence
    found = [c for c in evidence.contrasts if _same_layer(c.a, c.b)]
    survive = sum(c.p_max_t is not None and c.p_max_t <= 0.05 for c in found)
    tested = any(c.p_max_t is not None for c in found)
    said = (
        tr("{n} of {all} differences between poolings survive the correction.").format(
            n=survive, all=len(found)
        )
        if tested
        else tr("With fewer than 100 different sentences nothing is tested by layer.")
    )
    _explained(said, tr(glossary.COMPARISONS))
    left, right = st.columns((3, 1), gap="large")
    with left:
        _chart(run, dark, "comparisons", said)
    with right:
        if evidence.best is not None:
            st.markdown("**" + tr("Cells chosen on inner folds") + "**")
            _chart(run, dark, "choices", tr("Cells chosen by the outer folds"))
            best, metric = evidence.best, evidence.metric
            st.caption(
                tr(
                    "So chosen: {score}. The highest of all cells, {maximum}, was picked after "
                    "scoring."
                ).format(score=_figure(best.score, metric), maximum=_level(best.maximum, metric))
            )
    with opening(tr("All comparisons"), "contrasts_listed"):
        st.dataframe(
            {
                "a": [c.a for c in evidence.contrasts],
                "b": [c.b for c in evidence.contrasts],
                tr("difference"): [c.difference.value for c in evidence.contrasts],
                tr("from"): [c.difference.low for c in evidence.contrasts],
                tr("to"): [c.difference.high for c in evidence.contrasts],
                tr("only a right"): [c.only_a for c in evidence.contrasts],
                tr("only b right"): [c.only_b for c in evidence.contrasts],
                tr("p (McNemar)"): [c.p_mcnemar for c in evidence.contrasts],
                tr("p (max-T)"): [c.p_max_t for c in evidence.contrasts],
            },
            hide_index=True,
            key="contrasts",
        )


def _arrival(run: Run, dark: bool) -> None:
    _explained(tr("When CLS becomes about the sentence."), tr(glossary.ARRIVAL))
    _chart(run, dark, "arrival", tr("Relative variance and noise-robust accuracy by layer"))


def _controls(run: Run, dark: bool) -> None:
    evidence = run.evidence
    recurring = evidence.recurring
    said = (
        ""
        if recurring is None
        else tr(
            "{share} of the sentences are of a type that also occurs in training: selectivity can "
            "only be judged on those."
        ).format(share=f"{recurring:.0%}")
    )
    _explained(said, tr(glossary.CONTROLS))
    _chart(run, dark, "selectivity", tr("Accuracy and control accuracy by layer"))
    if evidence.permutations:
        st.markdown("**" + tr("Permutation test") + "**")
        st.dataframe(
            {
                tr("layer"): [p.layer for p in evidence.permutations],
                tr("pooling"): [figures.NAMES[p.pooling] for p in evidence.permutations],
                tr("accuracy"): [p.accuracy for p in evidence.permutations],
                tr("with permuted labels"): [p.permuted_accuracy for p in evidence.permutations],
                "p": [p.p for p in evidence.permutations],
                tr("permutations"): [p.permutations for p in evidence.permutations],
                "n": [p.n for p in evidence.permutations],
            },
            hide_index=True,
            key="permutations",
        )
        st.caption(tr("The probe's C is fixed here, the same for real and permuted labels."))
    else:
        st.caption(tr("Permutation tests:") + " " + tr(_DEEP))


def _conditional(run: Run, dark: bool) -> None:
    last = run.evidence.conditionals[-1]
    said = tr(
        "At layer {layer} CLS adds {cls} to the mean, and the mean adds {mean} to CLS."
    ).format(layer=last.layer, cls=_bits(last.cls_adds), mean=_bits(last.mean_adds))
    _explained(plain(said), tr(glossary.CONDITIONAL))
    _chart(run, dark, "conditional", said)


def _description(run: Run, dark: bool) -> None:
    codes = run.evidence.codes
    if not codes:
        _explained(tr("How many labels it takes, and how short they can be written."), tr(_DEEP))
        return
    layers = sorted({c.layer for c in codes})
    said = tr("{n} sentences, mean of {shuffles} shuffles.").format(
        n=f"{codes[0].n:,}", shuffles=codes[0].shuffles
    )
    _explained(said, tr(glossary.DESCRIPTION))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + tr("Compression by layer") + "**")
        _chart(run, dark, "description", tr("Compression by layer"))
    with right:
        layer = st.select_slider(
            tr("Learning curve at layer"), layers, **linked("curve", layers[-1], layers)
        )
        _chart(run, dark, "learning", tr("Accuracy against labels seen"), layer=layer)


def _geometry(run: Run, dark: bool) -> None:
    measure = st.selectbox(
        tr("Measure"),
        list(glossary.GEOMETRY),
        format_func=lambda name: tr(glossary.GEOMETRY_NAMES[name]),
        width=320,
        **linked("measure", next(iter(glossary.GEOMETRY)), glossary.GEOMETRY),
    )
    said = tr(glossary.GEOMETRY[measure])
    st.caption(f"{said} n = {run.evidence.shapes[0].n:,}.")
    _chart(run, dark, "geometry", said, measure=measure)


def _cells(run: Run, dark: bool) -> None:
    """All figures of all cells."""
    st.dataframe(run.table, hide_index=True, key="cells")
    st.download_button(
        tr("Download table (CSV)"),
        run.table.to_csv(index=False).encode(),
        file_name="probes.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


_PANELS: dict[str, tuple[str, Callable[[Run], bool], Callable[[Run, bool], None]]] = {
    "comparisons": (
        later("Comparisons"),
        lambda run: any(_same_layer(c.a, c.b) for c in run.evidence.contrasts),
        _comparisons,
    ),
    "arrival": (
        later("When CLS arrives"),
        lambda run: bool(run.evidence.checks) and run.kind != "none",
        _arrival,
    ),
    "controls": (
        later("Controls"),
        lambda run: any(check.control is not None for check in run.evidence.checks),
        _controls,
    ),
    "beyond": (
        later("CLS beyond the mean"),
        lambda run: bool(run.evidence.conditionals),
        _conditional,
    ),
    "labels_needed": (
        later("How many labels"),
        lambda run: run.kind == "classes",
        _description,
    ),
    "geometry": (later("Geometry"), lambda run: bool(run.evidence.shapes), _geometry),
    "table": (later("Table"), lambda run: run.kind != "none", _cells),
}
"""Title, whether a run has it, and how it is drawn."""


def _same_layer(a: str, b: str) -> bool:
    cells = [name.rpartition("_") for name in (a, b)]
    return all(p in figures.NAMES for p, _, _ in cells) and cells[0][2] == cells[1][2]


def _bits(estimate: Estimate) -> str:
    low, high = f"{estimate.low:.2f}", f"{estimate.high:.2f}"
    return tr("{value} bits [{low}, {high}]").format(
        value=f"{estimate.value:.2f}".replace("-", "−"),
        low=low.replace("-", "−"),
        high=high.replace("-", "−"),
    )


def _figure(score: Estimate, metric: str) -> str:
    low, high = _level(score.low, metric), _level(score.high, metric)
    return f"{_level(score.value, metric)} [{low}, {high}], n = {score.n:,}"


def _level(value: float, metric: str) -> str:
    return f"{value:.2f}" if metric == "r2" else f"{value:.1%}"
