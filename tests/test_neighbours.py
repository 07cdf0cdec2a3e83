"""The nearest training sentence under cosine, against scikit-learn and against brute force."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from probing import neighbours
from probing.errors import Cancelled
from probing.neighbours import correct, nearest
from probing.probes.folds import Fold, Plan, cross_validation, given_split
from probing.probes.nested import probe


def blobs(n: int, d: int, classes: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes around centres, dimensions of different size, far from the origin."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    x = rng.normal(size=(classes, d))[y] * spread + rng.normal(size=(n, d))
    return (x * rng.uniform(0.2, 4, d) + rng.normal(size=d) * 3).astype(np.float32), y


def folds(y: np.ndarray, seed: int = 0, groups: np.ndarray | None = None) -> Plan:
    return cross_validation(y, np.arange(len(y)) if groups is None else groups, 5, seed)


def by_cosines(x: np.ndarray, plan: Plan, z: bool) -> np.ndarray:
    """Two loops over float64 cosines, the first of equal ones."""
    found = np.full(len(x), -1)
    for fold in plan.folds:
        wide = x.astype(np.float64)
        if z:
            wide = StandardScaler().fit(wide[fold.train]).transform(wide)
        for i in fold.test:
            best = -np.inf
            for j in sorted(fold.train):
                a, b = wide[i], wide[j]
                cosine = float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
                if cosine > best + 1e-13:
                    best, found[i] = cosine, j
    return found


@pytest.mark.parametrize("z", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_two_loops_over_all_cosines(z: bool, seed: int) -> None:
    x, y = blobs(80, 6, 2, 0.5, seed)
    plan = folds(y, seed)
    found = nearest(x, plan, z=z, seed=0)
    assert found.dtype == np.int64
    assert found.tolist() == by_cosines(x, plan, z).tolist()
    assert found.tolist() != by_cosines(x, plan, not z).tolist()


@pytest.mark.parametrize("z", [False, True])
def test_the_accuracy_is_scikit_learns_one_neighbour(z: bool) -> None:
    x, y = blobs(300, 20, 4, 0.6, 0)
    plan = folds(y)
    right = 0
    for fold in plan.folds:
        scaler = StandardScaler(with_mean=z, with_std=z).fit(x[fold.train].astype(np.float64))
        model = KNeighborsClassifier(1, metric="cosine", algorithm="brute")
        model.fit(scaler.transform(x[fold.train].astype(np.float64)), y[fold.train])
        right += int((model.predict(scaler.transform(x[fold.test])) == y[fold.test]).sum())
    scored, correctly = correct(nearest(x, plan, z=z, seed=0), y)
    assert scored.all()
    assert correctly.sum() == right
    assert 0.3 < right / 300 < 0.99, "neither chance nor too easy, or it says little"


def test_a_given_split_is_scored_on_test_from_train_alone() -> None:
    x, y = blobs(90, 6, 3, 0.8, 0)
    splits = np.array(["train", "dev", "test"])[np.arange(90) // 3 % 3]
    plan = given_split(y, np.arange(90), splits.tolist(), 0)
    found = nearest(x, plan, z=True, seed=0)
    assert found.tolist() == by_cosines(x, plan, True).tolist()
    assert (splits[found >= 0] == "test").all()
    assert (splits[found[found >= 0]] == "train").all()
    assert (found >= 0).sum() == 30
    assert (nearest(x, plan, z=True, seed=0, most=10) >= 0).sum() == 10
    # what the dev and test sentences are like changes nothing for the others
    moved = x.copy()
    moved[splits == "dev"] *= 100
    moved[np.flatnonzero(splits == "test")[0]] *= -100
    assert nearest(moved, plan, z=True, seed=0)[splits == "test"][1:].tolist() == (
        found[splits == "test"][1:].tolist()
    )


# ---- numbers that float32 would lose


def narrow(n: int, d: int, width: float, seed: int = 0) -> np.ndarray:
    """Vectors that point the same way but for ``width``, as CLS does at the first layers."""
    rng = np.random.default_rng(seed)
    row = rng.normal(size=d)
    row[d // 2] = 20
    return (row + width * np.linalg.norm(row) * rng.normal(size=(n, d))).astype(np.float32)


@pytest.mark.parametrize("width", [1e-1, 1e-4, 1e-5])
def test_cosines_that_differ_from_1_by_next_to_nothing(width: float) -> None:
    x = narrow(200, 32, width)
    y = np.arange(200) % 2
    plan = folds(y)
    exact = x.astype(np.longdouble)
    exact /= np.sqrt(np.square(exact).sum(axis=1, keepdims=True))
    wanted = np.full(200, -1)
    for fold in plan.folds:
        for i in fold.test:
            gaps = np.square(exact[fold.train] - exact[i]).sum(axis=1)
            wanted[i] = fold.train[int(gaps.argmin())]
    found = nearest(x, plan, z=False, seed=0)
    assert found.tolist() == wanted.tolist()


def test_plain_float32_cosines_would_lose_them() -> None:
    """The control of the test above: the same vectors, multiplied as they come."""
    x = narrow(200, 32, 1e-4)
    plan = folds(np.arange(200) % 2)
    found = nearest(x, plan, z=False, seed=0)
    fold = plan.folds[0]
    plain = fold.train[cosine_similarity(x[fold.test], x[fold.train]).argmax(axis=1)]
    assert (plain == found[fold.test]).mean() < 0.5


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_the_length_of_a_vector_plays_no_part(factor: float) -> None:
    x = narrow(100, 8, 1e-4).astype(np.float64)
    plan = folds(np.arange(100) % 2)
    lengths = np.random.default_rng(0).choice([1.0, factor], size=(100, 1))
    found = nearest(x, plan, z=False, seed=0)
    assert nearest(x * lengths, plan, z=False, seed=0).tolist() == found.tolist()
    assert nearest(x * lengths, plan, z=True, seed=0).tolist() != found.tolist()


# ---- ties and edges


@pytest.mark.parametrize("z", [False, True])
def test_of_equal_neighbours_the_lowest_is_taken(z: bool) -> None:
    """Five vectors again and again; raw, every second one is longer."""
    which = np.random.default_rng(1).integers(5, size=100)
    x = (np.random.default_rng(0).normal(size=(5, 7)) + 1)[which]
    if not z:
        x[1::2] *= 3
    plan = folds(np.arange(100) % 2)
    found = nearest(x, plan, z=z, seed=0)
    for fold in plan.folds:
        for i in fold.test:
            assert found[i] == min(j for j in fold.train if which[j] == which[i])


def test_training_sentences_out_of_order_change_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(5, 7))[np.arange(40) % 5]
    plan = folds(np.arange(40) % 2)
    turned = Plan(tuple(Fold(f.train[::-1], f.test[::-1], ()) for f in plan.folds), "", ())
    assert (
        nearest(x, turned, z=False, seed=0).tolist() == nearest(x, plan, z=False, seed=0).tolist()
    )


def test_a_zero_vector_has_cosine_0_with_all() -> None:
    """Not distance 1, which would make it the neighbour of all that lie over 60° from the rest."""
    x = np.array([[0, 0, 0], [1, 0, 0.5], [0, 1, 1], [0, 0, 0], [1, 0.9, -1], [-1, -1, 0.2]])
    plan = Plan((Fold(np.array([0, 1, 2]), np.array([3, 4, 5]), ()),), "", ())
    assert nearest(x, plan, z=False, seed=0).tolist() == [-1, -1, -1, 0, 1, 0]
    cosines = cosine_similarity(x[3:], x[:3])
    assert cosines.argmax(axis=1).tolist() == [0, 1, 0]
    assert 0 < cosines[1, 1] < 0.5


@pytest.mark.parametrize("z", [False, True])
def test_a_constant_cell_has_no_neighbours(z: bool) -> None:
    y = np.arange(20) % 2
    found = nearest(np.ones((20, 3), dtype=np.float32), folds(y), z=z, seed=0)
    scored, right = correct(found, y)
    assert found.tolist() == [-1] * 20
    assert not scored.any()
    assert not right.any()


def test_a_sentence_without_a_neighbour_is_not_right() -> None:
    """Index −1 would be the last sentence, whose label is theirs."""
    scored, right = correct(np.array([-1, 3, 0, -1]), np.array([1, 1, 0, 1]))
    assert scored.tolist() == [False, True, True, False]
    assert right.tolist() == [False, True, False, False]


# ---- many sentences


def test_of_many_a_seeded_sample_is_scored_the_same_in_each_cell() -> None:
    x, y = blobs(300, 5, 2, 1.0, 0)
    plan = folds(y)
    whole = nearest(x, plan, z=False, seed=0)
    part = nearest(x, plan, z=False, seed=0, most=60)
    asked = part >= 0
    assert asked.sum() == 60
    assert part[asked].tolist() == whole[asked].tolist()
    assert (asked == (nearest(x[:, ::-1] ** 3, plan, z=True, seed=0, most=60) >= 0)).all()
    assert (asked != (nearest(x, plan, z=False, seed=1, most=60) >= 0)).any()
    assert (nearest(x, plan, z=False, seed=0, most=300) >= 0).all()
    assert all(asked[fold.test].any() for fold in plan.folds), "from all over, not the first ones"


def test_copies_of_a_text_come_into_the_sample_together() -> None:
    x, _ = blobs(300, 5, 2, 1.0, 0)
    y, groups = np.arange(300) // 6 % 2, np.arange(300) // 3
    plan = folds(y, groups=groups)
    asked = nearest(x, plan, z=False, seed=0, most=50, groups=groups) >= 0
    assert 50 <= asked.sum() < 53
    assert set(np.bincount(groups[asked], minlength=100)) == {0, 3}


def test_each_sentence_is_as_likely_to_be_sampled() -> None:
    x, y = blobs(40, 3, 2, 1.0, 0)
    plan = folds(y)
    times = sum((nearest(x, plan, z=False, seed=s, most=10) >= 0).astype(int) for s in range(400))
    assert np.asarray(times) == pytest.approx(100, abs=40)


@pytest.mark.parametrize("cells", [1, 100, 777])
def test_blocks_change_nothing_and_each_is_a_tick(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = blobs(60, 5, 2, 1.0, 0)
    plan = folds(y)
    whole = nearest(x, plan, z=False, seed=0)
    monkeypatch.setattr(neighbours, "CELLS", cells)
    ticks: list[int] = []
    found = nearest(x, plan, z=False, seed=0, tick=lambda: ticks.append(1))
    assert found.tolist() == whole.tolist()
    assert len(ticks) == 5 * int(np.ceil(12 / max(1, cells // 48)))


def test_it_can_be_cancelled() -> None:
    x, y = blobs(60, 5, 2, 1.0, 0)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        nearest(x, folds(y), z=False, seed=0, tick=stop)


# ---- what it is for


def test_the_probe_finds_what_raw_cosine_hides() -> None:
    """A label in a quiet direction, loud ones without it, and one rogue dimension."""
    rng = np.random.default_rng(0)
    n, y = 400, np.arange(400) % 2
    x = rng.normal(size=(n, 8))
    x[:, 7] = 0.1 * (2 * y - 1) + 0.03 * x[:, 7]
    x[:, 0] += 30
    plan = folds(y)

    def by_neighbour(z: bool) -> float:
        scored, right = correct(nearest(x.astype(np.float32), plan, z=z, seed=0), y)
        return float(right[scored].mean())

    assert probe(x.astype(np.float32), y, 2, plan, layer=1, pooling="cls").accuracy > 0.98
    assert by_neighbour(False) == pytest.approx(0.5, abs=0.08)
    assert by_neighbour(True) > 0.75


def test_shuffled_labels_are_at_chance_and_separate_ones_are_not() -> None:
    x, y = blobs(400, 10, 2, 3.0, 0)
    plan, shuffled = folds(y), np.random.default_rng(0).permutation(y)
    found = nearest(x, plan, z=True, seed=0)
    assert correct(found, y)[1].mean() > 0.98
    assert correct(found, shuffled)[1].mean() == pytest.approx(0.5, abs=0.08)
