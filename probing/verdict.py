"""What may honestly be said of a run, in a sentence."""

from probing.probes.result import ProbeResult
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
