"""Scores by layer: each value is there, beside what it has to be compared with."""

from dataclasses import replace

import numpy as np
import pytest

from probing import figures
from probing.evidence import Estimate, Twin
from probing.figures import Line, Point, Reference, first_scores
from probing.progress import CellScore
from probing.record import Run
from tests.figures.made import BASELINES, made, made_of_numbers
from tests.figures.reading import ends, lines, notes, pixels, trace


@pytest.fixture(scope="module")
def run() -> Run:
    return made()


def test_each_pooling_has_a_line_with_its_probes(run: Run) -> None:
    drawn = lines(run.figure("accuracy"))
    assert list(drawn) == ["CLS", "pooled", "mean"]
    for pooling, line in zip(("cls", "pooled", "mean"), drawn.values(), strict=True):
        cells = [p for p in run.probes if p.pooling == pooling]
        assert list(line.x) == [p.layer for p in cells] == list(range(7))
        assert list(line.y) == [p.accuracy for p in cells]


def test_a_click_finds_the_cell(run: Run) -> None:
    for score in figures.SCORES:
        for line in lines(run.figure("accuracy", score=score)).values():
            for x, (text, layer, pooling) in zip(line.x, line.customdata, strict=True):
                assert layer == x
                assert figures.NAMES[pooling] == line.name
                assert text.startswith(f"<b>{line.name}, layer {x}</b><br>")


def test_a_click_on_what_is_no_cell_finds_none(run: Run) -> None:
    figure = run.figure("accuracy")
    for name in ("TF-IDF", "majority", "random weights, middle"):
        assert {len(shown) for shown in trace(figure, name).customdata} == {1}


def test_every_score_shows_its_interval_and_its_number(run: Run) -> None:
    shown = lines(run.figure("accuracy"))["mean"].customdata[1][0]
    cell = run.cell(1, "mean")
    assert shown == (
        f"<b>mean, layer 1</b><br>{100 * cell.accuracy:.1f}% "
        f"[{100 * cell.ci_low:.1f}%, {100 * cell.ci_high:.1f}%], n = 400"
    )


def test_a_constant_cell_has_an_open_marker(run: Run) -> None:
    drawn = lines(run.figure("accuracy"))
    assert list(drawn["CLS"].marker.symbol) == ["circle-open"] + ["circle"] * 6
    assert list(drawn["mean"].marker.symbol) == ["circle"] * 7
    assert "the same vector for every sentence" in drawn["CLS"].customdata[0][0]
    assert "the same vector" not in drawn["CLS"].customdata[1][0]


def test_bands_are_the_intervals(run: Run) -> None:
    band = trace(run.figure("accuracy"), "mean interval")
    cells = [p for p in run.probes if p.pooling == "mean"]
    upper, lower = np.split(np.array(band.y), 2)
    assert list(upper) == [p.ci_high for p in cells]
    assert list(lower[::-1]) == [p.ci_low for p in cells]
    assert list(band.x) == [*range(7), *range(6, -1, -1)]


# ---- baselines


def test_baselines_go_across_quietly_with_their_figures(run: Run) -> None:
    figure = run.figure("accuracy")
    names = {"majority": "majority", "length": "length", "tfidf": "TF-IDF"} | {
        "embeddings": "layer-0 mean"
    }
    for name, value in BASELINES.items():
        line = trace(figure, names[name])
        assert set(line.y) == {value}
        assert line.x[0] < 0
        assert line.x[-1] > 6
        assert line.line.dash in ("dot", "dash")
        assert line.line.width < lines(figure)["CLS"].line.width
        assert line.customdata[0][0] == (
            f"<b>{names[name]}</b><br>{value:.1%} [{value - 0.02:.1%}, {value + 0.02:.1%}], n = 400"
        )
    assert set(ends(figure)) >= set(names.values())


def test_a_run_with_the_majority_alone_has_that(run: Run) -> None:
    figure = replace(run, baselines=()).figure("accuracy")
    assert set(trace(figure, "majority").y) == {0.2}
    assert set(ends(figure)) == {"CLS", "pooled", "mean", "majority", "random weights"}


# ---- random weights


def outline(figure: object) -> dict[float, tuple[float, float]]:
    """Layer → (lowest, highest) of the grey band."""
    band = trace(figure, "random weights")
    found: dict[float, list[float]] = {}
    for x, y in zip(band.x, band.y, strict=True):
        found.setdefault(x, []).append(y)
    return {x: (min(y), max(y)) for x, y in found.items()}


def test_random_weights_are_a_band_over_seeds_and_poolings(run: Run) -> None:
    wanted = {
        layer: [
            score
            for t in run.evidence.twins
            if t.layer == layer and (layer or t.pooling == "mean")
            for score in t.accuracies
        ]
        for layer in range(7)
    }
    assert outline(run.figure("accuracy")) == {k: (min(v), max(v)) for k, v in wanted.items()}


def test_a_cell_that_is_constant_anyway_says_nothing_of_random_weights(run: Run) -> None:
    low, _ = outline(run.figure("accuracy"))[0]
    assert low > 0.9  # the mean's; CLS has 0.2 there
    assert 0 not in outline(run.figure("accuracy", pooling="cls"))


def test_one_pooling_has_its_own_random_weights(run: Run) -> None:
    figure = run.figure("accuracy", pooling="cls")
    assert list(lines(figure)) == ["CLS"]
    twin = {t.layer: t.accuracies for t in run.evidence.twins if t.pooling == "cls" and t.layer}
    assert outline(figure) == {k: (min(v), max(v)) for k, v in twin.items()}


def test_random_weights_say_which_and_how_many() -> None:
    line = Line("CLS", "cls", (Point(1, 0.9), Point(2, 0.95)))
    twins = [Twin(2, "cls", (0.5, 0.7, 0.6), 77), Twin(1, "cls", (0.2,), 77)]
    shown = trace(figures.accuracy([line], twins=twins), "random weights, middle")
    assert list(shown.x) == [1, 2]
    assert shown.customdata[1][0] == (
        "<b>random weights, layer 2</b><br>CLS 50.0% to 70.0%, 3 seeds, n = 77"
    )


def test_other_scores_have_no_random_weights(run: Run) -> None:
    for score in ("noisy", "cosine", "cosine_z"):
        assert "random weights" not in ends(run.figure("accuracy", score=score))


# ---- what is scored


@pytest.mark.parametrize(
    ("score", "title"),
    [
        ("probe", "accuracy, linear probe"),
        ("noisy", "accuracy, linear probe with 1% noise"),
        ("cosine", "accuracy, nearest neighbour (cosine)"),
        ("cosine_z", "accuracy, nearest neighbour (z-scored cosine)"),
    ],
)
def test_the_title_names_the_metric_and_what_scored(score: str, title: str, run: Run) -> None:
    (note,) = notes(run.figure("accuracy", score=score), "title")
    assert note.text == title


@pytest.mark.parametrize("score", ["noisy", "cosine", "cosine_z"])
def test_other_scores_are_those_of_the_checks(score: str, run: Run) -> None:
    figure = run.figure("accuracy", score=score)
    for check in run.evidence.checks:
        line = lines(figure)[figures.NAMES[check.pooling]]
        value: Estimate = getattr(check, score)
        at = list(line.x).index(check.layer)
        assert line.y[at] == value.value
        assert f"[{value.low:.1%}, {value.high:.1%}], n = 400" in line.customdata[at][0]


def test_where_balanced_accuracy_leads_it_is_drawn() -> None:
    run = made(metric="balanced_accuracy")
    figure = run.figure("accuracy")
    assert notes(figure, "title")[0].text == "balanced accuracy, linear probe"
    line = lines(figure)["CLS"]
    cells = [p for p in run.probes if p.pooling == "cls"]
    # right on all of one of five classes, on none of the others
    assert list(line.y) == [0.2] + [p.balanced_accuracy for p in cells[1:]]
    assert line.marker.symbol[0] == "circle-open"
    assert set(trace(figure, "majority").y) == {0.2}
    assert set(trace(figure, "TF-IDF").y) == {0.955 - 0.1}
    assert f"{cells[3].balanced_low:.1%}" in line.customdata[3][0]


def test_numbers_are_scored_by_r2() -> None:
    run = made_of_numbers()
    figure = run.figure("accuracy")
    assert notes(figure, "title")[0].text == "R², linear probe"
    for result in run.regressions:
        line = lines(figure)[figures.NAMES[result.pooling]]
        assert line.y[result.layer] == result.r2
    low, high = run.regressions[3].ci_low, run.regressions[3].ci_high
    assert lines(figure)["CLS"].customdata[3][0].replace("−", "-") == (
        f"<b>CLS, layer 3</b><br>{run.regressions[3].r2:.3f} [{low:.3f}, {high:.3f}], n = 400"
    )
    assert {"mean number", "length", "TF-IDF", "layer-0 mean"} < set(ends(figure))


def test_an_r2_of_any_size_does_not_squash_the_others() -> None:
    line = Line("CLS", "cls", (Point(0, -1e6), Point(1, 0.4)))
    low, high = figures.accuracy([line], scale=figures.METRICS["r2"]).layout.yaxis.range
    assert -1 < low < -0.4
    assert high > 0.4


def test_what_is_none_is_a_gap() -> None:
    points = (Point(0, 0.5, 0.4, 0.6), Point(1, None), Point(2, 0.7, 0.6, 0.8))
    figure = figures.accuracy([Line("CLS", "cls", points)])
    line = lines(figure)["CLS"]
    assert list(line.y) == [0.5, None, 0.7]
    assert line.connectgaps is False
    assert None in trace(figure, "CLS interval").x
    assert 0 not in trace(figure, "CLS interval").y


def test_all_of_it_lies_within_the_axes(run: Run) -> None:
    figure = run.figure("accuracy")
    low, high = figure.layout.yaxis.range
    for drawn in figure.data:
        assert low < min(drawn.y) <= max(drawn.y) < high
        left, right = figure.layout.xaxis.range
        assert left <= min(drawn.x) <= max(drawn.x) <= right


def test_a_perfect_score_is_not_cut() -> None:
    figure = figures.accuracy([Line("CLS", "cls", (Point(0, 0.9), Point(1, 1.0)))])
    assert pixels(figure, "y", 1.0) >= figure.layout.margin.t + 4


# ---- labels


def test_labels_are_in_the_order_of_the_ends(run: Run) -> None:
    assert ends(run.figure("accuracy")) == [
        "mean", "TF-IDF", "layer-0 mean", "CLS", "pooled", "random weights", "length", "majority"
    ]  # fmt: skip


def test_labels_do_not_overlap() -> None:
    same = [Line(n, p, (Point(0, 0.9), Point(1, 0.9))) for p, n in figures.NAMES.items()]
    across = [Reference(name, 0.9) for name in ("a", "b", "c", "d")]
    figure = figures.accuracy(same, across)
    found = sorted(pixels(figure, "y", note.ay) for note in notes(figure, "end"))
    assert len(found) == 8
    assert min(np.diff(found)) >= 15
    assert found[0] >= figure.layout.margin.t - 1
    assert found[-1] <= figure.layout.height - figure.layout.margin.b + 1


def test_a_moved_label_is_led_to_its_line() -> None:
    drawn = [
        Line("CLS", "cls", (Point(0, 0.5), Point(1, 0.9))),
        Line("mean", "mean", (Point(0, 0.5), Point(1, 0.9))),
        Line("pooled", "pooled", (Point(0, 0.5), Point(1, 0.55))),
    ]
    shown = {note.text: note for note in notes(figures.accuracy(drawn), "end")}
    assert {note.y for note in shown.values()} == {0.9, 0.55}
    assert not shown["CLS"].arrowcolor.endswith(",0)")
    assert not shown["mean"].arrowcolor.endswith(",0)")
    assert shown["pooled"].arrowcolor.endswith(",0)")


def test_a_label_stands_where_the_line_was_last_seen() -> None:
    points = (Point(0, 0.5), Point(1, 0.8), Point(2, None))
    (note,) = notes(figures.accuracy([Line("CLS", "cls", points)]), "end")
    assert note.y == 0.8


def test_an_interval_that_stands_alone_is_a_sliver() -> None:
    alone = (Point(0, None), Point(5, None), Point(10, 0.5, 0.4, 0.6))
    twin = Twin(10, "cls", (0.1, 0.2), 9)
    figure = figures.accuracy([Line("CLS", "cls", alone)], twins=[twin])
    left, right = figure.layout.xaxis.range
    for name in ("CLS interval", "random weights"):
        band = trace(figure, name)
        assert np.mean(band.x) == pytest.approx(10)
        # a default of 0.1 on either side would be narrower here
        assert max(band.x) - min(band.x) == pytest.approx(0.024 * (right - left))


def test_an_untrained_pooler_is_called_so() -> None:
    assert "untrained pooler" in ends(made(trained=False).figure("accuracy"))
    assert "untrained pooler" not in ends(made(trained=True).figure("accuracy"))


def test_first_scores_are_a_line_per_pooling_on_the_axis_of_all_layers() -> None:
    cells = [
        CellScore(pooling, layer, 7, "accuracy", 0.5 + layer / 10)
        for layer in (0, 1, 2)
        for pooling in ("cls", "mean")
    ]
    figure = first_scores(cells[:5])
    drawn = lines(figure)
    assert list(drawn["CLS"].x) == [0, 1, 2]
    assert list(drawn["mean"].y) == [0.5, 0.6]
    assert figure.layout.xaxis.range[1] >= 6
