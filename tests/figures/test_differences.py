"""Differences between poolings: the sign, the interval, what is filled and what is grey."""

import pytest

from probing import figures
from probing.errors import SettingsError
from probing.evidence import Conditional, Contrast, Detectable, Estimate
from probing.record import Run
from tests.figures.made import contrast, made
from tests.figures.reading import axis_of, ends, lines, notes, trace

DETECTABLE = Detectable(400, 0.1, 0.044)
LIGHT_PAPER = "#ffffff"


@pytest.fixture(scope="module")
def run() -> Run:
    return made()


def filled(drawn: object) -> list[bool]:
    return [colour != LIGHT_PAPER for colour in drawn.marker.color]


def test_a_panel_for_each_pair(run: Run) -> None:
    titles = [note.text for note in notes(run.figure("comparisons"), "title")]
    assert titles == [
        "<b>CLS − mean</b>, points of accuracy", "<b>CLS − pooled</b>", "<b>pooled − mean</b>"
    ]  # fmt: skip


def test_points_are_the_differences_with_their_intervals(run: Run) -> None:
    for a, b, name in (
        ("cls", "mean", "CLS − mean"),
        ("cls", "pooled", "CLS − pooled"),
        ("pooled", "mean", "pooled − mean"),
    ):
        drawn = trace(run.figure("comparisons"), name)
        found = {c.a: c for c in run.evidence.contrasts if c.b.startswith(f"{b}_")}
        assert list(drawn.x) == list(range(1, 7))
        for i, layer in enumerate(drawn.x):
            d = found[f"{a}_{layer}"].difference
            assert drawn.y[i] == pytest.approx(100 * d.value)
            assert drawn.y[i] + drawn.error_y.array[i] == pytest.approx(100 * d.high)
            assert drawn.y[i] - drawn.error_y.arrayminus[i] == pytest.approx(100 * d.low)
            assert list(drawn.customdata[i][1:]) == [layer, a]


def test_a_contrast_the_other_way_round_is_turned() -> None:
    turned = Contrast("mean_3", "cls_3", Estimate(0.05, 0.02, 0.09, 100), 12, 7, 0.2, 0.3)
    drawn = trace(figures.comparisons([turned]), "CLS − mean")
    assert list(drawn.y) == pytest.approx([-5])
    assert drawn.y[0] + drawn.error_y.array[0] == pytest.approx(-2)
    assert drawn.y[0] - drawn.error_y.arrayminus[0] == pytest.approx(-9)
    assert drawn.customdata[0][0] == (
        "<b>CLS − mean, layer 3</b><br>−5.0 points [−9.0, −2.0], n = 100"
        "<br>only CLS right: 7 · only mean: 12"
        "<br>p = 0.300 over all comparisons (max-T)"
        "<br>p = 0.200 for this one alone (McNemar)"
    )


@pytest.mark.parametrize(
    ("p", "sure"), [(0.0004, True), (0.05, True), (0.0501, False), (None, False)]
)
def test_filled_where_it_survives(p: float | None, sure: bool) -> None:
    figure = figures.comparisons([contrast("cls_1", "mean_1", 0.04, p)])
    assert filled(trace(figure, "CLS − mean")) == [sure]


@pytest.mark.parametrize(("alpha", "sure"), [(0.05, [True, False]), (0.01, [False, False])])
def test_gains_of_one_run_over_another_are_b_minus_a(alpha: float, sure: list[bool]) -> None:
    lost = Contrast("cls_2", "cls_2", Estimate(-0.05, -0.09, -0.02, 100), 7, 12, 0.2, 0.03)
    here = {"cls": [lost, contrast("cls_4", "cls_4", 0.02, 0.4)], "mean": []}
    figure = figures.gains({"cls": here["cls"]}, ("before", "<b>after</b>"), alpha=alpha)
    (drawn,) = (t for t in figure.data if t.mode == "markers")
    assert list(drawn.x) == [2, 4]
    assert list(drawn.y) == pytest.approx([5, -2])
    assert drawn.y[0] + drawn.error_y.array[0] == pytest.approx(9)
    assert drawn.y[0] - drawn.error_y.arrayminus[0] == pytest.approx(2)
    assert filled(drawn) == sure
    said = drawn.customdata[0][0]
    assert "<br>+5.0 points [+2.0, +9.0], n = 100<br>" in said
    assert "only &lt;b&gt;after&lt;/b&gt; right: 12 · only before: 7" in said
    titles = [note.text for note in notes(figure, "title")]
    assert titles == ["<b>CLS</b>: gain in points of accuracy"]
    with pytest.raises(SettingsError, match="no cell in common"):
        figures.gains({"mean": here["mean"]}, ("a", "b"))


def test_only_the_correction_for_all_decides() -> None:
    single = Contrast("cls_1", "mean_1", Estimate(0.04, 0.01, 0.07, 400), 20, 4, 0.001, 0.2)
    assert filled(trace(figures.comparisons([single]), "CLS − mean")) == [False]


def test_what_is_not_of_two_poolings_at_one_layer_is_left_out() -> None:
    found = [
        contrast("cls_1", "mean_1", 0.1, 0.01),
        contrast("cls_1", "tfidf", 0.2, 0.01),
        contrast("cls_1", "cls_2", 0.3, 0.01),
        contrast("cls_1", "mean_2", 0.4, 0.01),
        contrast("best", "cls_2", 0.5, 0.01),
    ]
    figure = figures.comparisons(found)
    assert [list(t.y) for t in figure.data if t.error_y.array is not None] == [[10.0]]
    with pytest.raises(SettingsError, match="one pooling"):
        figures.comparisons(found[1:])


def test_mean_of_words_is_drawn_where_there_is_nothing_else() -> None:
    words = contrast("cls_1", "mean_words_1", 0.1, 0.01)
    assert trace(figures.comparisons([words]), "CLS − mean of words").y[0] == pytest.approx(10)
    both = figures.comparisons([words, contrast("cls_1", "mean_1", 0.1, 0.01)])
    assert [n.text for n in notes(both, "title")] == ["<b>CLS − mean</b>, points of accuracy"]


def test_the_band_is_what_the_sample_cannot_find() -> None:
    figure = figures.comparisons([contrast("cls_1", "mean_1", 0.1, 0.01)], DETECTABLE)
    band = trace(figure, "too small to be found")
    assert (min(band.y), max(band.y)) == pytest.approx((-4.4, 4.4))
    assert [band.x[0], band.x[1]] == list(figure.layout.xaxis.range)
    assert "4.4 points" in notes(figure, "note")[0].text.replace("<br>", " ")


@pytest.mark.parametrize("metric", ["balanced_accuracy", "r2"])
def test_the_band_is_of_accuracies_only(metric: str) -> None:
    figure = figures.comparisons(
        [contrast("cls_1", "mean_1", 0.1, 0.01)], DETECTABLE, metric=metric
    )
    assert "too small to be found" not in {t.name for t in figure.data}
    assert "Grey" not in notes(figure, "note")[0].text


def test_differences_of_r2_are_no_points() -> None:
    figure = figures.comparisons([contrast("cls_1", "mean_1", 0.1, 0.01)], metric="r2")
    drawn = trace(figure, "CLS − mean")
    assert list(drawn.y) == [0.1]
    assert "<br>+0.100 [+0.082, +0.118], n = 400" in drawn.customdata[0][0]


def test_zero_is_on_every_axis(run: Run) -> None:
    figure = run.figure("comparisons")
    zeros = [t for t in figure.data if t.name == "no difference"]
    assert [t.yaxis or "y" for t in zeros] == ["y", "y2", "y3"]
    for axis in ("y", "y2", "y3"):
        low, high = axis_of(figure, axis).range
        assert low < 0 < high


def test_below_a_hundred_sentences_it_says_that_nothing_was_tested() -> None:
    figure = figures.comparisons([contrast("cls_1", "mean_1", 0.1, None)])
    said = notes(figure, "note")[0].text.replace("<br>", " ")
    assert said == "Open: not tested, because there are fewer than 100 sentences."
    assert "max-T" not in trace(figure, "CLS − mean").customdata[0][0]


def test_a_tiny_p_is_not_zero() -> None:
    figure = figures.comparisons([contrast("cls_1", "mean_1", 0.1, 0.0002)])
    assert "p = below 0.001" not in trace(figure, "CLS − mean").customdata[0][0]
    assert "p < 0.001 over all" in trace(figure, "CLS − mean").customdata[0][0]


# ---- conditional


def test_bits_beyond_each_other(run: Run) -> None:
    figure = run.figure("conditional")
    drawn = lines(figure)
    assert list(drawn) == ["CLS adds", "mean adds"]
    found = run.evidence.conditionals
    assert list(drawn["CLS adds"].x) == [c.layer for c in found]
    assert list(drawn["CLS adds"].y) == [c.cls_adds.value for c in found]
    assert list(drawn["mean adds"].y) == [c.mean_adds.value for c in found]
    band = trace(figure, "CLS adds interval")
    assert list(band.y[:6]) == [c.cls_adds.high for c in found]
    assert list(band.y[:5:-1]) == [c.cls_adds.low for c in found]
    assert [list(s[1:]) for s in drawn["mean adds"].customdata[:2]] == [[1, "mean"], [2, "mean"]]
    assert drawn["CLS adds"].customdata[0][0] == (
        "<b>CLS adds, layer 1</b><br>−0.010 bits [−0.030, +0.010], n = 400"
    )


def test_zero_bits_are_a_line_though_nothing_reaches_it() -> None:
    one = Estimate(0.5, 0.4, 0.6, 50)
    figure = figures.conditional([Conditional(2, one, one), Conditional(1, one, one)])
    assert set(trace(figure, "no difference").y) == {0}
    low, high = figure.layout.yaxis.range
    assert low < 0
    assert high > 0.6
    assert list(lines(figure)["CLS adds"].x) == [1, 2]
    assert sorted(ends(figure)) == ["CLS adds", "mean adds"]
