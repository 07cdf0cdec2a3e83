"""The shape of a cloud: each figure by brute force, by theory, and what it says at the edges."""

import csv
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import svdvals
from scipy.stats import entropy, ortho_group
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from probing.encoders import Encoder
from probing.evidence import Shape
from probing.extraction import extract
from probing.geometry import (
    CONSTANT,
    anisotropy,
    debiased_cka,
    is_constant,
    participation_ratio,
    rankme,
    relative_variance,
    shape,
    top_share,
    unit,
    z_scored,
)
from tests.conftest import SHARED


def brute_force(x: np.ndarray) -> float:
    """Half the mean squared distance over all pairs, self-pairs included, over the mean energy."""
    wide = [[float(v) for v in row] for row in x]
    n = len(wide)
    apart = sum((a - b) ** 2 for one in wide for two in wide for a, b in zip(one, two, strict=True))
    energy = sum(v * v for row in wide for v in row) / n
    return apart / (2 * n * n) / energy


def cloud(n: int, d: int, seed: int = 0, offset: float = 0.0) -> np.ndarray:
    """Rows with dimensions of different spread, float32 as an encoder gives them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * rng.uniform(0.1, 5, d) + rng.normal(size=d) + offset
    return x.astype(np.float32)


def rogue(n: int = 300, d: int = 20, size: float = 50.0) -> np.ndarray:
    """A cloud of equal spread but for dimension 7, which has the same large value in each row."""
    x = np.random.default_rng(0).normal(size=(n, d))
    x[:, 7] += size
    return x


# ---- relative variance


@pytest.mark.parametrize("seed", range(5))
def test_relative_variance_is_that_of_all_pairs(seed: int) -> None:
    x = cloud(9, 4, seed)
    assert relative_variance(x) == pytest.approx(brute_force(x), rel=1e-9)


def test_scale_does_not_matter_and_a_shared_offset_does() -> None:
    x = np.random.default_rng(0).normal(size=(50, 8))
    assert relative_variance(1e4 * x) == pytest.approx(relative_variance(x), rel=1e-12)
    assert relative_variance(x + 100) < 1e-3 < 0.9 < relative_variance(x - x.mean(axis=0))


def test_the_threshold_lies_between_float_noise_and_information() -> None:
    """Rows that differ by float32 rounding are constant; by a part in ten thousand they are not."""
    rng = np.random.default_rng(0)
    row = rng.normal(size=384).astype(np.float32)
    noise = np.nextafter(row, np.float32(np.inf))
    rounded = np.where(rng.random((100, 384)) < 0.5, row, noise)
    assert is_constant(rounded)
    assert 0 < relative_variance(rounded) < CONSTANT
    assert not is_constant(row + 1e-4 * rng.normal(size=(100, 384)).astype(np.float32))


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.ones((5, 3)), np.ones((1, 3)), np.ones((0, 3))])
def test_nothing_varies(x: np.ndarray) -> None:
    assert relative_variance(x) == 0
    assert is_constant(x)


def test_large_float32_values_do_not_overflow() -> None:
    x = np.array([[3e38, 0], [-3e38, 0]], dtype=np.float32)
    assert relative_variance(x) == pytest.approx(1)
    assert anisotropy(x) == pytest.approx(-1)


# ---- directions


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e3])
def test_anisotropy_is_the_mean_cosine_of_all_pairs(offset: float) -> None:
    x = cloud(17, 6, offset=offset)
    pairs = [
        float(np.dot(a, b)) / float(np.linalg.norm(a) * np.linalg.norm(b))
        for i, a in enumerate(x.astype(np.float64))
        for j, b in enumerate(x.astype(np.float64))
        if i != j
    ]
    assert len(pairs) == 17 * 16
    assert anisotropy(x) == pytest.approx(np.mean(pairs), abs=1e-13)


def test_a_zero_row_has_cosine_0_as_in_scikit_learn() -> None:
    x = cloud(12, 5, offset=2)
    x[[3, 8]] = 0
    wanted = cosine_similarity(x.astype(np.float64))[~np.eye(12, dtype=bool)].mean()
    assert anisotropy(x) == pytest.approx(wanted, abs=1e-13)
    assert not unit(x)[[3, 8]].any()
    assert np.linalg.norm(unit(x), axis=1)[:3] == pytest.approx(1)


def test_anisotropy_at_the_edges() -> None:
    assert anisotropy(np.random.default_rng(0).normal(size=(2_000, 50))) == pytest.approx(
        0, abs=1e-3
    )
    assert (anisotropy(rogue()) or 0) > 0.98
    assert anisotropy(np.tile([1.0, 2.0], (5, 1))) == pytest.approx(1)
    assert anisotropy(np.array([[1.0, 1.0], [-2.0, -2.0]])) == pytest.approx(-1)
    assert anisotropy(np.ones((1, 3))) is None


def test_a_narrow_cone_is_measured_where_float32_would_say_1() -> None:
    """1 − cos of a thousandth of a thousandth, as CLS has it at the first layers."""
    x = np.random.default_rng(0).normal(size=(200, 16)) * 1e-3
    x[:, 0] += 4
    x = x.astype(np.float32)
    exact = x.astype(np.longdouble)
    exact /= np.sqrt(np.square(exact).sum(axis=1, keepdims=True))
    gaps = [((a - b) ** 2).sum() / 2 for i, a in enumerate(exact) for b in exact[:i]]
    assert 1 - (anisotropy(x) or 0) == pytest.approx(float(np.mean(gaps)), rel=1e-6)
    assert float(np.mean(gaps)) < 2e-6


def test_z_scored_is_scikit_learns_standardisation() -> None:
    x, held = cloud(40, 6, offset=3), cloud(9, 6, seed=1)
    scaler = StandardScaler().fit(x.astype(np.float64))
    assert z_scored(x) == pytest.approx(scaler.transform(x.astype(np.float64)), abs=1e-12)
    wanted = scaler.transform(held.astype(np.float64))
    assert z_scored(held, over=x) == pytest.approx(wanted, abs=1e-12)
    assert z_scored(x).dtype == np.float64


def test_a_dimension_of_float_noise_becomes_0_and_a_quiet_one_does_not() -> None:
    rng = np.random.default_rng(0)
    x = np.ones((50, 4)) * [0, 7, 7, 7]
    x[:, 2] = np.where(rng.random(50) < 0.5, 7, np.nextafter(np.float32(7), np.float32(8)))
    x[:, 3] += 1e-4 * rng.normal(size=50)
    z = z_scored(x.astype(np.float32))
    assert not z[:, :3].any()
    assert z[:, 3].std() == pytest.approx(1)


def test_z_scoring_takes_the_anisotropy_of_a_rogue_dimension_away() -> None:
    x = rogue()
    assert (anisotropy(x) or 0) > 0.98
    assert anisotropy(z_scored(x)) == pytest.approx(0, abs=0.005)


def test_top_share_is_that_of_the_summed_products_of_all_pairs() -> None:
    x = cloud(14, 5, offset=1)
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    by_dimension = [sum(float(a[i] * b[i]) for a in u for b in u) for i in range(5)]
    assert sum(by_dimension) == pytest.approx(cosine_similarity(x).sum(), rel=1e-5)
    assert top_share(x) == pytest.approx(max(by_dimension) / sum(by_dimension), rel=1e-5)


def test_top_share_sees_one_rogue_dimension_and_not_equal_ones() -> None:
    assert (top_share(rogue()) or 0) > 0.99
    assert top_share(-rogue()) == pytest.approx(top_share(rogue()))
    assert top_share(np.full((9, 8), 3.0)) == pytest.approx(1 / 8)
    assert top_share(np.array([[1.0, 0], [-1, 0]])) is None
    # a dimension that is large in each row, but of either sign, makes no cosine
    signs = np.where(np.arange(100) % 2, 50.0, -50.0)
    assert (top_share(np.column_stack([signs, np.ones((100, 2))])) or 0) == pytest.approx(0.5)


# ---- rank


@pytest.mark.parametrize(("n", "d"), [(40, 7), (7, 40), (20, 20)])
def test_participation_ratio_by_the_covariances_eigenvalues(n: int, d: int) -> None:
    x = cloud(n, d, offset=5)
    values = np.linalg.eigvalsh(np.cov(x.astype(np.float64).T))
    wanted = values.sum() ** 2 / (values**2).sum()
    assert participation_ratio(x) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(50, 100), (200, 100), (1000, 100), (100, 400)])
def test_participation_ratio_of_isotropic_rows_depends_on_n_as_theory_says(n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    found = [participation_ratio(rng.normal(size=(n, d))) for _ in range(5)]
    assert np.mean(found) == pytest.approx(n * d / (n + d), rel=0.03)  # type: ignore[arg-type]


def test_rank_1_fills_one_dimension() -> None:
    line = np.outer(np.random.default_rng(0).normal(size=30), np.arange(1, 9))
    assert participation_ratio(line) == pytest.approx(1)
    assert participation_ratio(line + 4) == pytest.approx(1), "an offset is no variance"
    assert rankme(line) == pytest.approx(1)
    assert (rankme(line + np.arange(8) ** 2) or 0) > 1.1, "uncentred: an offset is a direction"
    assert participation_ratio(np.ones((5, 3))) is None
    assert rankme(np.zeros((5, 3))) is None


@pytest.mark.parametrize(("n", "d"), [(40, 7), (7, 40)])
def test_rankme_is_the_entropy_of_the_singular_values(n: int, d: int) -> None:
    x = cloud(n, d, offset=2)
    wanted = np.exp(entropy(svdvals(x.astype(np.float64))))
    assert rankme(x) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("n", [1, 5, 12])
def test_rankme_of_orthonormal_rows_is_their_number(n: int) -> None:
    assert rankme(ortho_group.rvs(12, random_state=0)[:n]) == pytest.approx(n)
    assert rankme(np.diag(np.arange(13) < n)) == pytest.approx(n), "zero rows and dimensions too"


# ---- CKA


def unbiased_hsic(k: np.ndarray, m: np.ndarray) -> float:
    """Equation 5 of Song et al. (2012), to the letter."""
    n, one = len(k), np.ones(len(k))
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    pairs = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    value = np.trace(k @ m) + pairs - 2 / (n - 2) * (one @ k @ m @ one)
    return float(value / (n * (n - 3)))


def literal_cka(x: np.ndarray, y: np.ndarray) -> float:
    k, m = x @ x.T, y @ y.T
    return float(unbiased_hsic(k, m) / np.sqrt(unbiased_hsic(k, k) * unbiased_hsic(m, m)))


def biased_cka(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    own = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(y.T @ x) ** 2 / own)


@pytest.mark.parametrize(("n", "d", "e"), [(4, 3, 3), (5, 9, 2), (30, 6, 50), (60, 8, 8)])
def test_debiased_cka_is_that_of_the_n_by_n_kernels(n: int, d: int, e: int) -> None:
    x = cloud(n, d, seed=n, offset=3).astype(np.float64)
    y = cloud(n, e, seed=n + 1).astype(np.float64)
    y[:, :2] += x[:, :2]
    assert debiased_cka(x, y) == pytest.approx(literal_cka(x, y), rel=1e-8)
    assert debiased_cka(y, x) == pytest.approx(literal_cka(x, y), rel=1e-8)


def test_independent_clouds_have_no_debiased_cka_and_much_of_the_biased() -> None:
    n, d, found, biased = 50, 384, [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
        found.append(debiased_cka(x, y) or 0.0)
        biased.append(biased_cka(x, y))
    assert np.mean(found) == pytest.approx(0, abs=0.05)
    assert min(found) < 0 < max(found), "not clipped"
    assert np.mean(biased) == pytest.approx(d / (n + d), abs=0.02)


def test_cka_sees_neither_rotation_nor_scale_nor_shift() -> None:
    x, y = cloud(40, 12).astype(np.float64), cloud(40, 6, seed=1).astype(np.float64)
    y[:, 0] += 2 * x[:, 0]
    turned = 7 * x @ ortho_group.rvs(12, random_state=0) + 100
    assert debiased_cka(x, x) == pytest.approx(1)
    assert debiased_cka(x, turned) == pytest.approx(1)
    assert debiased_cka(turned, y) == pytest.approx(debiased_cka(x, y), rel=1e-9)
    stretched = x * np.linspace(0.1, 10, 12)
    assert abs((debiased_cka(stretched, y) or 0) - (debiased_cka(x, y) or 0)) > 0.01


def test_cka_where_there_is_none() -> None:
    x = cloud(20, 4)
    assert [debiased_cka(x[:n], x[:n]) for n in range(4)] == [None] * 4
    assert debiased_cka(x[:4], x[:4]) == pytest.approx(1)
    for same in (np.ones((20, 3)), 1e3 + 1e-3 * cloud(20, 3)):
        assert debiased_cka(x, same) is None
        assert debiased_cka(same, x) is None
    for seed in range(8):  # rows equally far apart have no structure; what is left is rounding
        assert debiased_cka(3 * ortho_group.rvs(20, random_state=seed) + 1, x) is None


# ---- all together


def test_shape_is_its_figures() -> None:
    x, mean = cloud(30, 6, offset=2), cloud(30, 6, seed=1)
    assert shape(x, 4, "cls", mean) == Shape(
        layer=4,
        pooling="cls",
        n=30,
        relative_variance=relative_variance(x),
        anisotropy=anisotropy(x),
        anisotropy_z=anisotropy(z_scored(x)),
        top_share=top_share(x),
        participation_ratio=participation_ratio(x),
        rankme=rankme(x),
        cka_mean=debiased_cka(x, mean),
    )
    assert shape(x, 4, "cls").cka_mean is None
    assert shape(x, 4, "mean", x).cka_mean is None
    assert shape(x, 4, "cls", np.ones((30, 6))).cka_mean is None


def blanks(found: Shape) -> list[object]:
    return [
        found.anisotropy,
        found.anisotropy_z,
        found.top_share,
        found.participation_ratio,
        found.rankme,
        found.cka_mean,
    ]


@pytest.mark.parametrize("n", [0, 1, 5])
def test_shape_is_blank_where_constant(n: int) -> None:
    found = shape(np.ones((n, 3)), 0, "cls", cloud(n, 3))
    assert (found.n, found.relative_variance) == (n, 0)
    assert blanks(found) == [None] * 6


def test_the_bundled_encoders_cls_is_blank_at_layer_0_and_only_there(bundled: Encoder) -> None:
    texts = ["where is my card", "the rate is wrong", "top up failed", "how do I pay", "thanks"]
    arrays = extract(texts, bundled, ("cls", "mean")).arrays
    shapes = [shape(arrays["cls"][i], i, "cls", arrays["mean"][i]) for i in range(7)]
    assert shapes[0].relative_variance < CONSTANT
    assert blanks(shapes[0]) == [None] * 6
    assert all(None not in blanks(found) for found in shapes[1:])
    assert None not in blanks(shape(arrays["mean"][0], 0, "mean"))[:-1]


@pytest.mark.slow
def test_the_figures_known_of_the_bundled_encoder(bundled: Encoder) -> None:
    """One rogue dimension makes .81 to .99 of CLS's cosines, and no such thing holds for mean."""
    path = SHARED / "data" / "csv" / "banking77.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    texts: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            texts[row["label"]].append(row["text"])
    chosen = [text for label in sorted(texts)[:10] for text in texts[label][:40]]
    arrays = extract(chosen, bundled, ("cls", "mean")).arrays
    assert len(chosen) == 400

    def of(pooling: str, figure: Callable[[np.ndarray], float | None]) -> list[float]:
        return [figure(arrays[pooling][layer]) or 0.0 for layer in range(1, 7)]

    assert all(0.81 <= share < 0.995 for share in of("cls", top_share))
    assert max(of("mean", top_share)) < 0.6
    assert min(of("cls", anisotropy)[:5]) > 0.999 > 0.8 > of("cls", anisotropy)[5]
    assert max(of("mean", anisotropy)) < 0.75
