"""What may honestly be said of a run and of its maps, in a sentence each."""

from probing.probes.result import ProbeResult
from probing.projections import Projection
from probing.record import Run

_NAMES = {"cls": "CLS", "pooled": "the pooled vector", "mean": "the mean"}


def describe(run: Run) -> str:
    """The last layer's accuracies beside the majority baseline: nothing selected, nothing claimed.

    Empty for a run without labels.
    """
    last = [p for p in run.probes if p.layer == run.record["encoder"]["layers"]]
    if not last:
        return ""
    baseline = run.record["baselines"]["majority"]["accuracy"]
    parts = [_said(probe) for probe in last]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return (
        f"At the last layer a linear probe is right on {listed} "
        f"of {last[0].n:,} sentences it was not fitted on; the most frequent class alone gives "
        f"{baseline:.1%}."
    )


def _said(probe: ProbeResult) -> str:
    name = _NAMES.get(probe.pooling, "the mean of words")
    return f"{probe.accuracy:.1%} [{probe.ci_low:.1%}, {probe.ci_high:.1%}] from {name}"


def describe_map(projection: Projection) -> str:
    """How faithful a map is: how much of each point's neighbourhood it keeps."""
    f = projection.faithfulness
    if f.trustworthiness is None or f.continuity is None or f.neighbours_kept is None:
        return "Too few sentences to say how faithful this map is."
    parts = [
        f"trustworthiness {f.trustworthiness:.2f}",
        f"continuity {f.continuity:.2f}",
        f"{f.neighbours_kept:.0%} of each point's {f.k} nearest neighbours kept "
        f"({f.neighbours_kept_by_chance:.1%} by chance)",
    ]
    if f.label_accuracy_full is not None:
        parts.append(
            f"label of the neighbours: right for {f.label_accuracy_map:.0%} on the map, "
            f"{f.label_accuracy_full:.0%} in all dimensions"
        )
    if projection.explained:
        parts.append(f"axes show {sum(projection.explained):.0%} of the variance")
    return f"How faithful: {' · '.join(parts)} · {f.judged:,} points compared"
