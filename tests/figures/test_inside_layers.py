"""Inside an encoder, by layer: knockouts, the ledger, gradients, a sentence as it is read."""

from dataclasses import replace
from itertools import pairwise

import pytest

from probing import figures
from probing.errors import SettingsError
from probing.figures.style import DARK, LIGHT
from probing.mechanism.values import GROUPS, Missing
from tests.figures import made_inside as made
from tests.figures.reading import axis_of, ends, every_text, lines, notes, pixels, trace

KINDS = {"only here": "single", "from here up": "from", "up to here": "up to"}

# ---- knockout


def test_a_line_per_kind_of_cut_with_its_scores_and_how_far_cls_moves() -> None:
    found = made.knockout()
    figure = figures.knockout(found)
    for name, kind in KINDS.items():
        upper, lower = (t for t in figure.data if t.name == f"cut off {name}")
        rungs = [r for r in found.rungs if r.kind == kind]
        assert list(upper.x) == list(lower.x) == [1, 2, 3, 4, 5, 6]
        assert list(upper.y) == [r.score.value for r in rungs if r.score]
        assert list(lower.y) == [r.moved for r in rungs]
        assert (upper.yaxis, lower.yaxis) == ("y", "y2")
    assert figure.layout.yaxis2.type == "log"
    assert set(ends(figure)) == {*KINDS, "intact", "majority"}
    assert set(ends(figure, "y2")) == {*KINDS, "spread"}


def test_scores_show_their_intervals_and_what_they_stand_beside() -> None:
    figure = figures.knockout(made.knockout())
    line = next(t for t in figure.data if t.name == "cut off only here")
    assert line.customdata[5][0] == (
        "<b>cut off only here, layer 6</b><br>10.0% [8.0%, 12.0%], n = 400"
    )
    assert set(trace(figure, "intact").y) == {0.957}
    assert set(trace(figure, "majority").y) == {0.1}
    assert max(trace(figure, "cut off only here interval").y) == pytest.approx(0.975)


def test_without_classes_how_far_it_moves_stands_alone() -> None:
    figure = figures.knockout(made.knockout(scored=False, intact=None, majority=None))
    assert {t.yaxis for t in figure.data} == {"y"}
    assert figure.layout.yaxis.type == "log"
    assert list(lines(figure)["cut off only here"].y)[-1] == 1.3
    assert "majority" not in ends(figure)


def test_what_does_not_move_at_all_has_a_logarithm() -> None:
    found = made.knockout(2)
    still = replace(found.rungs[0], moved=0.0)
    figure = figures.knockout(replace(found, rungs=(still, *found.rungs[1:])))
    lower = [t for t in figure.data if t.name == "cut off only here"][1]
    assert lower.y[0] == 1e-9
    assert lower.customdata[0][0].endswith("less than 1e−9: not at all")
    assert axis_of(figure, "y2").range[0] <= -9


def test_one_layer_is_a_chart_too() -> None:
    figure = figures.knockout(made.knockout(1))
    left, right = figure.layout.xaxis.range
    assert left < 1 < right
    assert {tuple(t.x) for t in figure.data if t.mode == "lines+markers"} == {(1,)}


# ---- the ledger


@pytest.mark.parametrize("rollout", [False, True])
def test_each_layers_shares_are_stacked_and_raw_attention_lies_below(rollout: bool) -> None:
    found = made.ledger()
    figure = figures.ledger(found, rollout=rollout)
    assert figure.layout.barmode == "stack"
    panels: dict[str, dict[str, list[float]]] = {}
    for bars in figure.data:
        assert list(bars.x) == [1, 2, 3, 4, 5, 6]
        panels.setdefault(bars.yaxis, {})[bars.name] = list(bars.y)
    names = dict(zip(("[CLS] itself", "separators", "punctuation", "words"), GROUPS, strict=True))
    wanted = [("y", "parts"), ("y2", "attention"), ("y3", "rollout")][: 3 if rollout else 2]
    for axis, field in wanted:
        for name, group in names.items():
            at = GROUPS.index(group)
            assert panels[axis][name] == [getattr(layer, field)[at] for layer in found.layers]
    assert panels["y"]["own state"] == [0.55] * 6
    assert panels["y"]["bias"] == [0.05] * 6
    assert set(panels) == {axis for axis, _ in wanted}
    for layer in range(6):
        assert sum(shares[layer] for shares in panels["y"].values()) == pytest.approx(1)


def test_a_group_has_one_colour_in_all_panels_and_its_label_beside_it() -> None:
    for style, dark in ((LIGHT, False), (DARK, True)):
        figure = figures.ledger(made.ledger(), dark=dark)
        colours: dict[str, set[str]] = {}
        for bars in figure.data:
            colours.setdefault(bars.name, set()).add(bars.marker.color)
        assert all(len(found) == 1 for found in colours.values())
        assert len(set.union(*colours.values())) == 6
        for note in notes(figure, "end"):
            grey = note.text in ("own state", "bias")
            assert note.font.color == (style.quiet if grey else next(iter(colours[note.text])))
    assert ends(figure)[::-1] == [
        "words", "punctuation", "separators", "[CLS] itself", "own state", "bias"
    ]  # fmt: skip


def test_a_group_that_never_occurs_has_no_label() -> None:
    layers = tuple(
        replace(layer, parts=(0.1, 0.1, 0.0, 0.2), attention=(0.3, 0.4, 0.0, 0.3))
        for layer in made.ledger().layers
    )
    figure = figures.ledger(replace(made.ledger(), layers=layers))
    assert "punctuation" not in ends(figure) + ends(figure, "y2")


@pytest.mark.parametrize("layers", [1, 2, 24])
def test_bars_are_whole_and_labels_apart(layers: int) -> None:
    figure = figures.ledger(made.ledger(layers), rollout=True)
    left, right = figure.layout.xaxis.range
    assert left <= 0.5
    assert right >= layers + 0.5
    for axis in ("y", "y2", "y3"):
        at = sorted(pixels(figure, axis, n.ay) for n in notes(figure, "end") if n.yref == axis)
        assert min(b - a for a, b in pairwise(at)) >= 15


# ---- gradients


def test_fitted_heads_are_solid_random_ones_dashed_beside_an_equal_share() -> None:
    found = made.gradients()
    figure = figures.gradient_shares(found)
    for share in found.shares:
        name = figures.NAMES[share.head]
        line = lines(figure)[f"{'fitted' if share.fitted else 'random'} head on {name}"]
        assert list(line.y) == list(share.shares)
        assert list(line.x) == list(range(7))
        assert line.line.dash == ("solid" if share.fitted else "dash")
        assert line.marker.color == LIGHT.poolings[share.head]
    assert set(trace(figure, "1 / tokens").y) == {0.08}
    assert sorted(ends(figure)) == ["1 / tokens", "CLS", "mean", "pooled"]
    low, high = figure.layout.yaxis.range
    assert -0.05 < low < 0 < 1 < high < 1.05
    assert "n = 256" in notes(figure, "title")[0].text


def test_random_heads_alone_have_labels_and_no_word_on_fitted_ones() -> None:
    found = made.gradients()
    random = tuple(s for s in found.shares if not s.fitted)
    figure = figures.gradient_shares(replace(found, shares=random))
    assert {"CLS", "mean", "pooled"} <= set(ends(figure))
    assert notes(figure, "note") == []


# ---- a sentence, by layer


def test_the_probability_of_one_class_by_layer_and_pooling() -> None:
    look = made.look()
    assert not isinstance(look.readings, Missing)
    for chosen in range(3):
        figure = figures.readings(look, chosen)
        for pooling, name in (("cls", "CLS"), ("mean", "mean")):
            wanted = [r for r in look.readings if r.pooling == pooling]
            line = lines(figure)[name]
            assert list(line.x) == [r.layer for r in wanted]
            assert list(line.y) == [r.probabilities[chosen] for r in wanted]
            assert list(line.customdata[0])[1:] == [wanted[0].layer, pooling]
    assert set(trace(figure, "1 in 3").y) == {1 / 3}
    assert figure.layout.xaxis.range[0] < 0 < 6 < figure.layout.xaxis.range[1]


def test_a_class_name_is_text() -> None:
    figure = figures.readings(made.look(), 1)
    assert notes(figure, "title")[0].text == "probability of “lost &lt;i&gt;card&lt;/i&gt;”"
    assert not any("<i>" in text for text in every_text(figure))


def test_readings_that_cannot_be_had_say_why() -> None:
    look = made.look(readings=Missing("This run has no classes."))
    with pytest.raises(SettingsError, match="has no classes"):
        figures.readings(look, 0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 24])
def test_labels_leave_room_on_a_phone(layers: int, dark: bool) -> None:
    drawn = [
        figures.knockout(made.knockout(layers), dark=dark),
        figures.ledger(made.ledger(layers), rollout=True, dark=dark),
        figures.gradient_shares(made.gradients(layers), dark=dark),
        figures.readings(made.look(layers), 0, dark=dark),
    ]
    for figure in drawn:
        assert 340 - figure.layout.margin.l - figure.layout.margin.r >= 140
