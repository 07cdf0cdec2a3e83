"""Run: everything that one run found, as it is drawn, saved and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from probing.evidence import Estimate, Evidence
from probing.probes.regression import SCALARS as REGRESSION_SCALARS
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import SCALARS, Baseline, ProbeResult
from probing.projections import Projection
from probing.representations import Representations
from probing.sentences import Sentences

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from probing.mechanism.values import Inside


Kind = Literal["classes", "numbers", "none"]

SCHEMA = 1
"""Version of the run folder. A reader refuses a newer one."""
CHECKED = ("noisy", "control", "selectivity", "memorised", "cosine", "cosine_z")
SHAPED = (
    *("relative_variance", "anisotropy", "anisotropy_z", "top_share"),
    *("participation_ratio", "rankme", "cka_mean"),
)
"""Fields of ``Check`` and ``Shape`` that are columns of ``probes.csv``."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run. ``load_run`` gives the same value back from its folder."""

    record: Mapping[str, Any]
    """The content of ``run.json``: id, data, encoder, settings, timings, baselines, verdict, …"""
    sentences: Sentences
    """The n sentences used, with the row numbers they had in the file."""
    probes: tuple[ProbeResult, ...]
    """One per layer × pooling, by pooling, then by layer; empty without classes."""
    projections: tuple[Projection, ...]
    """The maps drawn so far."""
    representations: Representations | None = None
    """The vectors behind it all; None in a slim run."""
    baselines: tuple[Baseline, ...] = ()
    """Majority, length, TF-IDF and layer-0 mean, in that order; empty without classes."""
    regressions: tuple[RegressionResult, ...] = ()
    """What ``probes`` are for classes, for numbers."""
    numeric_baselines: tuple[NumericBaseline, ...] = ()
    inside: "Inside | None" = None
    """What was measured inside the encoder when the run was loaded; None where nothing was."""

    @property
    def id(self) -> str:
        """128 random bits in hexadecimal."""
        return str(self.record["id"])

    @cached_property
    def evidence(self) -> Evidence:
        """What stands beside the scores; empty in a run that was made without."""
        return Evidence.from_json(self.record.get("evidence") or {})

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One line per layer × pooling, the same as ``probes.csv``."""
        import pandas as pd

        results = self.regressions or self.probes
        columns = REGRESSION_SCALARS if self.regressions else SCALARS
        rows = pd.DataFrame([result.row() for result in results], columns=list(columns))
        beside = pd.DataFrame([_beside(self.evidence, r.layer, r.pooling) for r in results])
        return pd.concat([rows, beside], axis=1)

    @property
    def kind(self) -> "Kind":
        """What the labels are."""
        return "numbers" if self.regressions else "classes" if self.probes else "none"

    def cell(self, layer: int, pooling: str) -> ProbeResult:
        """The probe's result at one layer and pooling; KeyError where the run has none."""
        for probe in self.probes:
            if (probe.layer, probe.pooling) == (layer, pooling):
                return probe
        raise KeyError(f"this run has no probe on {pooling} at layer {layer}")

    def figure(self, name: str = "accuracy", **options: Any) -> "go.Figure":
        """A Plotly figure: ``accuracy``, ``map``, ``confusion``, …

        ``probing.figures.draw`` lists all names and their options; ``dark=True`` is for a dark
        page. Raises SettingsError for an unknown name (and says which there are), and for a figure
        that this run has nothing for.
        """
        from probing.figures import draw

        return draw(self, name, **options)

    def _repr_html_(self) -> str:
        """What a notebook shows of the run: name, encoder, verdict and table."""
        from probing.notebook import summary

        return summary(self)


def _beside(evidence: Evidence, layer: int, pooling: str) -> dict[str, float | None]:
    """The columns of a cell that ``Evidence`` adds."""
    check = next((c for c in evidence.checks if (c.layer, c.pooling) == (layer, pooling)), None)
    shape = next((s for s in evidence.shapes if (s.layer, s.pooling) == (layer, pooling)), None)
    columns: dict[str, float | None] = {}
    for name in CHECKED:
        found: Estimate | float | None = getattr(check, name, None)
        columns[name] = found.value if isinstance(found, Estimate) else found
    return columns | {name: getattr(shape, name, None) for name in SHAPED}
