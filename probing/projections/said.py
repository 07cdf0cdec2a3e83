"""How faithful a map is, in words."""

from probing.language import tr
from probing.projections.values import Projection


def faithfulness(projection: Projection) -> str:
    """How faithful a map is: how much of each point's neighbourhood it keeps."""
    f = projection.faithfulness
    if f.trustworthiness is None or f.continuity is None or f.neighbours_kept is None:
        return tr("Too few sentences to say how faithful this map is.")
    kept = tr("{kept} of each point's {k} nearest neighbours kept ({chance} by chance)")
    parts = [
        tr("trustworthiness {value}").format(value=f"{f.trustworthiness:.2f}"),
        tr("continuity {value}").format(value=f"{f.continuity:.2f}"),
        kept.format(
            kept=f"{f.neighbours_kept:.0%}", k=f.k, chance=f"{f.neighbours_kept_by_chance:.1%}"
        ),
    ]
    if f.label_accuracy_full is not None:
        right = tr("label of the neighbours: right for {map} on the map, {full} in all dimensions")
        shares = {"map": f.label_accuracy_map, "full": f.label_accuracy_full}
        parts.append(right.format(**{name: f"{share:.0%}" for name, share in shares.items()}))
    if projection.explained:
        shown = tr("axes show {share} of the variance")
        parts.append(shown.format(share=f"{sum(projection.explained):.0%}"))
    said = tr("{parts} · {n} points compared")
    return said.format(parts=" · ".join(parts), n=f"{f.judged:,}")


def describe_map(projection: Projection) -> str:
    """``faithfulness`` in a line of its own, which says what it is about."""
    said, f = faithfulness(projection), projection.faithfulness
    if None in (f.trustworthiness, f.continuity, f.neighbours_kept):
        return said
    return tr("How faithful: {said}").format(said=said)
