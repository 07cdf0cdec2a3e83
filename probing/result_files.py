"""The results of a run as ``probes.csv`` and ``predictions.parquet`` hold them, and back.

``predictions.parquet`` has for each cell ``{pooling}_{layer}`` the held-out prediction, for classes
also ``p_…`` the probability of the true label and ``c_…`` that of the predicted one; for each
baseline the same under ``baseline_{name}``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probing.probes.regression import SCALARS as REGRESSION_SCALARS
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import SCALARS, Baseline, ProbeResult
from probing.record import Run
from probing.representations import POOLINGS
from probing.sentences import Sentences

if TYPE_CHECKING:
    import pyarrow as pa

Fields = dict[str, Any]


def predictions(run: Run) -> "pa.Table":
    """The content of ``predictions.parquet``."""
    import pyarrow as pa

    columns = {"row": pa.array(run.sentences.rows, pa.int64())}
    if run.sentences.labels is not None:
        columns["label"] = pa.array(run.sentences.labels, pa.string()).dictionary_encode()
    classes = pa.array(run.sentences.classes, pa.string())
    for name, found in _named(run.probes, run.baselines).items():
        numbers = pa.array(found.predicted, pa.int32(), mask=~found.scored)
        columns[name] = pa.DictionaryArray.from_arrays(numbers, classes)
        for prefix, values in (("p_", found.true_probability), ("c_", found.confidence)):
            columns[prefix + name] = pa.array(values, pa.float32(), mask=np.isnan(values))
    for name, number in _named(run.regressions, run.numeric_baselines).items():
        columns[name] = pa.array(number.predicted, pa.float64(), mask=~number.scored)
    return pa.table(columns)


def _named(cells: Any, rivals: Any) -> dict[str, Any]:
    return {cell.name: cell for cell in cells} | {f"baseline_{r.name}": r for r in rivals}


def load(folder: Path, sentences: Sentences, record: Mapping[str, Any]) -> Fields:
    """The fields of ``Run`` that these files and ``run.json`` hold. ``ValueError`` if damaged."""
    import pandas as pd
    from pyarrow import parquet

    if sentences.labels is None:
        return {"probes": ()}
    table = pd.read_csv(folder / "probes.csv")
    held = parquet.read_table(folder / "predictions.parquet")
    numeric = "r2" in table.columns
    cells = [f"{row.pooling}_{row.layer}" for row in table.itertuples()]
    if cells != [name for name in held.column_names if name.rpartition("_")[0] in POOLINGS]:
        raise ValueError("probes.csv and predictions.parquet do not hold the same cells")
    columns = REGRESSION_SCALARS if numeric else SCALARS
    frame = table.reindex(columns=list(columns)).astype(object)
    rows: list[Fields] = [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
    results = [
        {**row, **_chosen(record, name), **_arrays(held, name, sentences.classes, numeric)}
        for name, row in zip(cells, rows, strict=True)
    ]
    rivals = [
        {
            **{key: value for key, value in scalars.items() if key != "class"},
            **_arrays(held, f"baseline_{name}", sentences.classes, numeric),
            "name": name,
        }
        for name, scalars in record["baselines"].items()
        if f"baseline_{name}" in held.column_names
    ]
    if numeric:
        return {
            "probes": (),
            "regressions": tuple(RegressionResult(**fields) for fields in results),
            "numeric_baselines": tuple(NumericBaseline(**fields) for fields in rivals),
        }
    return {
        "probes": tuple(ProbeResult(**fields) for fields in results),
        "baselines": tuple(Baseline(**fields) for fields in rivals),
    }


def _chosen(record: Mapping[str, Any], cell: str) -> Fields:
    """What the folds chose inside; empty for a constant cell."""
    found = record.get("folds", {}).get(cell)
    if found is None:
        return {}
    losses = (float("inf") if loss is None else loss for loss in found["inner_loss"])
    return {"fold_C": tuple(found["C"]), "fold_inner_loss": tuple(losses)}


def _arrays(held: "pa.Table", name: str, classes: tuple[str, ...], numeric: bool) -> Fields:
    """The array fields of one cell or baseline."""
    if numeric:
        return {"predicted": held[name].to_numpy().astype(np.float64)}
    predicted = held[name].combine_chunks()
    names = predicted.dictionary.to_pylist()
    number = {label: i for i, label in enumerate(classes)}
    lookup = np.array([number[label] for label in names] + [-1], dtype=np.int32)
    true, confidence = (
        held[prefix + name].to_numpy().astype(np.float32)
        if prefix + name in held.column_names
        else np.full(len(predicted), np.nan, dtype=np.float32)  # a run before confidence was kept
        for prefix in ("p_", "c_")
    )
    return {
        "predicted": lookup[predicted.indices.fill_null(len(names)).to_numpy()],
        "true_probability": true,
        "confidence": confidence,
    }
