"""What stands beside the scores: comparisons, controls, geometry; a chart and a sentence each."""

from collections.abc import Callable

import streamlit as st

from dashboard import cached, glossary
from dashboard.words import plain
from probing import figures
from probing.evidence import Estimate
from probing.record import Run

_DEEP = (
    "This is part of an in-depth run. Switch **In depth** on in the side bar and run again "
    "(`--depth full` on the command line)."
)


def show(run: Run, dark: bool) -> None:
    """Draw the chosen panel of those that this run can have."""
    st.subheader("Can it be believed?", anchor=False)
    able = {name: panel for name, panel in _PANELS.items() if panel[0](run)}
    chosen = st.segmented_control(
        "Evidence",
        list(able),
        default=next(iter(able)),
        required=True,
        wrap=True,
        key="evidence",
        bind="query-params",
        label_visibility="collapsed",
    )
    able.get(str(chosen), next(iter(able.values())))[1](run, dark)


def _chart(run: Run, dark: bool, name: str, alt: str, **options: object) -> None:
    st.plotly_chart(
        cached.figure(run, name, dark=dark, **options), theme=None, key=f"e:{name}", alt=alt
    )


def _explained(said: str, text: str) -> None:
    """What is seen, and a click away what it means."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(said)
        with st.popover("What is this?", icon=":material/help:", type="tertiary"):
            st.markdown(text)


# ---- panels


def _comparisons(run: Run, dark: bool) -> None:
    evidence = run.evidence
    found = [c for c in evidence.contrasts if _same_layer(c.a, c.b)]
    survive = sum(c.p_max_t is not None and c.p_max_t <= 0.05 for c in found)
    tested = any(c.p_max_t is not None for c in found)
    said = (
        f"{survive} of {len(found)} differences between poolings survive the correction."
        if tested
        else "With fewer than 100 different sentences nothing is tested by layer."
    )
    _explained(said, glossary.COMPARISONS)
    left, right = st.columns((3, 1), gap="large")
    with left:
        _chart(run, dark, "comparisons", said)
    with right:
        if evidence.best is not None:
            st.markdown("**Cells chosen on inner folds**")
            _chart(run, dark, "choices", "Cells chosen by the outer folds")
            best, metric = evidence.best, evidence.metric
            st.caption(
                f"So chosen: {_figure(best.score, metric)}. The highest of all cells, "
                f"{_level(best.maximum, metric)}, was picked after scoring."
            )
    with st.expander("All comparisons"):
        st.dataframe(
            {
                "a": [c.a for c in evidence.contrasts],
                "b": [c.b for c in evidence.contrasts],
                "difference": [c.difference.value for c in evidence.contrasts],
                "from": [c.difference.low for c in evidence.contrasts],
                "to": [c.difference.high for c in evidence.contrasts],
                "only a right": [c.only_a for c in evidence.contrasts],
                "only b right": [c.only_b for c in evidence.contrasts],
                "p (McNemar)": [c.p_mcnemar for c in evidence.contrasts],
                "p (max-T)": [c.p_max_t for c in evidence.contrasts],
            },
            hide_index=True,
            key="contrasts",
        )


def _arrival(run: Run, dark: bool) -> None:
    _explained("When CLS becomes about the sentence.", glossary.ARRIVAL)
    _chart(run, dark, "arrival", "Relative variance and noise-robust accuracy by layer")


def _controls(run: Run, dark: bool) -> None:
    evidence = run.evidence
    recurring = evidence.recurring
    said = (
        ""
        if recurring is None
        else f"{recurring:.0%} of the sentences are of a type that also occurs in training: "
        "selectivity can only be judged on those."
    )
    _explained(said, glossary.CONTROLS)
    _chart(run, dark, "selectivity", "Accuracy and control accuracy by layer")
    if evidence.permutations:
        st.markdown("**Permutation test**")
        st.dataframe(
            {
                "layer": [p.layer for p in evidence.permutations],
                "pooling": [p.pooling for p in evidence.permutations],
                "accuracy": [p.accuracy for p in evidence.permutations],
                "with permuted labels": [p.permuted_accuracy for p in evidence.permutations],
                "p": [p.p for p in evidence.permutations],
                "permutations": [p.permutations for p in evidence.permutations],
                "n": [p.n for p in evidence.permutations],
            },
            hide_index=True,
            key="permutations",
        )
        st.caption("The probe's C is fixed here, the same for real and permuted labels.")
    else:
        st.caption(f"Permutation tests: {_DEEP}")


def _conditional(run: Run, dark: bool) -> None:
    last = run.evidence.conditionals[-1]
    said = (
        f"At layer {last.layer} CLS adds {_bits(last.cls_adds)} to the mean, and the mean adds "
        f"{_bits(last.mean_adds)} to CLS."
    )
    _explained(plain(said), glossary.CONDITIONAL)
    _chart(run, dark, "conditional", said)


def _description(run: Run, dark: bool) -> None:
    codes = run.evidence.codes
    if not codes:
        _explained("How many labels it takes, and how short they can be written.", _DEEP)
        return
    layers = sorted({c.layer for c in codes})
    _explained(
        f"{codes[0].n:,} sentences, mean of {codes[0].shuffles} shuffles.", glossary.DESCRIPTION
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Compression by layer**")
        _chart(run, dark, "description", "Compression by layer")
    with right:
        layer = st.select_slider("Learning curve at layer", layers, layers[-1], key="curve")
        _chart(run, dark, "learning", "Accuracy against labels seen", layer=layer)


def _geometry(run: Run, dark: bool) -> None:
    measure = st.selectbox(
        "Measure",
        list(glossary.GEOMETRY),
        format_func=glossary.GEOMETRY_NAMES.__getitem__,
        key="measure",
        width=320,
    )
    st.caption(f"{glossary.GEOMETRY[measure]} n = {run.evidence.shapes[0].n:,}.")
    _chart(run, dark, "geometry", glossary.GEOMETRY[measure], measure=measure)


def _cells(run: Run, dark: bool) -> None:
    """All figures of all cells."""
    st.dataframe(run.table, hide_index=True, key="cells")
    st.download_button(
        "Download table (CSV)",
        run.table.to_csv(index=False).encode(),
        file_name="probes.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


_PANELS: dict[str, tuple[Callable[[Run], bool], Callable[[Run, bool], None]]] = {
    "Comparisons": (
        lambda run: any(_same_layer(c.a, c.b) for c in run.evidence.contrasts),
        _comparisons,
    ),
    "When CLS arrives": (
        lambda run: bool(run.evidence.checks) and run.kind != "none",
        _arrival,
    ),
    "Controls": (
        lambda run: any(check.control is not None for check in run.evidence.checks),
        _controls,
    ),
    "CLS beyond the mean": (lambda run: bool(run.evidence.conditionals), _conditional),
    "How many labels": (lambda run: run.kind == "classes", _description),
    "Geometry": (lambda run: bool(run.evidence.shapes), _geometry),
    "Table": (lambda run: run.kind != "none", _cells),
}
"""Name → whether a run has it, and how it is drawn."""


def _same_layer(a: str, b: str) -> bool:
    cells = [name.rpartition("_") for name in (a, b)]
    return all(p in figures.NAMES for p, _, _ in cells) and cells[0][2] == cells[1][2]


def _bits(estimate: Estimate) -> str:
    low, high = f"{estimate.low:.2f}", f"{estimate.high:.2f}"
    return f"{estimate.value:.2f} bits [{low}, {high}]".replace("-", "−")


def _figure(score: Estimate, metric: str) -> str:
    low, high = _level(score.low, metric), _level(score.high, metric)
    return f"{_level(score.value, metric)} [{low}, {high}], n = {score.n:,}"


def _level(value: float, metric: str) -> str:
    return f"{value:.2f}" if metric == "r2" else f"{value:.1%}"
