"""Controls: what is random comes out as chance, and what is there does not."""

import csv
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom, chisquare
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from probing import controls
from probing.encoders import Encoder
from probing.errors import Cancelled
from probing.probes import nested, solver
from probing.probes.folds import Fold, Plan, cross_validation, duplicate_groups, given_split
from probing.probes.result import ProbeResult
from probing.probes.solver import Features
from tests.conftest import SHARED


def find(x: np.ndarray, y: np.ndarray, plan: Plan) -> ProbeResult:
    return nested.probe(x, y, int(y.max()) + 1, plan, layer=3, pooling="cls")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def folded(n: int, y: np.ndarray, folds: int = 4) -> Plan:
    return cross_validation(y, np.arange(n), folds, 0)


def scikit_learn(
    x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, c: float
) -> np.ndarray:
    scaler = StandardScaler().fit(x[train])
    model = LogisticRegression(C=c, tol=1e-9, max_iter=100_000, solver="newton-cg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(scaler.transform(x[train]), y[train])
    return np.asarray(model.predict(scaler.transform(x[test])))


# ---- types


def test_a_type_is_the_first_piece_and_a_quartile_of_length() -> None:
    lengths = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    same = controls.control_types([9] * 8, lengths)
    assert [same[i] == same[i + 1] for i in range(7)] == [True, False] * 3 + [True]
    mixed = controls.control_types([9, 7, 9, 7, 9, 9, 9, 9], lengths)
    assert mixed[0] != mixed[1]
    assert mixed[6] == mixed[7]
    assert len(set(mixed.tolist())) == 6
    assert mixed.dtype == np.int64


def test_types_of_copies_and_of_equal_lengths() -> None:
    types = controls.control_types([5, 5, 6, 6, 5], np.array([4, 4, 4, 4, 4]))
    assert types.tolist() == [types[0], types[0], types[2], types[2], types[0]]
    assert types[0] != types[2]


def test_quartiles_hold_about_a_quarter_each() -> None:
    lengths = np.random.default_rng(0).poisson(20, size=1000) + 3
    counts = np.bincount(controls.control_types([1] * 1000, lengths))
    assert len(counts) == 4
    assert counts.min() > 150


# ---- control labels


def test_one_label_a_type_drawn_from_the_labels() -> None:
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat([0, 1, 2], [1200, 600, 200]))
    types = rng.integers(1000, size=2000)
    plan = folded(2000, y)
    labels = controls.control_labels(types, y, plan, 0)
    assert labels is not None
    pairs = set(zip(types.tolist(), labels.tolist(), strict=True))
    kinds = len(set(types.tolist()))
    assert len(pairs) == kinds
    counts = np.bincount([label for _, label in pairs])
    assert chisquare(counts, kinds * np.array([0.6, 0.3, 0.1])).pvalue > 1e-3
    assert abs(np.corrcoef(labels, y)[0, 1]) < 0.1
    again, other = (controls.control_labels(types, y, plan, seed) for seed in (0, 1))
    assert again is not None
    assert other is not None
    assert np.array_equal(labels, again)
    assert not np.array_equal(labels, other)


def test_a_draw_with_one_class_in_some_training_part_is_repeated() -> None:
    """Two types: half of all draws give both the same label."""
    y, types = np.arange(40) % 2, np.arange(40) // 2 % 2
    for seed in range(30):
        labels = controls.control_labels(types, y, folded(40, y), seed)
        assert labels is not None
        assert set(labels.tolist()) == {0, 1}


def test_every_training_part_needs_two_classes_not_only_the_whole() -> None:
    """The second type is never in train, so nothing can be learnt whatever is drawn."""
    y, types = np.arange(40) % 2, np.repeat([0, 1], [30, 10])
    plan = given_split(y, np.arange(40), ["train"] * 30 + ["test"] * 10, 0)
    assert controls.control_labels(types, y, plan, 0) is None
    assert controls.control_labels(np.arange(40) % 3, y, plan, 0) is not None


def test_one_type_gives_no_control() -> None:
    y = np.arange(40) % 2
    assert controls.control_labels(np.zeros(40, dtype=int), y, folded(40, y), 0) is None


def test_share_of_types_that_recur() -> None:
    y = np.arange(8) % 2
    plan = given_split(y, np.arange(8), ["train"] * 4 + ["test"] * 4, 0)
    types = np.array([0, 0, 1, 2, 0, 1, 5, 6])
    assert controls.recurring(types, plan) == 0.5
    assert controls.recurring(np.arange(8), plan) == 0
    assert controls.recurring(np.zeros(8), plan) == 1
    folds = Plan((*plan.folds, Fold(np.arange(6, 8), np.array([0]), ())), "by hand", ())
    assert controls.recurring(types, folds) == pytest.approx(2 / 5)


# ---- type control


def typed(n: int = 300, kinds: int = 12) -> tuple[np.ndarray, np.ndarray, Plan, np.ndarray]:
    """Types, labels that are independent of them, folds, control labels."""
    rng = np.random.default_rng(2)
    types, y = rng.integers(kinds, size=n), np.arange(n) % 2
    plan = folded(n, y)
    labels = controls.control_labels(types, y, plan, 1)
    assert labels is not None
    return types, y, plan, labels


def test_a_label_that_the_vector_holds_has_high_selectivity() -> None:
    _, y, plan, labels = typed()
    x = normal(300, 10) + 2.0 * y[:, None]
    probe = find(x, y, plan)
    correct = controls.type_control(Features.of(x), labels, 2, plan, probe)
    share = max(np.bincount(labels)) / 300
    assert probe.accuracy > 0.97
    assert correct.mean() < share + 0.1


def test_a_label_that_the_type_explains_has_no_selectivity() -> None:
    """The vector is the type and the task is a function of it."""
    types, _, plan, labels = typed()
    task = np.random.default_rng(5).integers(2, size=12)[types]
    x = np.eye(12)[types] + 0.01 * normal(300, 12)
    probe = find(x, task, plan)
    correct = controls.type_control(Features.of(x), labels, 2, plan, probe)
    assert probe.accuracy == 1
    assert correct.mean() > 0.99


def test_types_that_never_recur_leave_the_majority_at_best() -> None:
    y = np.arange(400) % 4 // 3  # three quarters are 0
    plan, types = folded(400, y), np.arange(400)
    labels = controls.control_labels(types, y, plan, 0)
    assert labels is not None
    x = np.hstack([np.eye(400), normal(400, 5)])
    correct = controls.type_control(Features.of(x), labels, 2, plan, find(x, y, plan))
    assert controls.recurring(types, plan) == 0
    assert correct.mean() <= (labels == 0).mean() + 0.03


def test_the_control_is_probed_with_the_cells_own_strengths() -> None:
    """Fold by fold, against scikit-learn with that C on that fold."""
    _, y, plan, labels = typed(120)
    x = normal(120, 8, seed=3) + 0.4 * labels[:, None]
    probe = replace(find(x, y, plan), fold_C=(1e-4, 1e-2, 1.0, 1e2))
    correct = controls.type_control(Features.of(x), labels, 2, plan, probe)
    for fold, c in zip(plan.folds, probe.fold_C, strict=True):
        wanted = scikit_learn(x, labels, fold.train, fold.test, c) == labels[fold.test]
        assert (correct[fold.test] == wanted).mean() > 0.96, c
    turned = replace(probe, fold_C=probe.fold_C[::-1])
    assert not np.array_equal(
        correct, controls.type_control(Features.of(x), labels, 2, plan, turned)
    )


def test_only_scored_sentences_can_be_right() -> None:
    y, types = np.arange(90) % 2, np.arange(90) % 7
    plan = given_split(y, np.arange(90), ["train"] * 40 + ["dev"] * 20 + ["test"] * 30, 0)
    labels = controls.control_labels(types, y, plan, 0)
    assert labels is not None
    x = np.eye(7)[types] + 0.01 * normal(90, 7)
    probe = replace(find(x, y, plan), fold_C=(1.0,))
    correct = controls.type_control(Features.of(x), labels, 2, plan, probe)
    assert correct[60:].mean() > 0.95
    assert not correct[:60].any()


def test_a_constant_cell_has_no_type_control() -> None:
    _, y, plan, labels = typed(60)
    x = np.ones((60, 4))
    with pytest.raises(ValueError, match=r"cls_3 has 0 values of C for 4 folds; a constant cell"):
        controls.type_control(Features.of(x), labels, 2, plan, find(x, y, plan))


def test_a_tick_may_stop_it() -> None:
    _, y, plan, labels = typed(60)
    x = normal(60, 4)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        controls.type_control(Features.of(x), labels, 2, plan, find(x, y, plan), stop)
    with pytest.raises(Cancelled):
        permute(x, y, plan, tick=stop)


# ---- memorisation


def learnt(
    x: np.ndarray,
    y: np.ndarray,
    classes: int,
    C: float,
    seed: int = 0,
    groups: np.ndarray | None = None,
) -> float:
    labels = controls.shuffled(y, seed, groups)
    return controls.memorised(Features.of(x), labels, classes, C)


@pytest.mark.parametrize("classes", [2, 3])
def test_more_dimensions_than_sentences_are_learnt_by_heart(classes: int) -> None:
    y = np.arange(40) % classes
    assert learnt(normal(40, 60), y, classes, 100.0) == 1


def test_one_dimension_memorises_about_the_majority() -> None:
    y = np.repeat([0, 1], [140, 60])
    got = [learnt(normal(200, 1), y, 2, 1.0, seed) for seed in range(5)]
    assert np.allclose(got, 0.7, atol=0.02)


def test_it_is_permuted_labels_that_are_memorised() -> None:
    y = np.arange(200) % 2
    x = 5.0 * y[:, None] + normal(200, 3)
    got = [learnt(x, y, 2, 1.0, seed) for seed in range(6)]
    assert max(got) < 0.7
    assert len(set(got)) > 1


def test_strong_regularisation_memorises_less() -> None:
    y, x = np.arange(100) % 2, normal(100, 60)
    got = [learnt(x, y, 2, c) for c in (1e-4, 1e-2, 1.0)]
    assert got == sorted(got)
    assert got[0] < 0.85 < got[2]


def test_copies_keep_one_label_between_them() -> None:
    x, y = normal(30, 80).repeat(3, axis=0), (np.arange(30) % 2).repeat(3)
    groups = np.arange(30).repeat(3)
    assert learnt(x, y, 2, 100.0, groups=groups) == 1
    assert learnt(x, y, 2, 100.0) < 0.95


# ---- noise


def test_noise_is_a_hundredth_of_the_root_mean_square_of_all_entries() -> None:
    """Also where some vectors are far longer than others: each gets the same noise."""
    x = normal(400, 300) * np.repeat([1, 20], 200)[:, None]
    added = controls.noisy(x, 0) - x
    rms = np.sqrt((1 + 400) / 2)
    assert added[:200].std() == pytest.approx(0.01 * rms, rel=0.02)
    assert added[200:].std() == pytest.approx(0.01 * rms, rel=0.02)
    assert abs(added.mean()) < 1e-3
    assert controls.noisy(x, 0).dtype == np.float32
    assert np.array_equal(controls.noisy(x, 3), controls.noisy(x, 3))
    assert not np.array_equal(controls.noisy(x, 3), controls.noisy(x, 4))


def test_the_mean_counts_in_the_root_mean_square() -> None:
    added = controls.noisy(np.full((300, 300), 7.0), 0) - 7
    assert added.std() == pytest.approx(0.07, rel=0.02)


@pytest.mark.parametrize(("share", "low", "high"), [(1e-6, 0, 0.65), (1.0, 0.97, 1)])
def test_noise_hides_what_is_a_millionth_of_the_variance(
    share: float, low: float, high: float
) -> None:
    """``share`` of the vectors' energy is about the label, the rest is one vector for all."""
    y = np.arange(200) % 2
    about = (normal(200, 20) + 2.0 * y[:, None]) * np.sqrt(share)
    x = (3 * normal(1, 20, seed=1) + about).astype(np.float32)
    plan = folded(200, y)
    assert find(x, y, plan).accuracy > 0.97
    assert low <= find(controls.noisy(x, 0), y, plan).accuracy <= high


@pytest.mark.slow
def test_noise_shows_when_cls_becomes_about_the_sentence(bundled: Encoder) -> None:
    """Ten intents, forty sentences each: at layer 3 it drowns, at layer 6 it stands."""
    from probing.extraction import extract

    path = SHARED / "data" / "csv" / "banking77.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    found: dict[str, list[str]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["label"], []).append(row["text"])
    texts = [text for intent in list(found)[:10] for text in found[intent][:40]]
    y = np.repeat(np.arange(10), 40)
    plan = cross_validation(y, duplicate_groups(texts), 5, 0)
    cls = extract(texts, bundled, ("cls",)).arrays["cls"]
    clean, noisy = (
        [find(make(cls[layer]), y, plan).accuracy for layer in (3, 6)]
        for make in (lambda x: x, lambda x: controls.noisy(x, 0))
    )
    assert min(clean) > 0.85
    assert noisy[0] < 0.25
    assert noisy[1] > clean[1] - 0.03


# ---- conditional probing


def both(cls: np.ndarray, mean: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits that CLS adds to the mean and that the mean adds to CLS, a sentence each."""
    plan = folded(len(y), y)
    joint = find(controls.joint(cls, mean), y, plan)
    alone_cls, alone_mean = find(cls, y, plan), find(mean, y, plan)
    return controls.bits_added(alone_mean, joint), controls.bits_added(alone_cls, joint)


def test_each_half_adds_where_the_label_needs_both() -> None:
    cls, mean = normal(400, 5), 1000 * normal(400, 5, seed=1)
    y = (cls[:, 0] + mean[:, 0] / 1000 > 0).astype(np.int64)
    cls_adds, mean_adds = both(cls, mean, y)
    assert cls_adds.shape == (400,)
    assert cls_adds.dtype == np.float64
    assert 0.4 < cls_adds.mean() < 1
    assert 0.4 < mean_adds.mean() < 1


def test_nothing_is_added_where_the_mean_has_it_all() -> None:
    mean = normal(400, 5)
    y = (mean[:, 0] > 0).astype(np.int64)
    cls_adds, mean_adds = both(normal(400, 5, seed=1), mean, y)
    assert abs(cls_adds.mean()) < 0.05
    assert mean_adds.mean() > 0.7


def test_bits_added_are_the_difference_of_log_losses() -> None:
    """Held to scikit-learn's log_loss of the two results' probabilities."""
    cls, mean = normal(100, 4), normal(100, 4, seed=1)
    y = (cls[:, 0] + mean[:, 0] + normal(100, seed=2) > 0).astype(np.int64)
    plan = folded(100, y)
    one, two = find(mean, y, plan), find(controls.joint(cls, mean), y, plan)
    losses = [
        log_loss(y, np.where(y == 1, r.true_probability, 1 - r.true_probability)) / np.log(2)
        for r in (one, two)
    ]
    added = controls.bits_added(one, two)
    assert added.mean() == pytest.approx(losses[0] - losses[1], abs=1e-5)
    assert added.mean() > 0
    assert np.array_equal(controls.bits_added(two, one), -added)


def test_joint_is_mean_then_cls() -> None:
    got = controls.joint(np.array([[1.0, 2], [5, 6]]), np.array([[3.0, 4], [7, 9]]))
    assert got.tolist() == [[3, 4, 1, 2], [7, 9, 5, 6]]
    assert got.dtype == np.float32


def test_a_constant_half_changes_nothing() -> None:
    """At layer 0 CLS differs by float noise only, which must not be blown up to a feature."""
    y = np.arange(120) % 2
    mean = normal(120, 5) + 0.5 * y[:, None]
    cls = np.ones((120, 5)) + 1e-6 * (normal(120, 5) + 3 * y[:, None])
    joint = controls.joint(cls, mean)
    assert (joint[:, 5:] == 0).all()
    plan = folded(120, y)
    one, two = find(mean, y, plan), find(joint, y, plan)
    assert two.accuracy == one.accuracy
    assert np.abs(controls.bits_added(one, two)).max() < 0.02


def test_bits_added_survive_probabilities_below_what_float32_holds() -> None:
    y = np.arange(40) % 2
    probe = find(normal(40, 3), y, folded(40, y))
    p = probe.true_probability.copy()
    p[:2] = 0.0
    cut = replace(probe, true_probability=p)
    added = controls.bits_added(probe, cut)
    assert np.isfinite(added).all()
    assert (added[:2] < -100).all()
    assert (added[2:] == 0).all()
    assert (controls.bits_added(cut, cut) == 0).all()


def test_bits_added_are_of_scored_sentences_and_of_the_same_ones() -> None:
    x, y = normal(60, 3), np.arange(60) % 2
    splits = ["train"] * 40 + ["test"] * 20
    one = find(x, y, given_split(y, np.arange(60), splits, 0))
    assert controls.bits_added(one, one).shape == (20,)
    other = find(x, y, given_split(y, np.arange(60), splits[::-1], 0))
    constant = find(np.ones((60, 2)), y, given_split(y, np.arange(60), splits, 0))
    for pair in ((one, other), (one, constant), (constant, one)):
        with pytest.raises(ValueError, match="not comparable: one is constant, or they were"):
            controls.bits_added(*pair)


# ---- permutations


def permute(x: np.ndarray, y: np.ndarray, plan: Plan, **options: object) -> controls.Permutation:
    settings = {"groups": np.arange(len(y)), "seed": 0, "permutations": 19, **options}
    classes = int(y.max()) + 1
    return controls.permutation_test(
        Features.of(x), y, classes, plan, layer=4, pooling="mean", **settings
    )


@pytest.mark.parametrize(("classes", "split"), [(2, False), (3, False), (2, True)])
def test_p_values_of_random_labels_are_uniform(classes: int, split: bool) -> None:
    """120 tiny problems. Ties make p larger, so the upper bound is the binomial's own."""
    problems, rng, p = 120, np.random.default_rng(classes), []
    splits = ["train"] * 30 + ["test"] * 30
    for seed in range(problems):
        y = rng.permutation(np.arange(60) % classes)
        plan = given_split(y, np.arange(60), splits, 0) if split else folded(60, y, 3)
        p.append(permute(rng.normal(size=(60, 4)), y, plan, seed=seed).p)
    for alpha, least in ((0.05, 0.3), (0.1, 0.3), (0.5, 0.6)):
        count = sum(value <= alpha + 1e-9 for value in p)
        assert count <= binom.ppf(0.9995, problems, alpha), alpha
        assert count >= binom.ppf(0.0005, problems, least * alpha), alpha


def test_a_planted_signal_is_found() -> None:
    y = np.arange(100) % 2
    got = permute(normal(100, 6) + 0.8 * y[:, None], y, folded(100, y), permutations=99)
    assert got.p == 0.01
    assert got.accuracy > 0.75
    assert abs(got.permuted_accuracy - 0.5) < 0.05
    assert (got.layer, got.pooling, got.n, got.permutations) == (4, "mean", 100, 99)
    assert got.C == controls.STRENGTH == 0.1


def test_p_is_a_count_of_ties_and_better() -> None:
    """Constant vectors: every labelling scores the same."""
    y = np.arange(40) % 4 // 3
    got = permute(np.zeros((40, 3)), y, folded(40, y))
    assert got.p == 1
    assert got.accuracy == got.permuted_accuracy == 0.75


@pytest.mark.parametrize("classes", [2, 3])
def test_its_accuracy_is_that_of_a_probe_of_fixed_strength(classes: int) -> None:
    y = np.arange(120) % classes
    x, plan = normal(120, 6) + 0.5 * y[:, None], folded(120, y)
    hits = sum(
        int((scikit_learn(x, y, f.train, f.test, 0.1) == y[f.test]).sum()) for f in plan.folds
    )
    assert permute(x, y, plan).accuracy == pytest.approx(hits / 120, abs=1.5 / 120)


def test_a_given_split_scores_test_only() -> None:
    y = np.arange(90) % 2
    plan = given_split(y, np.arange(90), ["train"] * 40 + ["dev"] * 20 + ["test"] * 30, 0)
    x = normal(90, 3) + 6 * y[:, None]
    got = permute(x, y, plan)
    assert (got.n, got.accuracy, got.p) == (30, 1.0, 0.05)


def test_all_at_once_or_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.arange(60) % 3
    x, ticks = normal(60, 5) + 0.3 * y[:, None], [0]

    def tick() -> None:
        ticks[0] += 1

    together = permute(x, y, folded(60, y))
    monkeypatch.setattr(controls, "ENTRIES", 1)
    apart = permute(x, y, folded(60, y), tick=tick)
    assert ticks[0] == 20
    assert apart.p == pytest.approx(together.p, abs=0.06)
    assert apart.permuted_accuracy == pytest.approx(together.permuted_accuracy, abs=0.01)


def test_copies_across_a_given_split_are_no_evidence() -> None:
    """Random labels, every test text also in train: learnt by heart, and so would any labels be."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(20):
        x, y = np.tile(rng.normal(size=(30, 60)), (2, 1)), np.tile(rng.integers(2, size=30), 2)
        y[:2] = y[30:32] = [0, 1]
        groups = np.tile(np.arange(30), 2)
        plan = given_split(y, groups, ["train"] * 30 + ["test"] * 30, 0)
        got = permute(x, y, plan, groups=groups, seed=seed)
        assert got.accuracy > 0.9
        assert got.permuted_accuracy > 0.9
        found.append(got.p)
    assert np.mean(found) > 0.4


def test_copies_of_equal_number_swap_their_labels_whole() -> None:
    """Texts 0 and 3 have two copies, 1, 2 and 4 have one; text 3 has two labels."""
    groups, y = np.array([0, 1, 0, 2, 3, 3, 4]), np.array([5, 6, 5, 7, 8, 9, 6])
    blocks = controls.exchangeable(groups, np.zeros(7, dtype=int))
    assert sorted(block.tolist() for block in blocks) == [[[0, 2], [4, 5]], [[1], [3], [6]]]
    seen = {
        tuple(controls.permuted(y, blocks, np.random.default_rng(seed)).tolist())
        for seed in range(200)
    }
    twos = {(labels[0], labels[2], labels[4], labels[5]) for labels in seen}
    assert twos == {(5, 5, 8, 9), (8, 9, 5, 5)}
    assert {(labels[1], labels[3], labels[6]) for labels in seen} == {
        (6, 7, 6),
        (7, 6, 6),
        (6, 6, 7),
    }
    assert y.tolist() == [5, 6, 5, 7, 8, 9, 6]


def test_only_texts_of_like_parts_swap() -> None:
    """Text 0 is in parts 0 and 1, and so is 1 (the other way round); 2 is twice in part 0."""
    groups, parts = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 0, 0, 0])
    blocks = controls.exchangeable(groups, parts)
    assert sorted(block.tolist() for block in blocks) == [[[0, 1], [3, 2]], [[4, 5]]]


def test_permuting_leaves_every_fold_its_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Label counts of each training and test part, and one label a text, in all permutations."""
    rng = np.random.default_rng(3)
    groups = rng.integers(50, size=90)
    y = rng.integers(3, size=50)[groups]
    plan = cross_validation(y, groups, 4, 0)
    kept: list[np.ndarray] = []

    def hits(features: Features, labels: np.ndarray, *rest: object) -> np.ndarray:
        kept.append(labels)
        return np.arange(labels.shape[1])

    monkeypatch.setattr(controls, "_hits", hits)
    got = permute(normal(90, 3), y, plan, groups=groups)
    labels = kept[0]
    assert labels.shape == (90, 20)
    assert np.array_equal(labels[:, 0], y)
    assert len({column.tobytes() for column in labels.T}) == 20
    for fold in plan.folds:
        for rows in (fold.train, fold.test):
            counts = {tuple(np.bincount(labels[rows, k], minlength=3)) for k in range(20)}
            assert len(counts) == 1
    for text in range(50):
        assert (labels[groups == text] == labels[groups == text][:1]).all()
    assert got.p == 1
    assert got.permuted_accuracy == pytest.approx(10 / 90)  # the real labels' 0 is left out


def test_twice_the_same_and_otherwise_with_another_seed() -> None:
    y = np.arange(60) % 2
    x, plan = normal(60, 4), folded(60, y)
    one, two, other = (permute(x, y, plan, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one.permuted_accuracy != other.permuted_accuracy
    assert one.accuracy == other.accuracy


# ---- a labelling of its own for each problem


Arguments = tuple[Features, int, torch.Tensor, torch.Tensor]


def problems(classes: int) -> Arguments:
    rng = np.random.default_rng(6)
    train = torch.from_numpy((rng.random((50, 3)) > 0.3).astype(np.float32))
    return Features.of(normal(50, 7)), classes, train, torch.tensor([0.01, 1.0, 10.0])


@pytest.mark.parametrize("classes", [2, 4])
def test_labels_repeated_for_each_problem_are_the_same_to_the_bit(classes: int) -> None:
    features, k, train, c = problems(classes)
    y = torch.arange(50) % classes
    shared, own = (solver.fit(features, t, k, train, c) for t in (y, y[:, None].repeat(1, 3)))
    assert torch.equal(shared[1], own[1])
    assert torch.equal(shared[0].weights, own[0].weights)
    assert torch.equal(shared[0].intercepts, own[0].intercepts)


@pytest.mark.parametrize("classes", [2, 4])
def test_labels_of_its_own_are_as_a_problem_of_its_own(classes: int) -> None:
    """Also where a class is missing from one problem's labels only."""
    features, k, train, c = problems(classes)
    y = torch.from_numpy(np.random.default_rng(7).integers(classes, size=(50, 3)))
    if classes > 2:
        y[:, 1] %= 2
    together, _ = solver.fit(features, y, k, train, c)
    for p in range(3):
        rows = torch.arange(50)
        alone, _ = solver.fit(features, y[:, p], k, train[:, p : p + 1], c[p : p + 1])
        one = alone.log_probabilities(features, rows, 0).exp()
        np.testing.assert_allclose(
            together.log_probabilities(features, rows, p).exp(), one, atol=5e-3
        )
        assert together.objective[p] == pytest.approx(alone.objective[0], rel=1e-4)
    if classes > 2:
        assert (together.log_probabilities(features, rows, 1)[:, 2:] < -1e20).all()
        assert (together.log_probabilities(features, rows, 0)[:, 2:] > -20).all()
