"""Maps against umap-learn: seconds and faithfulness, growth with n, how far points drift by layer.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.maps

umap-learn is run as it comes (its defaults, seeded); its optimisation stage alone is what a map
could take at best without changing its steps. Ours includes the faithfulness figures.
"""

import time
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from probing import projections
from probing.projections import layouts
from tests.benchmarks.measure import Row, in_turn, printed
from tests.conftest import ROOT, SHARED

N = 2_000
GROWTH = (1_000, 3_000, 10_000)


def rows(quick: bool = False) -> list[Row]:
    """The lines of the table; ``quick`` takes few sentences, once."""
    n = 300 if quick else N
    repeats = 1 if quick else 3
    projections.warm_up()
    _plain(clusters(100), force_approximation_algorithm=True)  # compiles its search of many
    x = vectors(n)
    found = [_against_umap(x, repeats), _against_its_optimisation(x, repeats)]
    grown = [_growth(size) for size in (() if quick else GROWTH)]
    return [*found, *grown, _layers(x[:300] if quick else x[:500])]


def vectors(n: int) -> np.ndarray:
    """float32 (n, H) of real questions at the last layer but two, or of generated clusters."""
    path = SHARED / "data" / "csv" / "banking77.csv"
    if not path.exists():
        return clusters(n)
    return _encoded(n)["mean"][-3]


def _encoded(n: int) -> Any:
    from probing import read_csv
    from probing.encoders import load_encoder
    from probing.extraction import extract

    path = SHARED / "data" / "csv" / "banking77.csv"
    source = path if path.exists() else ROOT / "data" / "reviews.csv"
    texts = list(read_csv(source).texts)
    some = np.sort(np.random.default_rng(0).permutation(len(texts))[:n])
    return extract([texts[i] for i in some], load_encoder("bundled"), ("mean",)).arrays


def clusters(n: int, h: int = 384, seed: int = 0) -> np.ndarray:
    """float32 (n, h): 60 overlapping clusters whose spread falls from axis to axis."""
    rng = np.random.default_rng(seed)
    spread = 1 / np.sqrt(1 + np.arange(h))
    centres = rng.normal(size=(60, h)) * spread
    x = centres[rng.integers(60, size=n)] + 0.7 * rng.normal(size=(n, h)) * spread
    return x.astype(np.float32)


def _ours(x: np.ndarray) -> projections.Projection:
    return projections.project(x, layer=0, pooling="mean")


def _plain(x: np.ndarray, **options: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(layouts.load_umap().UMAP(random_state=0, **options).fit_transform(x))


def _score(ours: projections.Projection, x: np.ndarray, plain: np.ndarray) -> str:
    """Faithfulness of both, by the same measure."""
    theirs = projections.judge(x, plain.astype(np.float32))
    one, two = ours.faithfulness, theirs
    return (
        f"trustworthiness {one.trustworthiness:.3f} against {two.trustworthiness:.3f}, "
        f"continuity {one.continuity:.3f} against {two.continuity:.3f}, "
        f"neighbours kept {one.neighbours_kept:.1%} against {two.neighbours_kept:.1%}"
    )


def _against_umap(x: np.ndarray, repeats: int) -> Row:
    plain = _plain(x)
    ours, theirs = in_turn(lambda: _ours(x), lambda: _plain(x), repeats)
    what = f"map and its faithfulness, {len(x):,} sentences"
    return Row(what, "umap-learn, the map alone", ours, theirs, score=_score(_ours(x), x, plain))


def _against_its_optimisation(x: np.ndarray, repeats: int) -> Row:
    """Within 1.5 times of it: a ratio of 0.67."""
    from umap import umap_

    taken: list[float] = []
    original = umap_.optimize_layout_euclidean

    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            taken.append(time.perf_counter() - start)

    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        _ours(x)
        seconds.append(time.perf_counter() - start)
        umap_.optimize_layout_euclidean = timed
        try:
            _plain(x)
        finally:
            umap_.optimize_layout_euclidean = original
    what = f"map and its faithfulness, {len(x):,} sentences"
    mine, its = float(np.median(seconds)), float(np.median(taken))
    return Row(what, "umap-learn, its optimisation stage alone", mine, its, target=1 / 1.5)


def _growth(n: int) -> Row:
    x = clusters(n)
    start = time.perf_counter()
    ours = _ours(x)
    middle = time.perf_counter()
    plain = _plain(x)
    end = time.perf_counter()
    return Row(
        f"map and its faithfulness, {n:,} generated vectors",
        "umap-learn, the map alone",
        middle - start,
        end - middle,
        score=_score(ours, x, plain),
    )


def drift(maps: Sequence[np.ndarray]) -> float:
    """Mean way of a point from one layer's map to the next, in units of the maps' spread."""
    found = []
    for one, two in pairwise(points - points.mean(axis=0) for points in maps):
        spread = np.sqrt(np.square(one).sum(axis=1).mean() * np.square(two).sum(axis=1).mean())
        found.append(float(np.linalg.norm(one - two, axis=1).mean() / np.sqrt(spread)))
    return float(np.mean(found))


def _layers(some: np.ndarray) -> Row:
    """All layers of one pooling: ours line up, umap-learn's each lie as they come."""
    from probing.representations import Representations

    representations = Representations(_encoded(len(some)))
    count = representations.layers
    wanted: list[projections.Wanted] = [("umap", 2, layer, "mean") for layer in range(count)]
    start = time.perf_counter()
    drawn = sorted(projections.draw(representations, None, wanted, seed=0), key=lambda p: p.layer)
    middle = time.perf_counter()
    plain = [_plain(representations.cell(layer, "mean")) for layer in range(count)]
    end = time.perf_counter()
    return Row(
        f"maps of {count} layers, {len(some):,} sentences",
        "umap-learn, each alone",
        middle - start,
        end - middle,
        score=f"drift {drift([p.points for p in drawn]):.2f} against {drift(plain):.2f} spreads "
        "from layer to layer",
    )


if __name__ == "__main__":
    print(printed(rows()))
