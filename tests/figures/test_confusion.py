"""Which class is taken for which: counted right, escaped, and readable on a phone."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageFont

from probing import figures
from probing.errors import SettingsError
from probing.figures.confusion import MOST
from probing.probes.result import ProbeResult
from probing.record import Run
from tests.figures.made import N, made, probe
from tests.figures.reading import notes

CLASSES = ("good", "bad", "<b>ugly</b>", "none", "fifth")


def cell(classes: int = 5, seed: int = 0) -> tuple[ProbeResult, np.ndarray]:
    """A cell that is mostly right, with some sentences that no fold scored."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, N)
    said = np.where(rng.random(N) < 0.7, y, rng.integers(0, classes, N))
    said[:7] = -1
    return replace(probe(3, "mean", 0.7), predicted=said.astype(np.int32)), y


def test_every_pair_is_counted() -> None:
    found, y = cell()
    (map_,) = figures.confusion(found, y, CLASSES).data
    pairs = Counter(zip(y[7:].tolist(), found.predicted[7:].tolist(), strict=True))
    for i in range(5):
        of = sum(count for (true, _), count in pairs.items() if true == i)
        for j in range(5):
            assert map_.text[i][j] == pairs[i, j]
            assert map_.z[i][j] == pytest.approx(pairs[i, j] / of)
            assert f"{pairs[i, j]:,} of {of}" in map_.customdata[i][j][0]
    assert list(map_.x) == [1, 2, 3, 4, 5]


def test_the_title_is_the_most_frequent_mistake() -> None:
    found, y = cell()
    said = np.where((y == 1) & found.scored, 4, found.predicted)
    found = replace(found, predicted=said.astype(np.int32))
    title = notes(figures.confusion(found, y, CLASSES), "title")[0].text
    assert title.replace("<br>", " ").startswith(
        f"mean, layer 3: “bad” is most often taken for “fifth”, {(y[7:] == 1).sum()} of"
    )
    right = replace(found, predicted=y.astype(np.int32))
    title = notes(figures.confusion(right, y, CLASSES), "title")[0].text
    assert title.replace("<br>", " ") == "mean, layer 3: no class is taken for another"


@pytest.mark.parametrize("count", [MOST, MOST + 1, 60])
def test_of_many_classes_the_rare_ones_share_a_row(count: int) -> None:
    found, y = cell(count)
    names = [f"class {i}" for i in range(count)]
    figure = figures.confusion(found, y, names)
    (map_,) = figure.data
    labels = list(figure.layout.yaxis.ticktext)
    assert len(map_.z) == len(labels) == MOST
    assert map_.text is None
    if count > MOST:
        assert f"{count - MOST + 1} other classes" in map_.customdata[-1][0][0]
        shown = {int(label.split()[-1]) for label in labels[:-1]}
        sizes = np.bincount(y, minlength=count)
        assert min(sizes[list(shown)]) >= max(np.delete(sizes, list(shown)))
    totals = [int(row[0][0].split(" of ")[1].split()[0]) for row in map_.customdata]
    assert sum(totals) == N - 7


def test_names_are_inert() -> None:
    found, y = cell()
    figure = figures.confusion(found, y, CLASSES)
    words = str(figure.to_dict())
    assert "<b>ugly" not in words
    assert "&lt;b&gt;ugly" in words


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(dark: bool) -> None:
    found, y = cell(16)
    figure = figures.confusion(found, y, ["the same long name of a class"] * 16, dark=dark)
    font = ImageFont.load_default(12)
    assert max(map(font.getlength, figure.layout.yaxis.ticktext)) <= figure.layout.margin.l
    assert 358 - figure.layout.margin.l - figure.layout.margin.r >= 16 * 12
    for note in figure.layout.annotations:
        assert max(map(ImageFont.load_default(13).getlength, note.text.split("<br>"))) < 358


def test_a_run_draws_it() -> None:
    run: Run = made()
    figure = run.figure("confusion", layer=3, pooling="mean")
    (map_,) = figure.data
    wanted = run.cell(3, "mean")
    right = sum(map_.text[i][i] for i in range(5))
    assert right == round(wanted.accuracy * N)
    with pytest.raises(SettingsError, match="no layer 99"):
        run.figure("confusion", layer=99)
    with pytest.raises(SettingsError, match="same vector for every sentence at layer 0"):
        run.figure("confusion", layer=0, pooling="cls")
