"""New vectors on a map that exists: exactly for principal components, near their like for UMAP."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances

from probing.errors import DataError
from probing.projections import Projection, project
from probing.projections import placing as module
from probing.projections.placing import place


def cloud(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    """Five far clusters, stretched differently along each axis, the same for every seed."""
    centres = np.random.default_rng(99).normal(size=(5, d)) * 6
    noise = np.random.default_rng(seed).normal(size=(n, d)) * np.linspace(2, 0.2, d)
    return (centres[np.arange(n) % 5] + noise).astype(np.float32)


def draw(x: np.ndarray, method: str = "pca", dimensions: int = 2, **options: object) -> Projection:
    return project(x, method=method, dimensions=dimensions, layer=3, pooling="cls", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def umap() -> tuple[np.ndarray, Projection]:
    """300 vectors and their map, which lies on another map of them."""
    x = cloud(300)
    return x, draw(x, "umap", reference=draw(x, "umap", seed=5).points)


def gaps(points: np.ndarray, others: np.ndarray, of: Projection) -> np.ndarray:
    """Distances between points, as shares of the map's spread."""
    return np.asarray(np.linalg.norm(points - others, axis=-1) / of.points.std(axis=0).mean())


# ---- principal components


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(("n", "d"), [(80, 8), (7, 40), (300, 3)])
def test_components_of_new_vectors_are_scikit_learns(n: int, d: int, dimensions: int) -> None:
    x, new = cloud(n, d) + 100, cloud(20, d, seed=1) + 100
    mapped = draw(x, "pca", dimensions)
    model = PCA(dimensions).fit(x.astype(np.float64))
    signs = np.sign((mapped.points * model.transform(x.astype(np.float64))).sum(axis=0))
    expected = model.transform(new.astype(np.float64)) * signs
    found = place(mapped, x, new)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(place(mapped, x, x), mapped.points, atol=1e-4)


def test_components_keep_the_signs_that_lay_the_map_on_another() -> None:
    x = cloud(60)
    reference = draw(x).points * np.array([-1, 1], dtype=np.float32)
    mapped = draw(x, reference=reference)
    np.testing.assert_allclose(place(mapped, x, x), reference, atol=1e-4)


def test_components_of_a_millionth_of_the_variance() -> None:
    x = (cloud(60) * 1e-3 + 10).astype(np.float32)
    mapped = draw(x)
    np.testing.assert_allclose(place(mapped, x, x), mapped.points, atol=1e-7)


@pytest.mark.parametrize("method", ["pca", "umap"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_few_sentences_have_components_only(method: str, dimensions: int) -> None:
    for n in range(2, 6):
        x = cloud(n)
        mapped = draw(x, method, dimensions)
        np.testing.assert_allclose(place(mapped, x, x), mapped.points, atol=1e-4)
        beside = place(mapped, x, cloud(3, seed=1))
        assert np.isfinite(beside).all()
        assert np.abs(beside[:, min(n - 1, dimensions) :]).max(initial=0) == 0, "no such axis"


# ---- UMAP


def test_a_sentence_of_the_map_lies_on_its_own_point(umap: tuple[np.ndarray, Projection]) -> None:
    x, mapped = umap
    assert gaps(place(mapped, x, x), mapped.points, mapped).max() < 1e-3
    again = x + np.float32(1e-6) * np.random.default_rng(0).normal(size=x.shape)
    assert gaps(place(mapped, x, again), mapped.points, mapped).max() < 1e-3
    # at layer 1 CLS differs by a thousandth of its length
    small = (x * 1e-3 + 10).astype(np.float32)
    tight = draw(small, "umap")
    assert np.median(gaps(place(tight, small, small + np.float32(1e-6)), tight.points, tight)) < 0.1


def test_a_new_sentence_lies_among_its_neighbours(umap: tuple[np.ndarray, Projection]) -> None:
    x, mapped = umap
    new = cloud(100, seed=1)
    found = place(mapped, x, new)
    nearest = pairwise_distances(new, x).argsort(axis=1)[:, :15]
    among = np.median(gaps(found[:, None], mapped.points[nearest], mapped), axis=1)
    anywhere = np.median(gaps(found[:, None], mapped.points[None], mapped), axis=1)
    assert np.median(among) < 0.2 * np.median(anywhere)
    cluster = pairwise_distances(found, mapped.points).argmin(axis=1) % 5
    assert (cluster == np.arange(100) % 5).mean() > 0.95
    np.testing.assert_array_equal(place(mapped, x, new[:1]), found[:1])


def test_left_out_sentences_land_where_they_were(umap: tuple[np.ndarray, Projection]) -> None:
    x, mapped = umap
    kept = np.arange(300) >= 60
    part = replace(mapped, points=mapped.points[kept])
    found = gaps(place(part, x[kept], x[~kept]), mapped.points[~kept], mapped)
    chance = gaps(mapped.points[:60], mapped.points[61:121], mapped)
    assert np.median(found) < 0.15
    assert np.median(chance) > 0.5


def test_the_place_is_the_weighted_geometric_median() -> None:
    rng = np.random.default_rng(3)
    points, weights = rng.normal(size=(20, 15, 2)), rng.uniform(0.05, 1, size=(20, 15))
    found = module._median(points, weights)

    def cost(place: np.ndarray, row: int) -> float:
        return float(weights[row] @ np.linalg.norm(points[row] - place, axis=1))

    for row in range(20):
        best = minimize(cost, points[row].mean(axis=0), row, method="Nelder-Mead", tol=1e-10)
        assert cost(found[row], row) <= best.fun * (1 + 1e-6)
    heavy = np.ones((1, 15))
    heavy[0, 4] = 20.0
    np.testing.assert_allclose(module._median(points[:1], heavy)[0], points[0, 4], atol=1e-6)


def test_it_is_in_no_mans_land_between_two_clusters_only_if_they_pull_alike() -> None:
    here, there = np.zeros((9, 2)), np.full((6, 2), 10.0)
    found = module._median(np.vstack([here, there])[None], np.ones((1, 15)))
    assert np.abs(found).max() < 0.1


def test_copies_and_parts(
    umap: tuple[np.ndarray, Projection], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, mapped = umap
    new = cloud(40, seed=2)
    at_once = place(mapped, x, new)
    monkeypatch.setattr("probing.projections.neighbours.PAIRS", 700)
    np.testing.assert_allclose(place(mapped, x, new), at_once, atol=1e-5)
    copies = np.repeat(cloud(3, seed=5), 20, axis=0)
    crowded = draw(copies, "umap")
    assert np.isfinite(place(crowded, copies, copies)).all()
    assert place(mapped, x, x[:0]).shape == (0, 2)


def test_three_dimensions() -> None:
    x = cloud(60)
    mapped = draw(x, "umap", 3)
    assert gaps(place(mapped, x, x), mapped.points, mapped).max() < 1e-3


# ---- what is refused


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_what_does_not_fit_is_refused(method: str) -> None:
    x = cloud(20)
    mapped = draw(x, method)
    for new in (cloud(4, 7), cloud(4, 9), x[0]):
        with pytest.raises(DataError, match=r"vectors of 8 numbers.*\(.*same encoder"):
            place(mapped, x, new)
    with pytest.raises(DataError, match="map has 20 points and there are 19 vectors"):
        place(mapped, x[:19], x)
    with pytest.raises(DataError, match=r"cls vector at layer 3 is the same.*higher layer"):
        place(mapped, np.tile(x[0], (20, 1)), x)
