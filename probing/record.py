"""Run: everything that one run found, as it is drawn, saved and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from probing.probes.result import SCALARS, ProbeResult
from probing.projections import Projection
from probing.representations import Representations
from probing.sentences import Sentences

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


SCHEMA = 1
"""Version of the run folder. A reader refuses a newer one."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run. ``load_run`` gives the same value back from its folder."""

    record: Mapping[str, Any]
    """The content of ``run.json``: id, data, encoder, settings, timings, baselines, verdict, …"""
    sentences: Sentences
    """The n sentences used, with the row numbers they had in the file."""
    probes: tuple[ProbeResult, ...]
    """One per layer × pooling, by pooling, then by layer; empty for sentences without labels."""
    projections: tuple[Projection, ...]
    """The maps drawn so far."""
    representations: Representations | None = None
    """The vectors behind it all; None in a slim run."""

    @property
    def id(self) -> str:
        """128 random bits in hexadecimal."""
        return str(self.record["id"])

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One line per layer × pooling, the same as ``probes.csv``."""
        import pandas as pd

        return pd.DataFrame([probe.row() for probe in self.probes], columns=list(SCALARS))

    def cell(self, layer: int, pooling: str) -> ProbeResult:
        """The probe's result at one layer and pooling; KeyError where the run has none."""
        for probe in self.probes:
            if (probe.layer, probe.pooling) == (layer, pooling):
                return probe
        raise KeyError(f"this run has no probe on {pooling} at layer {layer}")

    def figure(self, name: str = "accuracy", **options: Any) -> "go.Figure":
        """A Plotly figure: ``accuracy``, or ``map`` with method, layer, pooling, dimensions."""
        from probing.figures import draw

        return draw(self, name, **options)
