"""Layers: how much of the label each layer and pooling holds."""

import streamlit as st

from dashboard.selection import Selection
from dashboard.shown import run_or_reason
from dashboard.words import POOLER_HELP, plain
from probing import verdict
from probing.record import Run

_PERCENT = ("accuracy", "ci_low", "ci_high", "balanced_accuracy")
_SHOWN = {
    "layer": st.column_config.NumberColumn("Layer", width="small"),
    "pooling": st.column_config.TextColumn("Pooling", width="small"),
    "accuracy": st.column_config.NumberColumn("Accuracy", format="%.1f %%"),
    "ci_low": st.column_config.NumberColumn("95 % from", format="%.1f %%"),
    "ci_high": st.column_config.NumberColumn("to", format="%.1f %%"),
    "balanced_accuracy": st.column_config.NumberColumn("Balanced accuracy", format="%.1f %%"),
    "macro_f1": st.column_config.NumberColumn("Macro F1", format="%.3f"),
    "log_loss_bits": st.column_config.NumberColumn("Log-loss (bits)", format="%.2f"),
    "C": st.column_config.NumberColumn("C", format="%g"),
    "n": st.column_config.NumberColumn("n", width="small"),
    "constant": st.column_config.CheckboxColumn("Constant", width="small"),
}


def show(selection: Selection) -> None:
    """Draw the accuracy chart, the table of all cells and what the run rests on."""
    run = run_or_reason(selection)
    if run is None:
        return
    heading(run)
    if not run.probes:
        st.info("These sentences have no labels, so there is nothing to probe. See the Map.")
    else:
        st.markdown(verdict.describe(run))
        chart, numbers = st.columns((3, 2), gap="large")
        with chart:
            figure = run.figure("accuracy", dark=selection.dark)
            st.plotly_chart(
                figure, theme=None, height=480, key="accuracy", alt=verdict.describe(run)
            )
            st.caption(
                "Bands are 95 % Wilson intervals. An open marker is a constant vector: the same "
                "for every sentence, so the probe can only name the most frequent class."
            )
        with numbers:
            percent = {name: run.table[name].astype(float) * 100 for name in _PERCENT}
            st.dataframe(
                run.table.assign(**percent),
                column_config=_SHOWN,
                column_order=list(_SHOWN),
                hide_index=True,
                height=420,
                key="cells",
            )
            st.download_button(
                "Download table (CSV)",
                run.table.to_csv(index=False).encode(),
                file_name="probes.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
    about(run)


def heading(run: Run) -> None:
    """Whose run this is."""
    record = run.record
    st.subheader(plain(str(record["data"]["name"])), anchor=False)
    pooler = record["encoder"]["pooler"]
    state = (
        "" if pooler["trained"] else " · untrained pooler" if pooler["present"] else " · no pooler"
    )
    scoring = f" · {plain(record['scoring'])}" if record["scoring"] else ""
    st.caption(
        f"{len(run.sentences):,} sentences · {plain(record['encoder']['id'])}{state}{scoring}",
        help=POOLER_HELP,
    )


def about(run: Run) -> None:
    """What the figures rest on, a click away."""
    record, source = run.record, run.sentences.source
    with st.expander("About this run"):
        encoder = record["encoder"]
        st.markdown(
            f"**Encoder** {plain(encoder['id'])}, {plain(encoder['family_title'])}: "
            f"{encoder['layers']} layers, {encoder['hidden']} numbers a vector. "
            f"Its classification head reads: {plain(encoder['head'])}."
        )
        pooler = encoder["pooler"]
        state = "trained" if pooler["trained"] else "untrained" if pooler["present"] else "none"
        st.markdown(f"**Pooler** {state}: {plain(pooler['evidence'])}.")
        for notice in record["notices"]:
            st.markdown(f"- {plain(notice)}")
        for dropped in source.dropped:
            st.markdown(f"- {len(dropped.rows):,} rows left out: {plain(dropped.reason)}.")
        st.caption(f"Run {run.id} · {record['created']} · seed {record['settings']['seed']}")
