"""The way of single sentences through the layers: from where on a probe is right, and who is near.

Tables are as in ``per_sentence``: ``row`` as in the uploaded file, the index a sentence's position
in ``run.sentences``; texts and labels as they are.
"""

from typing import TYPE_CHECKING

import numpy as np

from probing.answers import class_numbers
from probing.errors import SettingsError
from probing.geometry import is_constant
from probing.record import Run

if TYPE_CHECKING:
    import pandas as pd

NEVER = -1
_BLOCK = 4_096  # vectors held at once


def right_from(run: Run, pooling: str) -> np.ndarray:
    """int64 (n,) the layer from which on, up to the last, the probe is right at every layer.

    ``NEVER`` for a sentence that is wrong at the last layer, or was not scored. SettingsError where
    the run has no classes, or not this pooling.
    """
    if run.kind != "classes":
        raise SettingsError(
            "whether a probe is right is asked of classes, and this run has none. Choose a label "
            "column of classes and run again."
        )
    cells = sorted((c for c in run.probes if c.pooling == pooling), key=lambda cell: cell.layer)
    if not cells:
        raise SettingsError("this run has no probes on the pooling {pooling!r}.", pooling=pooling)
    y = class_numbers(run)
    right = np.stack([cell.predicted == y for cell in cells])
    # from the last layer down, how many in a row
    kept = np.logical_and.accumulate(right[::-1]).sum(axis=0)
    layers = np.array([cell.layer for cell in cells] + [NEVER], dtype=np.int64)
    return layers[np.where(kept > 0, len(cells) - kept, len(cells))]


def predicted(run: Run, index: int) -> "pd.DataFrame":
    """What each probe takes a sentence for: layers (rows) × poolings (columns), class names.

    ``index`` is its position in ``run.sentences``; empty strings where it was not scored.
    """
    import pandas as pd

    poolings = pd.Index(dict.fromkeys(c.pooling for c in run.probes), name="pooling")
    layers = pd.Index(sorted({c.layer for c in run.probes}), name="layer")
    found = pd.DataFrame("", layers, poolings, dtype=object)
    for cell in run.probes:
        k = int(cell.predicted[index])
        found.loc[cell.layer, cell.pooling] = run.sentences.classes[k] if k >= 0 else ""
    return found


def nearest_to(
    run: Run, index: int, layer: int, pooling: str, *, z: bool = False, most: int = 10
) -> "pd.DataFrame":
    """The sentences whose vectors are nearest to a sentence's under cosine, the nearest first.

    Columns: row, text, label (where there are labels), cosine. ``z`` scales each dimension to mean
    0 and standard deviation 1 first: a few large dimensions rule the plain cosine. The sentence
    itself is left out, copies of it are not. SettingsError for a run without its vectors, for a
    cell it does not have, and where all vectors are the same.
    """
    import pandas as pd

    x = _vectors(run, layer, pooling)
    if not 0 <= index < len(x):
        raise SettingsError(
            "there is no sentence {index}; this run has {n:,}, from 0 on.", index=index, n=len(x)
        )
    cosines = _cosines(x, index, z)
    cosines[index] = -np.inf
    at = np.argsort(-cosines, kind="stable")[: min(most, len(x) - 1)]
    sentences = run.sentences
    columns: dict[str, list[object]] = {
        "row": [sentences.rows[i] for i in at.tolist()],
        "text": [sentences.texts[i] for i in at.tolist()],
    }
    if sentences.labels is not None:
        columns["label"] = [sentences.labels[i] for i in at.tolist()]
    frame = pd.DataFrame(columns, index=pd.Index(at, name="sentence"))
    return frame.assign(cosine=cosines[at])


def _vectors(run: Run, layer: int, pooling: str) -> np.ndarray:
    if run.representations is None:
        raise SettingsError("this run was stored without its vectors, so nobody's neighbours show.")
    there = run.representations
    if pooling not in there.poolings or not 0 <= layer < there.layers:
        raise SettingsError(
            "this run has no vectors of {pooling!r} at layer {layer}.", pooling=pooling, layer=layer
        )
    x = there.cell(layer, pooling)
    if is_constant(x):
        raise SettingsError(
            "here the vector is the same for every sentence, so all are equally near. Choose a "
            "higher layer."
        )
    return x


def _cosines(x: np.ndarray, index: int, z: bool) -> np.ndarray:
    """float64 (n,) cosine of each vector with one of them; 0 where a vector is 0."""
    centre, scale = np.zeros(x.shape[1]), np.ones(x.shape[1])
    if z:
        centre = x.mean(axis=0, dtype=np.float64)
        scale = x.std(axis=0, dtype=np.float64)
        scale[scale == 0] = 1
    query = (x[index] - centre) / scale
    found = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        block = (x[start : start + _BLOCK] - centre) / scale
        lengths = np.linalg.norm(block, axis=1) * np.linalg.norm(query)
        products = block @ query
        found[start : start + _BLOCK] = np.divide(
            products, lengths, out=np.zeros_like(products), where=lengths > 0
        )
    return found
