"""Maps against scikit-learn, their faithfulness against its definition, and what is refused."""

import json
from itertools import pairwise

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from probing.errors import Cancelled, DataError, SettingsError
from probing.projections import (
    Projection,
    Wanted,
    faithfulness,
    judge,
    layouts,
    neighbours,
    project,
)
from probing.projections import (
    draw as draw_all,
)
from probing.representations import Representations


def cloud(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    """Three far clusters, stretched differently along each axis."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, d)) * 4
    x = centres[np.arange(n) % 3] + rng.normal(size=(n, d)) * np.linspace(2, 0.2, d)
    return x.astype(np.float32)


def draw(x: np.ndarray, method: str = "pca", dimensions: int = 2, seed: int = 0) -> Projection:
    return project(x, method=method, dimensions=dimensions, layer=3, pooling="mean", seed=seed)  # type: ignore[arg-type]


# ---- faithfulness


@pytest.mark.parametrize("n", [12, 31, 32, 200])
@pytest.mark.parametrize("seed", range(3))
def test_trustworthiness_is_scikit_learns_and_continuity_is_it_turned_round(
    n: int, seed: int
) -> None:
    x = cloud(n, seed=seed)
    points = np.random.default_rng(seed).normal(size=(n, 2)) + 0.5 * x[:, :2]
    got = judge(x, points.astype(np.float32))
    assert got.k == min(15, (n - 1) // 2)
    assert got.trustworthiness == pytest.approx(
        trustworthiness(x, points, n_neighbors=got.k), abs=1e-9
    )
    assert got.continuity == pytest.approx(trustworthiness(points, x, n_neighbors=got.k), abs=1e-9)
    assert got.judged == n


def test_neighbours_kept_and_label_accuracy_by_scikit_learns_neighbours() -> None:
    x, rng = cloud(90), np.random.default_rng(1)
    points = (x[:, :2] + rng.normal(size=(90, 2))).astype(np.float32)
    labels = rng.integers(3, size=90)
    labels[::2] = (np.arange(90) % 3)[::2]
    got = judge(x, points, labels)

    def near(space: np.ndarray) -> np.ndarray:
        model = NearestNeighbors(n_neighbors=15).fit(space)
        return np.asarray(model.kneighbors(return_distance=False))

    kept = [len(set(a) & set(b)) / 15 for a, b in zip(near(x), near(points), strict=True)]
    assert got.neighbours_kept == pytest.approx(np.mean(kept))
    assert got.neighbours_kept_by_chance == pytest.approx(15 / 89)
    for space, accuracy in ((x, got.label_accuracy_full), (points, got.label_accuracy_map)):
        right = []
        for i in range(90):  # leave-one-out, by hand
            others = np.delete(np.arange(90), i)
            model = KNeighborsClassifier(15).fit(space[others], labels[others])
            votes = model.predict_proba(space[[i]])[0]
            if np.sum(votes == votes.max()) == 1:
                right.append((i, model.classes_[votes.argmax()] == labels[i]))
        untied = np.mean([hit for _, hit in right])
        assert accuracy == pytest.approx(untied, abs=(90 - len(right)) / 90 + 1e-9)
        assert len(right) > 70


def test_a_perfect_map_and_a_random_one() -> None:
    x = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    perfect = judge(x, 5 * x @ np.array([[0, 1], [-1, 0]], np.float32))
    assert (perfect.trustworthiness, perfect.continuity, perfect.neighbours_kept) == (1, 1, 1)
    random = judge(x, np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32))
    assert random.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert random.continuity == pytest.approx(0.5, abs=0.05)
    assert random.neighbours_kept == pytest.approx(random.neighbours_kept_by_chance, abs=0.03)


def test_labels_on_separate_clusters() -> None:
    x = cloud(90)
    y = np.arange(90) % 3
    got = judge(x, x[:, :2], y)
    assert got.label_accuracy_full == 1
    shuffled = judge(x, x[:, :2], np.random.default_rng(0).permutation(y))
    assert shuffled.label_accuracy_full is not None
    assert shuffled.label_accuracy_full < 0.55
    assert judge(x, x[:, :2]).label_accuracy_map is None


def test_a_sample_is_close_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cloud(600)
    points = (x[:, :2] + np.random.default_rng(0).normal(size=(600, 2))).astype(np.float32)
    whole = judge(x, points, np.arange(600) % 3)
    monkeypatch.setattr(faithfulness, "JUDGED", 200)
    part = judge(x, points, np.arange(600) % 3, seed=1)
    assert (whole.judged, part.judged) == (600, 200)
    for name in ("trustworthiness", "continuity", "neighbours_kept", "label_accuracy_map"):
        one, two = getattr(part, name), getattr(whole, name)
        assert one == pytest.approx(two, abs=0.04), name
        assert one != two
    assert judge(x, points, seed=1) == judge(x, points, seed=1)


def test_distances_in_parts_are_distances_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cloud(100)
    at_once = judge(x, x[:, :2], np.arange(100) % 3)
    monkeypatch.setattr(neighbours, "PAIRS", 700)
    in_parts = judge(x, x[:, :2], np.arange(100) % 3)
    for name, value in vars(at_once).items():
        assert getattr(in_parts, name) == pytest.approx(value), name


def test_a_point_is_not_its_own_neighbour_where_another_lies_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twins of different labels: the nearest neighbour's label is wrong for all, by definition."""
    monkeypatch.setattr(faithfulness, "NEIGHBOURS", 1)
    x = np.repeat(cloud(20), 2, axis=0)
    got = judge(x, x[:, :2], np.arange(40) % 2)
    assert (got.label_accuracy_full, got.label_accuracy_map) == (0, 0)
    assert (got.trustworthiness, got.continuity, got.neighbours_kept) == (1, 1, 1)


def brute(x: np.ndarray, points: np.ndarray, k: int, judged: np.ndarray) -> tuple[float, ...]:
    """Trustworthiness, continuity and neighbours kept by sorting all indices of every point."""

    def ranks(space: np.ndarray) -> np.ndarray:
        distances = pairwise_distances(space[judged], space)
        distances[np.arange(len(judged)), judged] = -1
        return np.argsort(np.argsort(distances, axis=1, kind="stable"), axis=1, kind="stable")

    full, flat = ranks(x), ranks(points)
    near_full, near_flat = (full >= 1) & (full <= k), (flat >= 1) & (flat <= k)
    n = len(x)
    scale = 2 / (k * (2 * n - 3 * k - 1)) / len(judged)
    return (
        1 - scale * float((full - k).clip(0)[near_flat].sum()),
        1 - scale * float((flat - k).clip(0)[near_full].sum()),
        float((near_full & near_flat).sum()) / k / len(judged),
    )


@pytest.mark.parametrize("case", ["plain", "twins", "grid", "narrow"])
def test_figures_are_those_of_a_full_sort_with_ties_by_index(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = cloud(150)
    if case == "twins":
        x = np.repeat(x[:50], 3, axis=0)
    elif case == "grid":  # nearly all distances tied
        x = np.indices((15, 10)).reshape(2, -1).T.astype(np.float32)
    elif case == "narrow":  # as CLS at the first layers: far from 0, nearly alike
        x = (1 + 1e-3 * x).astype(np.float32)
    points = (cloud(150, 2, seed=1) + x[:, :2]).astype(np.float32)
    for most in (2_000, 40):
        monkeypatch.setattr(faithfulness, "JUDGED", most)
        judged = np.arange(150)
        if most < 150:
            judged = np.sort(np.random.default_rng(0).choice(150, most, replace=False))
        got = judge(x, points)
        expected = brute(x, points, 15, judged)
        figures = (got.trustworthiness, got.continuity, got.neighbours_kept)
        assert figures == pytest.approx(expected, abs=1e-12)


# ---- the graph


def test_the_graph_is_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cloud(120)
    distances, nearest = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(x).kneighbors()
    for pairs in (5_000_000, 700):
        monkeypatch.setattr(neighbours, "PAIRS", pairs)
        got = neighbours.graph(x, 10)
        assert np.array_equal(got.nearest, nearest)
        np.testing.assert_allclose(got.distances, distances, rtol=1e-5)


def test_twins_are_at_distance_zero_and_nobody_is_its_own_neighbour() -> None:
    x = np.repeat(1000 + cloud(20), 3, axis=0)
    got = neighbours.graph(x, 5)
    assert (got.distances[:, :2] == 0).all()
    assert (got.distances[:, 2:] > 0).all()
    assert not (got.nearest == np.arange(60)[:, None]).any()
    assert (np.diff(got.distances, axis=1) >= 0).all()


def test_the_neighbours_of_too_many_vectors_are_searched_by_umap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, asked = cloud(60), []

    def search(x: np.ndarray, k: int, *_: object, **__: object) -> tuple[np.ndarray, ...]:
        """Brute force in the place of a kernel that compiles for half a minute."""
        asked.append(k)
        distances = np.linalg.norm(x[:, None] - x, axis=2)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return order, np.take_along_axis(distances, order, axis=1), np.zeros(0)

    exact = layouts.graph_of(x)
    monkeypatch.setattr(layouts, "EXACT", 59)
    monkeypatch.setattr(layouts.load_umap().umap_, "nearest_neighbors", search)
    found = layouts.graph_of(x)
    assert asked == [layouts.NEIGHBOURS]
    np.testing.assert_array_equal(found.nearest, exact.nearest)
    np.testing.assert_allclose(found.distances, exact.distances, rtol=1e-4)


# ---- layers that line up


def layered() -> Representations:
    """Five layers of one cloud that turns and loosens; the first is constant."""
    rng, x = np.random.default_rng(0), cloud(90)
    layers = [np.ones_like(x)]
    for number in range(4):
        turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
        layers.append(((x + 0.3 * number * rng.normal(size=x.shape)) @ turn).astype(np.float32))
    return Representations({"mean": np.stack(layers)})


def drift(one: np.ndarray, two: np.ndarray) -> float:
    """Mean way of a point between two maps, in units of their spread."""
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    spread = np.sqrt(np.square(one).sum(axis=1).mean())
    return float(np.linalg.norm(one - two, axis=1).mean() / spread)


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_layers_lie_on_one_another(method: str) -> None:
    representations = layered()
    wanted: list[Wanted] = [(method, 2, layer, "mean") for layer in range(1, 5)]  # type: ignore[misc]
    found = {p.layer: p for p in draw_all(representations, None, wanted, seed=0)}
    alone = [draw(representations.cell(n, "mean"), method).points for n in range(1, 5)]
    lying = np.mean([drift(found[n].points, found[n + 1].points) for n in range(1, 4)])
    apart = np.mean([drift(a, b) for a, b in pairwise(alone)])
    assert lying < 0.6
    assert lying < 0.7 * apart
    for n in range(1, 5):  # and are as faithful as they would be alone
        own = judge(representations.cell(n, "mean"), alone[n - 1]).trustworthiness
        assert found[n].faithfulness.trustworthiness == pytest.approx(own, abs=0.03)


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_a_map_does_not_depend_on_which_were_drawn_before(method: str) -> None:
    representations = layered()
    cells: list[Wanted] = [(method, 2, layer, "mean") for layer in (1, 2, 4)]  # type: ignore[misc]
    at_once = {p.name: p for p in draw_all(representations, None, cells, seed=0)}
    one_by_one: dict[str, Projection] = {}
    for cell in reversed(cells):
        there = tuple(one_by_one.values())
        one_by_one |= {
            p.name: p for p in draw_all(representations, None, [cell], seed=0, there=there)
        }
    assert set(at_once) == set(one_by_one)
    for name, projection in at_once.items():
        assert np.array_equal(projection.points, one_by_one[name].points), name
        assert projection.to_json() == one_by_one[name].to_json()


def test_what_is_there_is_not_drawn_again_and_constant_layers_are_no_reference() -> None:
    representations = layered()
    first = draw_all(representations, None, [("pca", 2, 4, "mean")], seed=0)
    assert [p.layer for p in first] == [2, 4]
    assert draw_all(representations, None, [("pca", 2, 4, "mean")], seed=0, there=first) == ()
    halves = Representations({"mean": representations.arrays["mean"][[0, 0, 0, 3, 4]]})
    drawn = draw_all(halves, None, [("pca", 2, 4, "mean")], seed=0)
    assert [p.layer for p in drawn] == [3, 4]


def test_the_progress_of_many_maps_rises_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    wanted: list[Wanted] = [("umap", 2, 1, "mean"), ("pca", 2, 1, "mean")]
    draw_all(layered(), None, wanted, seed=0, report=lambda *step: steps.append(step))
    assert {total for _, total in steps} == {400}
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == 400
    assert len(steps) > 4


def test_turning_undoes_a_rotation_a_reflection_and_a_shift_but_no_scale() -> None:
    points = cloud(30, 3)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    for sign in (1, -1):
        moved = points @ (turn * [1, 1, sign]) + [5, -7, 2]
        np.testing.assert_allclose(layouts.turned(moved, points), points, atol=1e-4)
    larger = layouts.turned(3 * points, points)
    np.testing.assert_allclose(larger - larger.mean(0), 3 * (points - points.mean(0)), atol=1e-4)


def test_principal_components_are_mirrored_and_never_turned() -> None:
    points = draw(cloud(30)).points
    mirror = points * np.array([-1, 1], dtype=np.float32)
    assert np.array_equal(layouts.mirrored(mirror, points), points)
    turned = points[:, ::-1]
    assert np.array_equal(np.abs(layouts.mirrored(turned, points)), np.abs(turned))


# ---- PCA


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(("n", "d"), [(50, 8), (6, 40)])
def test_principal_components_are_scikit_learns(n: int, d: int, dimensions: int) -> None:
    x = cloud(n, d) + 100
    got = draw(x, "pca", dimensions)
    model = PCA(dimensions).fit(x.astype(np.float64))
    expected = model.transform(x.astype(np.float64))
    signs = np.sign((got.points * expected).sum(axis=0))
    np.testing.assert_allclose(got.points, expected * signs, atol=1e-4)
    np.testing.assert_allclose(got.explained, model.explained_variance_ratio_, atol=1e-9)
    assert got.notice == ""


def test_signs_do_not_depend_on_the_order_of_the_sentences() -> None:
    x = cloud(40)
    np.testing.assert_allclose(draw(x).points[::-1], draw(x[::-1].copy()).points, atol=1e-4)


# ---- what is refused


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_constant_vectors_are_refused(method: str) -> None:
    row = np.random.default_rng(0).normal(size=16).astype(np.float32)
    rounded = row + np.float32(1e-7) * np.random.default_rng(1).normal(size=(40, 16))
    for x in (np.tile(row, (40, 1)), rounded.astype(np.float32)):
        with pytest.raises(DataError, match=r"mean vector at layer 3 is the same .*higher layer"):
            draw(x, method)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_sentences_are_refused(n: int) -> None:
    with pytest.raises(DataError, match=f"at least two sentences; there is {n}"):
        draw(cloud(20)[:n])


def test_unknown_methods_and_dimensions_are_refused() -> None:
    with pytest.raises(SettingsError, match="'tsne' is unknown; it is one of pca, umap"):
        draw(cloud(20), "tsne")
    for dimensions in (1, 4):
        with pytest.raises(SettingsError, match=f"2 or 3 dimensions, not {dimensions}"):
            draw(cloud(20), "pca", dimensions)


# ---- few and identical sentences


@pytest.mark.parametrize("method", ["pca", "umap"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_small_number_of_sentences(method: str, dimensions: int) -> None:
    for n in range(2, 21):
        got = draw(cloud(n), method, dimensions)
        assert got.points.shape == (n, dimensions), n
        assert got.points.dtype == np.float32
        assert np.isfinite(got.points).all(), n
        assert ("principal components" in got.notice) == (method == "umap" and n <= 5)
        json.dumps(got.to_json(), allow_nan=False)
        if n == 2:
            assert got.faithfulness.trustworthiness is None
            assert got.faithfulness.k == 0
        else:
            assert 0 <= got.faithfulness.trustworthiness <= 1  # type: ignore[operator]


@pytest.mark.parametrize("method", ["pca", "umap"])
@pytest.mark.parametrize(("distinct", "copies"), [(2, 3), (2, 30), (5, 20), (17, 3), (3, 12)])
def test_identical_rows(method: str, distinct: int, copies: int) -> None:
    x = np.repeat(cloud(distinct, seed=5), copies, axis=0)
    for dimensions in (2, 3):
        got = draw(x, method, dimensions)
        assert np.isfinite(got.points).all()
        json.dumps(got.to_json(), allow_nan=False)


# ---- UMAP


def test_the_same_seed_gives_the_same_map_and_another_another() -> None:
    x = cloud(60)
    one, two, other = (draw(x, "umap", 2, seed).points for seed in (7, 7, 8))
    assert np.array_equal(one, two)
    assert not np.allclose(one, other, atol=0.1)


def test_umap_keeps_clusters_apart() -> None:
    x = cloud(90)
    got = project(x, method="umap", dimensions=3, layer=3, pooling="mean", labels=np.arange(90) % 3)
    assert got.points.shape == (90, 3)
    assert got.faithfulness.label_accuracy_map == 1
    assert got.faithfulness.trustworthiness is not None
    assert got.faithfulness.trustworthiness > 0.8
    assert got.explained == ()
    assert (got.name, got.seed, got.layer, got.pooling) == ("umap3_mean_3", 0, 3, "mean")


def test_labels_do_not_move_the_map() -> None:
    x = cloud(60)
    labelled = project(x, method="umap", layer=3, pooling="mean", labels=np.arange(60) % 2)
    assert np.array_equal(labelled.points, draw(x, "umap").points)


def test_umap_tells_how_far_it_is_and_can_be_cancelled() -> None:
    x, steps = cloud(60), []

    def report(done: int, total: int) -> None:
        steps.append((done, total))

    project(x, method="umap", layer=3, pooling="mean", report=report)
    assert len(steps) > 1
    assert {total for _, total in steps} == {100}
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == 100

    def stop(done: int, total: int) -> None:
        if done > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        project(x, method="umap", layer=3, pooling="mean", report=stop)
    assert np.isfinite(draw(x, "umap").points).all()  # the lock is free again


def test_points_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        draw(cloud(20)).points[0, 0] = 1
