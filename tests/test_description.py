"""The online code against scikit-learn's probes, brute force over all labellings, and theory."""

import itertools
import math
import warnings
from math import lgamma, log2

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from probing import description
from probing.description import blocks, cautious, online_code, sample
from probing.errors import Cancelled
from probing.evidence import Code
from probing.probes.search import STRENGTHS
from probing.probes.solver import Features


def blobs(n: int, d: int, classes: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % classes)
    return rng.normal(size=(classes, d))[y] * spread + rng.normal(size=(n, d)), y


def describe(x: np.ndarray, y: np.ndarray, **options: object) -> Code:
    settings = {"classes": int(y.max()) + 1, "groups": np.arange(len(y)), "seed": 0, **options}
    return online_code(Features.of(x), y, layer=2, pooling="cls", **settings)


def by_hand(
    x: np.ndarray, y: np.ndarray, classes: int, line: list[np.ndarray], c: float
) -> list[tuple[float, float]]:
    """Bits and hits of each block but the first, by scikit-learn; every line needs two classes."""
    found = []
    for i in range(1, len(line)):
        before, block = [row for part in line[:i] for row in part.tolist()], line[i]
        scaler = StandardScaler().fit(x[before])
        model = LogisticRegression(C=c, tol=1e-9, max_iter=100_000, solver="newton-cg")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(scaler.transform(x[before]), y[before])
        known = list(model.classes_)
        probability = model.predict_proba(scaler.transform(x[block]))
        bits = hits = 0.0
        for row, p in zip(block, probability, strict=True):
            told = p[known.index(y[row])] if y[row] in known else 0.0
            t = len(before)
            bits -= log2(t / (t + 1) * told + 1 / (t + 1) / classes)
            hits += known[int(p.argmax())] == y[row]
        found.append((bits, hits))
    return found


@pytest.mark.parametrize(("classes", "d", "spread"), [(2, 4, 0.7), (3, 6, 0.5), (4, 3, 0)])
def test_equal_to_scikit_learn(classes: int, d: int, spread: float) -> None:
    """Three shuffles, three strengths, each probe fitted anew."""
    x, y = blobs(150, d, classes, spread, seed=classes)
    strengths = (1e-3, 0.1, 10.0)
    got = describe(x, y, shuffles=3, strengths=strengths, seed=5)
    lengths, curves = [], []
    for shuffle in range(3):
        line = blocks(np.arange(150), classes, np.random.default_rng([5, shuffle]))
        codes = [by_hand(x, y, classes, line, c) for c in strengths]
        best = min(codes, key=lambda found: sum(bits for bits, _ in found))
        first = len(line[0]) * log2(classes)
        lengths.append(first + sum(bits for bits, _ in best) + log2(3))
        curves.append([(b / len(p), h / len(p)) for (b, h), p in zip(best, line[1:], strict=True)])
    assert got.bits == pytest.approx(np.mean(lengths), rel=2e-3)
    assert got.bits_sd == pytest.approx(np.std(lengths, ddof=1), rel=0.05)
    assert got.block_bits == pytest.approx(np.mean(curves, axis=0)[:, 0].tolist(), rel=5e-3)
    # one near-tie of a small block may fall the other way
    assert got.accuracy == pytest.approx(np.mean(curves, axis=0)[:, 1].tolist(), abs=0.02)
    assert got.seen == tuple(np.cumsum([len(part) for part in line])[:-1].tolist())


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_all_in_the_first_block_is_the_uniform_code_exactly(classes: int) -> None:
    x, y = blobs(2 * classes + 5, 3, classes, 9, seed=0)
    got = describe(x, y)
    assert got.bits == got.uniform_bits == got.permuted_bits == len(y) * log2(classes)
    assert (got.compression, got.bits_sd, got.seen) == (1.0, 0.0, ())
    assert (got.accuracy, got.block_bits) == ((), ())


@pytest.mark.parametrize("seed", range(3))
def test_it_is_a_code(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kraft: over all labellings of seven sentences, Σ 2^−bits ≤ 1, and not much less.

    Each strength alone fills the sum to 1; the best of two, with a bit to name it, stays below.
    """
    monkeypatch.setattr(description, "FEWEST", 2)
    monkeypatch.setattr(description, "SETTLED", 0)
    x = np.random.default_rng(seed).normal(size=(7, 2))
    features, groups = Features.of(x), np.arange(7)

    def kraft(strengths: tuple[float, ...], labels: np.ndarray) -> float:
        # one order for all labellings, as receiver and sender agree on it beforehand
        line = blocks(groups, 1, np.random.default_rng(seed))
        assert [len(part) for part in line] == [2, 2, 3]
        lines = [line] * labels.shape[1]
        bits, _, _ = description.code(features, labels, 2, lines, strengths)
        return float(np.exp2(-bits).sum())

    every = np.array(list(itertools.product([0, 1], repeat=7))).T
    assert kraft((0.5,), every) == pytest.approx(1, abs=1e-3)
    assert 0.5 <= kraft((0.01, 10.0), every) <= 1 + 1e-3


def test_it_is_a_code_with_three_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(description, "FEWEST", 2)
    x = np.random.default_rng(3).normal(size=(5, 2))
    every = np.array(list(itertools.product(range(3), repeat=5))).T
    line = [np.array([4, 1]), np.array([0]), np.array([2, 3])]
    lines = [line] * every.shape[1]
    bits, _, _ = description.code(Features.of(x), every, 3, lines, (1.0,))
    assert np.exp2(-bits).sum() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_separable_set_costs_little_more_than_its_first_block(classes: int) -> None:
    x, y = blobs(400, 12, classes, 20, seed=1)
    got = describe(x, y)
    first = max(16, 2 * classes) * 1.6 * log2(classes)  # the next portion may be 1.6 times as far
    assert got.bits < first + 25
    assert got.compression > 7
    assert got.permuted_bits > 400 * log2(classes) * 0.97
    assert min(got.accuracy) > 0.95


def exact_bound(y: np.ndarray) -> float:
    """log2 of the number of labellings with these counts: no code of all of them is shorter."""
    counts = np.bincount(y)
    return (lgamma(len(y) + 1) - sum(lgamma(k + 1) for k in counts)) / math.log(2)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.8, 0.2), (0.6, 0.3, 0.1)])
def test_no_code_of_random_labels_beats_counting(shares: tuple[float, ...]) -> None:
    """Labels in random order: the mean code is no shorter than log2 of how many orders there are.

    It is not much longer either: strong regularisation codes by class frequencies.
    """
    n, rng = 200, np.random.default_rng(1)
    y = np.repeat(np.arange(len(shares)), [round(share * n) for share in shares])
    x = Features.of(rng.normal(size=(n, 6)))
    lines = [blocks(np.arange(n), len(shares), rng) for _ in range(40)]
    labels = np.stack([rng.permutation(y) for _ in lines], axis=1)
    bits, _, _ = description.code(x, labels, len(shares), lines, STRENGTHS)
    error = bits.std() / np.sqrt(len(lines))
    assert bits.mean() > exact_bound(y) - 3 * error
    first = 25 * (log2(len(shares)) - entropy(shares, base=2))  # coded as if classes were equal
    learning = (len(shares) - 1) * log2(n) + 8 + log2(len(STRENGTHS))
    assert bits.mean() < n * entropy(shares, base=2) + first + learning


def test_permuted_labels_have_no_compression() -> None:
    x, y = blobs(200, 6, 2, 4, seed=2)
    permuted = [describe(x, y, seed=seed, shuffles=1).permuted_bits for seed in range(6)]
    assert np.mean(permuted) > exact_bound(y)
    assert np.mean(permuted) < 1.08 * 200
    assert describe(x, y).bits < 80


def test_constant_vectors_are_coded_by_class_frequencies() -> None:
    """The brute force here counts classes and smooths them by one label in all."""
    n, rng = 300, np.random.default_rng(3)
    y = rng.permutation(np.repeat([0, 1, 2], [210, 60, 30]))
    got = describe(np.ones((n, 5)), y, shuffles=4, seed=9)
    lengths = []
    for shuffle in range(4):
        line = blocks(np.arange(n), 3, np.random.default_rng([9, shuffle]))
        bits, seen = len(line[0]) * log2(3), list(y[line[0]])
        for part in line[1:]:
            for row in part:
                bits -= log2((seen.count(y[row]) + 1 / 3) / (len(seen) + 1))
            seen += list(y[part])
        lengths.append(bits + log2(len(STRENGTHS)))
    assert got.bits == pytest.approx(np.mean(lengths), rel=1e-3)
    assert got.prior_bits == pytest.approx(n * entropy([0.7, 0.2, 0.1], base=2))
    assert got.prior_bits < got.bits < got.prior_bits + 30


def test_information_shortens_the_code() -> None:
    rng = np.random.default_rng(4)
    x, y = blobs(300, 8, 3, 1.2, seed=4)
    hidden = x.copy()
    hidden[:, 4:] = rng.normal(size=(300, 4))
    lengths = [describe(values, y).bits for values in (x, hidden, rng.normal(size=(300, 8)))]
    assert lengths[0] < 0.9 * lengths[1] < 0.8 * lengths[2]


def test_the_learning_curve_rises() -> None:
    got = describe(*blobs(800, 40, 2, 0.25, seed=5), shuffles=3)
    assert got.seen == (26, 50, 100, 200, 400)  # 3.2 % is 25.6
    assert got.accuracy[-1] > got.accuracy[0] + 0.05
    assert got.block_bits[-1] < 0.8 * got.block_bits[0]
    assert all(0 <= value <= 1 for value in got.accuracy)


def test_figures_fit_together() -> None:
    x, y = blobs(150, 4, 3, 1, seed=6)
    got = describe(x, y, shuffles=1)
    sizes = np.diff([*got.seen, 150])
    first = got.seen[0] * log2(3)
    assert got.bits == pytest.approx(first + sizes @ got.block_bits + log2(len(STRENGTHS)))
    assert got.compression == pytest.approx(got.uniform_bits / got.bits)
    assert (got.layer, got.pooling, got.n, got.classes, got.shuffles) == (2, "cls", 150, 3, 1)


def test_twice_the_same_and_otherwise_with_another_seed() -> None:
    x, y = blobs(100, 4, 2, 0.5, seed=7)
    one, two, other = (describe(x, y, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one.bits != other.bits
    assert one.permuted_bits != other.permuted_bits


@pytest.mark.parametrize(
    ("texts", "classes", "sizes"),
    [
        (10, 2, [10]),
        (32, 2, [16, 16]),
        (400, 2, [25, 25, 50, 100, 200]),
        (400, 10, [25, 25, 50, 100, 200]),
        (400, 13, [50, 50, 100, 200]),
        (2000, 2, [16, 16, 32, 61, 125, 250, 500, 1000]),
        (16000, 2, [16, 16, 32, 64, 128, 256, 488, 1000, 2000, 4000, 8000]),
        (100, 60, [100]),
    ],
)
def test_sizes_of_blocks(texts: int, classes: int, sizes: list[int]) -> None:
    made = blocks(np.arange(texts) * 3, classes, np.random.default_rng(0))
    assert [len(part) for part in made] == sizes
    assert sorted(np.concatenate(made).tolist()) == list(range(texts))
    assert len(sizes) == 1 or np.concatenate(made).tolist() != list(range(texts))


def test_copies_of_a_text_go_to_the_same_block() -> None:
    groups = np.random.default_rng(0).integers(60, size=200)
    for seed in range(5):
        made = blocks(groups, 2, np.random.default_rng(seed))
        assert len(made) > 1
        for one, two in itertools.combinations(made, 2):
            assert not set(groups[one]) & set(groups[two])
        assert sorted(np.concatenate(made).tolist()) == list(range(200))


def test_copies_do_not_tell_each_other() -> None:
    """Random labels on vectors that can be learnt by heart, each text there four times."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(60, 80)).repeat(4, axis=0), rng.integers(2, size=60).repeat(4)
    together = describe(x, y, groups=np.arange(60).repeat(4))
    assert together.bits > 0.97 * 240
    assert together.permuted_bits > 0.97 * 240
    assert describe(x, y).bits < 0.9 * 240  # it would have been worth something


def test_blocks_of_unequal_copies() -> None:
    groups = np.concatenate([np.arange(60), np.zeros(40, dtype=np.int64)])
    x, y = blobs(100, 3, 2, 3, seed=9)
    got = describe(x, y, groups=groups)
    assert got.n == 100
    assert np.isfinite([got.bits, got.permuted_bits, *got.block_bits]).all()
    assert all(seen < 100 for seen in got.seen)


def test_a_large_set_is_sampled_by_class() -> None:
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([0, 1, 2], [700, 290, 10]))
    rows = sample(y, 100, np.random.default_rng(1))
    assert np.array_equal(rows, np.unique(rows))
    assert np.abs(np.bincount(y[rows]) - [70, 29, 1]).max() <= 1
    assert not np.array_equal(rows, sample(y, 100, np.random.default_rng(2)))
    assert np.array_equal(sample(y, 1000, rng), np.arange(1000))
    counts = np.zeros(1000)
    for seed in range(400):
        counts[sample(y, 100, np.random.default_rng(seed))] += 1
    assert counts.sum() == 400 * 100
    assert counts.max() < 75  # each row in a tenth of the samples: 40, sd 6


def test_the_sample_is_what_is_counted() -> None:
    x, y = blobs(500, 4, 2, 2, seed=10)
    got = describe(x, y, most=120)
    assert (got.n, got.uniform_bits, got.prior_bits) == (120, 120.0, pytest.approx(120))
    assert got.bits < 60
    assert got.seen[-1] == 60


def test_an_unseen_class_costs_what_one_label_in_all_allows() -> None:
    p = cautious(np.array([[0.9, 0.1, 0.0], [1.0, 0.0, 0.0]]), 19)
    assert p.sum(axis=1) == pytest.approx([1, 1])
    assert p[0, 2] == p[1, 1] == pytest.approx(1 / (3 * 20))
    assert p[1, 0] == pytest.approx(19 / 20 + 1 / 60)


def test_classes_not_seen_before_their_block() -> None:
    """Three classes of which the first block has one, then two."""
    x = np.random.default_rng(0).normal(size=(30, 2))
    y = np.repeat([0, 1, 2], 10)[:, None]
    line = [np.arange(10), np.arange(10, 20), np.arange(20, 30)]
    bits, accuracy, block_bits = description.code(Features.of(x), y, 3, [line], (1.0,))
    assert block_bits[0, 0] == pytest.approx(log2(3 * 11))
    assert block_bits[0, 1] == pytest.approx(log2(3 * 21))
    assert accuracy.tolist() == [[0, 0]]
    assert bits[0] == pytest.approx(10 * log2(3) + 10 * log2(33) + 10 * log2(63))


@pytest.mark.parametrize("classes", [2, 3])
def test_one_class_seen_is_coded_by_frequencies(classes: int) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    y = np.repeat([1, 0], [15, 5])[:, None]
    line = [np.arange(10), np.arange(10, 20)]
    _, accuracy, block_bits = description.code(Features.of(x), y, classes, [line], (0.1, 1.0))
    right, wrong = (10 + 1 / classes) / 11, 1 / classes / 11
    assert block_bits[0, 0] == pytest.approx(-(log2(right) + log2(wrong)) / 2)
    assert accuracy[0, 0] == 0.5


def test_strengths_given_up_would_not_have_won(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, (n, d, classes, spread) in enumerate(
        [(240, 12, 2, 0.3), (240, 6, 4, 1), (240, 30, 2, 0)]
    ):
        x, y = blobs(n, d, classes, spread, seed)
        quick = describe(x, y, shuffles=2)
        with monkeypatch.context() as patch:
            patch.setattr(description, "HOPELESS", 1e9)
            whole = describe(x, y, shuffles=2)
        assert quick.bits == pytest.approx(whole.bits, rel=1e-3)
        assert quick.permuted_bits == pytest.approx(whole.permuted_bits, rel=1e-3)


def test_hopeless_strengths_are_given_up() -> None:
    ticks, fits = [0], []
    x, y = blobs(400, 100, 2, 0, seed=11)

    def tick() -> None:
        ticks[0] += 1

    real = description.solver.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            description.solver, "fit", lambda *a, **k: fits.append(len(a[4])) or real(*a, **k)
        )
        describe(x, y, shuffles=1, tick=tick)
    assert ticks[0] >= 20
    assert sum(fits) < 0.8 * 2 * 4 * len(STRENGTHS)


def test_a_tick_may_stop_it() -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        describe(*blobs(100, 4, 2, 1, seed=12), tick=stop)
