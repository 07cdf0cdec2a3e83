"""A cell's vectors for TensorFlow's Embedding Projector (projector.tensorflow.org, "Load")."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from probing import store
from probing.exports.cells import vectors_of

if TYPE_CHECKING:
    from probing.record import Run

VECTORS, METADATA = "vectors.tsv", "metadata.tsv"


def projector(run: "Run", folder: str | Path, layer: int = -1, pooling: str = "cls") -> None:
    """Write ``vectors.tsv`` and ``metadata.tsv`` into a new ``folder``.

    A line per sentence in both, in the run's order; nine digits give each float32 back. The
    metadata begin with a line of names: row, text and, where there are any, label and split. Tabs
    and line ends in a text become spaces, as the format has no way to write them. Raises
    SettingsError for a cell that the run does not have, RunFolderError where the folder cannot be
    written.
    """
    vectors = vectors_of(run, layer, pooling)
    with store.new_folder(Path(folder)) as work:
        with (work / VECTORS).open("w", encoding="utf-8", newline="\n") as file:
            np.savetxt(file, vectors, fmt="%.9g", delimiter="\t")
        (work / METADATA).write_text(_metadata(run), encoding="utf-8", newline="\n")


def _metadata(run: "Run") -> str:
    sentences = run.sentences
    columns: dict[str, tuple[object, ...]] = {"row": sentences.rows, "text": sentences.texts}
    if sentences.labels is not None:
        columns["label"] = sentences.labels
    if sentences.splits is not None:
        columns["split"] = sentences.splits
    lines = [tuple(columns), *zip(*columns.values(), strict=True)]
    return "".join("\t".join(_flat(str(cell)) for cell in line) + "\n" for line in lines)


def _flat(text: str) -> str:
    """On one line and in one column; a blank cell would shift the others in some readers."""
    return " ".join(text.split()) or " "
