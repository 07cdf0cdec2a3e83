"""What is said of a run and of its maps has the figures in it, and claims nothing else."""

from dataclasses import replace

from probing.projections import Faithfulness
from probing.record import Run
from probing.report import html
from probing.verdict import describe, describe_map


def test_the_last_layer_is_described_with_its_figures(finished: Run) -> None:
    said = describe(finished)
    last = [p for p in finished.probes if p.layer == finished.record["encoder"]["layers"]]
    for probe in last:
        assert f"{probe.accuracy:.1%} [{probe.ci_low:.1%}, {probe.ci_high:.1%}]" in said
    assert f"of {last[0].n:,} sentences" in said
    assert "uses" not in said
    assert describe(replace(finished, probes=())) == ""


def test_a_map_is_described_by_what_it_keeps(finished: Run) -> None:
    projection = finished.projections[0]
    said = describe_map(projection)
    assert f"trustworthiness {projection.faithfulness.trustworthiness:.2f}" in said
    assert f"({projection.faithfulness.neighbours_kept_by_chance:.1%} by chance)" in said
    nothing = Faithfulness(None, None, None, None, None, None, 0, 0)
    few = describe_map(replace(projection, faithfulness=nothing))
    assert few == "Too few sentences to say how faithful this map is."


def test_the_report_says_how_faithful_each_map_is(finished: Run) -> None:
    page = html(finished)
    maps = [p for p in finished.projections if p.points.shape[1] == 2]
    assert page.count("How faithful: ") == len(maps) > 0
