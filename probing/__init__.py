"""What does the [CLS] vector of an encoder know, and at which layer?

::

    import probing

    run = probing.run(texts, labels)          # or probing.run(probing.read_csv("reviews.csv"))
    run.table                                 # a line per layer × pooling
    run.figure("accuracy").show()
    probing.load_run("path/to/run")
    probing.compare(run, other).text          # two runs of the same sentences

Importing this package is light: what is heavy comes with first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probing.between import Comparison, compare
    from probing.errors import (
        Cancelled,
        DataError,
        EncoderError,
        ProbingError,
        RunFolderError,
        SettingsError,
    )
    from probing.probes.result import ProbeResult
    from probing.projections import Projection
    from probing.reading import read_csv
    from probing.record import Run
    from probing.representations import Representations
    from probing.runs import run
    from probing.sentence_encoder import SentenceEncoder
    from probing.sentences import Sentences
    from probing.settings import Settings
    from probing.store import load_run

__version__ = "0.1.0"

_HOMES = {
    "Cancelled": "errors",
    "Comparison": "between",
    "DataError": "errors",
    "EncoderError": "errors",
    "ProbeResult": "probes.result",
    "ProbingError": "errors",
    "Projection": "projections",
    "Representations": "representations",
    "Run": "record",
    "RunFolderError": "errors",
    "SentenceEncoder": "sentence_encoder",
    "Sentences": "sentences",
    "Settings": "settings",
    "SettingsError": "errors",
    "compare": "between",
    "load_run": "store",
    "read_csv": "reading",
    "run": "runs",
}

__all__ = [
    "Cancelled",
    "Comparison",
    "DataError",
    "EncoderError",
    "ProbeResult",
    "ProbingError",
    "Projection",
    "Representations",
    "Run",
    "RunFolderError",
    "SentenceEncoder",
    "Sentences",
    "Settings",
    "SettingsError",
    "compare",
    "load_run",
    "read_csv",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'probing' has no attribute {name!r}")
    return getattr(import_module(f"probing.{_HOMES[name]}"), name)
