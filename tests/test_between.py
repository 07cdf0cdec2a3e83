"""Two runs compared: by scipy, statsmodels and brute force, on predictions that are made up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

import probing
from probing import between, between_said
from probing.between import compare, metric_of
from probing.between_sentences import won
from probing.differing import differing, tell_apart
from probing.evidence import Best, Estimate, Evidence
from probing.hiding import hide_run
from probing.probes.result import ProbeResult
from probing.record import Run
from probing.sentences import Sentences
from tests.figures.made import probe
from tests.scored import number_cell

CLASSES = 4
Layers = Sequence[np.ndarray]


def words(n: int, start: int = 0) -> tuple[str, ...]:
    return tuple(f"This is sentence {i}." for i in range(start, start + n))


def cell(layer: int, right: np.ndarray, y: np.ndarray, folds: int = 5) -> ProbeResult:
    """A probe on the mean that is right where ``right``."""
    made = probe(layer, "mean", float(right.mean()), n=len(y))
    predicted = np.where(right, y, (y + 1) % CLASSES).astype(np.int32)
    return replace(made, predicted=predicted, fold_C=(1.0,) * folds)


def run_of(
    layers: Layers,
    texts: Sequence[str] | None = None,
    y: np.ndarray | None = None,
    *,
    best: int | None = -1,
    encoder: str = "one",
    seed: int = 0,
    folds: int = 5,
) -> Run:
    """A run with a cell per layer; ``best`` is the layer that its folds chose."""
    n = len(layers[0])
    y = np.arange(n) % CLASSES if y is None else y
    cells = tuple(cell(k, right, y, folds) for k, right in enumerate(layers))
    evidence = Evidence()
    if best is not None:
        layer = cells[best].layer
        flat = Estimate(0.5, 0.4, 0.6, n)
        evidence = Evidence(best=Best(layer, "mean", flat, flat, {f"mean_{layer}": 5}, 0.5))
    record = {
        "id": f"{seed:032x}",
        "created": "2026-01-01",
        "versions": {"numpy": "2.0"},
        "scoring": "5-fold cross-validation",
        "data": {"name": "a.csv", "fingerprint": "f" * 64, "columns": {"label": "kind"}},
        "encoder": {"id": encoder, "layers": len(layers) - 1, "pooler": {"trained": True}},
        "settings": {"seed": seed, "poolings_used": ["mean"]},
        "evidence": evidence.to_json(),
    }
    labels = tuple(f"class {k}" for k in y)
    return Run(record, Sentences(tuple(texts or words(n)), labels), cells, ())


def rights(rng: np.random.Generator, n: int, share: float, layers: int = 3) -> Layers:
    return [rng.random(n) < share for _ in range(layers)]


# ---- against independent references


def test_counts_p_and_difference_are_those_of_a_table_of_right_and_wrong() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(300) < 0.8, rng.random(300) < 0.7
    found = compare(run_of([one]), run_of([other]))
    assert found.best is not None
    assert (found.n, found.reason) == (300, "")
    table = [[np.sum(one & other), np.sum(one & ~other)], [np.sum(other & ~one), 0]]
    assert (found.best.only_a, found.best.only_b) == (table[0][1], table[1][0])
    assert found.best.p_mcnemar == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert found.best.p_mcnemar == pytest.approx(
        stats.binomtest(int(table[0][1]), int(table[0][1] + table[1][0])).pvalue
    )
    assert found.best.difference.value == pytest.approx(one.mean() - other.mean())
    assert found.scores is not None
    assert [s.value for s in found.scores] == pytest.approx([one.mean(), other.mean()])


def test_a_single_contrast_has_the_p_of_a_permutation_test() -> None:
    """With one fold nothing is inflated, and with one contrast nothing is corrected."""
    rng = np.random.default_rng(1)
    one = rng.random(200) < 0.75
    other = np.where(rng.random(200) < 0.2, rng.random(200) < 0.5, one)
    found = compare(run_of([one], folds=1), run_of([other], folds=1))
    (contrast,) = found.contrasts
    assert contrast.p_max_t is not None
    assert 0.02 < contrast.p_max_t < 0.6, "else this test could hardly fail"
    reference = stats.permutation_test(
        (one.astype(float), other.astype(float)),
        lambda x, y: (x - y).mean(),
        permutation_type="samples",
        n_resamples=20_000,
        random_state=np.random.default_rng(2),
    )
    assert contrast.p_max_t == pytest.approx(reference.pvalue, abs=0.03)
    interval = stats.bootstrap(
        (one.astype(float) - other,), np.mean, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    difference = contrast.difference
    assert (difference.low, difference.high) == pytest.approx(tuple(interval), abs=0.01)


def test_cross_validation_makes_intervals_wider_and_p_larger() -> None:
    rng = np.random.default_rng(1)
    strong = rng.random(200) < 0.75
    weaker = np.where(rng.random(200) < 0.2, rng.random(200) < 0.5, strong)
    layers = [[strong], [weaker]]
    plain, crossed = (compare(*(run_of(right, folds=k) for right in layers)) for k in (1, 5))
    one, other = plain.contrasts[0], crossed.contrasts[0]
    assert other.difference.high - other.difference.low > 1.1 * (
        one.difference.high - one.difference.low
    )
    assert one.p_max_t is not None
    assert other.p_max_t is not None
    assert other.p_max_t > one.p_max_t


# ---- what is named and what is not


def test_a_true_null_is_rarely_named() -> None:
    """Predictions equal in distribution, correlated between layers as real ones are."""
    rng, named, uncorrected = np.random.default_rng(5), 0, 0
    for _ in range(120):
        pair = []
        for _ in range(2):
            core = rng.random(150) < 0.7
            layers = [np.where(rng.random(150) < 0.7, core, rng.random(150) < 0.7) for _ in "123"]
            pair.append(run_of(layers, folds=1))
        found = compare(*pair)
        named += any(found.survives(c) for c in found.contrasts)
        uncorrected += any((c.p_mcnemar or 0) <= 0.05 for c in found.contrasts)
    # 5 % would be 6; more than 12 has a chance of 1 in 200 then
    assert named <= 12
    assert uncorrected > named


def test_a_planted_difference_is_named() -> None:
    rng = np.random.default_rng(6)
    weak = rights(rng, 400, 0.6)
    strong = [right | (rng.random(400) < 0.5) for right in weak]
    found = compare(run_of(strong, encoder="big"), run_of(weak, encoder="small"))
    assert found.best is not None
    assert found.survives(found.best)
    assert found.names == ("big", "small")
    first, pooling, *_ = between_said.sentences(found)
    assert "big is ahead by" in first
    assert "holds after correction for all 3 comparisons" in first
    assert pooling.startswith("By the mean: big is ahead at layers 0–2 (by ")
    assert "small is ahead" not in found.text
    turned = compare(run_of(weak, encoder="small"), run_of(strong, encoder="big"))
    assert "big is ahead by" in turned.text
    assert "small is ahead" not in turned.text


def test_where_two_runs_of_as_many_layers_differ_most() -> None:
    rng = np.random.default_rng(3)
    before = rights(rng, 400, 0.5, 4)
    after = [right | (rng.random(400) < 0.15 * k) for k, right in enumerate(before)]
    found = compare(run_of(before, encoder="before"), run_of(after, encoder="after"))
    gains = {k: float(after[k].mean() - before[k].mean()) for k in range(1, 4)}
    (here,) = between_said.by_pooling(found).values()
    assert [c.a for c in here] == ["mean_1", "mean_2", "mean_3"], (
        "where nothing differs is left out"
    )
    assert [-c.difference.value for c in here] == pytest.approx(list(gains.values()))
    layer = max(gains, key=lambda k: gains[k])
    said = next(s for s in between_said.sentences(found) if s.startswith("The largest"))
    assert f"is that of the mean at layer {layer}, where after is ahead by" in said
    assert f"{100 * gains[layer]:.1f} points" in said
    deeper = compare(run_of(before), run_of([*after, after[-1], after[-1]], encoder="deep"))
    assert between_said.by_pooling(deeper) == {}
    assert "The largest" not in deeper.text


def test_what_cannot_be_told_says_what_would_tell() -> None:
    rng = np.random.default_rng(7)
    found = compare(*(run_of(rights(rng, 300, 0.7), encoder=name) for name in "ab"))
    said = found.text
    assert "They cannot be told apart" in said
    assert "may be chance (if real, about " in said
    assert "With 300 different sentences" in said
    assert "ahead at" not in said


def test_more_runs_make_each_test_stricter() -> None:
    rng = np.random.default_rng(1)
    pair = [run_of([rng.random(250) < share]) for share in (0.78, 0.66)]
    alone, among = compare(*pair), compare(*pair, among=5)
    assert among.alpha == pytest.approx(alone.alpha / 5)
    assert alone.best is not None
    assert among.best is not None
    assert alone.best.p_max_t == among.best.p_max_t
    between_both = replace(alone.best, p_max_t=0.03)
    assert alone.survives(between_both)
    assert not among.survives(between_both)


# ---- which sentences are paired, which cells


def test_sentences_are_paired_by_text_and_label_and_copies_count_once() -> None:
    rng = np.random.default_rng(8)
    n = 150
    right, y = rng.random(n) < 0.7, np.arange(n) % CLASSES
    order = rng.permutation(n)
    texts = words(n)
    shuffled = [f"  {texts[i].upper()} " for i in order]
    other = run_of([right[order]], [*shuffled, shuffled[0]][:n], y[order])
    found = compare(run_of([right], texts, y), other)
    assert (found.n, found.texts) == (n, n)
    assert found.best is not None
    assert (found.best.only_a, found.best.only_b) == (0, 0)
    assert "They get the same sentences right" in found.text
    # each sentence twice in one of the runs changes nothing
    twice = run_of([np.tile(right, 2)], texts * 2, np.tile(y, 2))
    again = compare(run_of([right], texts, y), twice)
    assert (again.n, len(again.positions)) == (n, n)


def test_only_what_both_share_is_compared() -> None:
    rng = np.random.default_rng(9)
    y = np.arange(300) % CLASSES
    a = run_of(rights(rng, 300, 0.7), words(300), y)
    b = run_of(rights(rng, 300, 0.7), words(300, start=120), y)
    assert compare(a, b).n == 180
    changed = np.where(np.arange(300) < 40, (y + 1) % CLASSES, y)
    other = compare(a, run_of(rights(rng, 300, 0.7), words(300), changed))
    assert (other.texts, other.n) == (300, 260)
    assert between_said.shared(other) == (
        "300 different sentences shared, 260 of them with the same label"
    )


def test_cells_meet_at_the_same_relative_depth() -> None:
    rng = np.random.default_rng(10)
    a, b = run_of(rights(rng, 200, 0.7, 3)), run_of(rights(rng, 200, 0.7, 5))
    found = compare(a, b)
    assert [(c.a, c.b) for c in found.contrasts] == [
        ("mean_0", "mean_0"),
        ("mean_1", "mean_2"),
        ("mean_2", "mean_4"),
    ]
    three = run_of(rights(rng, 200, 0.7, 4), best=1)
    assert [(c.a, c.b) for c in compare(a, three).contrasts] == [
        ("mean_0", "mean_0"),
        ("mean_2", "mean_3"),
        ("mean_2", "mean_1"),
    ]


def test_all_choices_of_the_folds_are_in_the_family() -> None:
    rng = np.random.default_rng(11)
    a, b = run_of(rights(rng, 200, 0.7)), run_of(rights(rng, 200, 0.7))
    best = a.evidence.best
    assert best is not None
    mixed = replace(a.evidence, best=replace(best, choices={"mean_2": 3, "mean_0": 2}))
    a = replace(a, record={**a.record, "evidence": mixed.to_json()})
    names = Counter((c.a, c.b) for c in compare(a, b).contrasts)
    assert names["mean_0", "mean_2"] == 1
    assert max(names.values()) == 1


# ---- where nothing is tested


def test_too_few_shared_sentences_are_not_tested() -> None:
    rng = np.random.default_rng(12)
    a = run_of(rights(rng, 300, 0.9))
    b = run_of(rights(rng, 300, 0.3), words(300, start=201), np.arange(201, 501) % CLASSES)
    found = compare(a, b)
    assert (found.n, found.reason) == (99, "few")
    assert all(c.p_max_t is None and c.p_mcnemar is None for c in found.contrasts)
    assert "the runs share 99 different sentences, and a test takes at least 100" in found.text
    assert "ahead" not in found.text


def test_other_labels_other_classes_and_numbers_are_not_tested() -> None:
    rng = np.random.default_rng(13)
    a = run_of(rights(rng, 200, 0.7))
    fewer = run_of(rights(rng, 200, 0.7), y=np.arange(200) % (CLASSES - 1))
    found = compare(a, fewer)
    assert (found.reason, found.contrasts) == ("classes", ())
    assert "only two has" not in found.text
    assert "has “class 3”" in found.text
    none = compare(a, run_of(rights(rng, 200, 0.7), words(200, start=999)))
    assert (none.reason, none.n) == ("none", 0)
    assert "share no sentences with the same labels" in none.text
    numbered = of_numbers(rng)
    assert compare(a, numbered).reason == "kinds"
    assert "Accuracy and R² cannot be compared" in compare(a, numbered).text
    assert metric_of([a, numbered]) is None
    unlabelled = replace(a, probes=(), sentences=Sentences(words(200)))
    assert compare(a, unlabelled).reason == "unlabelled"
    assert "no labels" in compare(unlabelled, a).text


def test_hidden_sentences_are_not_paired() -> None:
    """Two hidden runs both have a "sentence 17"; and a guessed file must not be confirmed."""
    rng = np.random.default_rng(14)
    a, b = (run_of(rights(rng, 200, 0.7)) for _ in "ab")
    whole = replace(a, record={**a.record, "data": {**a.record["data"], "columns": {"label": ""}}})
    assert compare(whole, b).n == 200
    hidden = hide_run(whole)
    for found in (compare(hidden, b), compare(b, hidden), compare(hidden, hide_run(whole))):
        assert (found.reason, found.texts, found.n, found.positions) == ("hidden", 0, 0, ())
        assert "without its sentences" in found.text
        assert between_said.shared(found) == ""


# ---- numbers


def of_numbers(rng: np.random.Generator, noise: float = 1.0, n: int = 200) -> Run:
    target = np.linspace(0, 10, n)
    best = Best(1, "mean", Estimate(0.5, 0.4, 0.6, n), None, {"mean_1": 5}, 0.5)
    made = run_of([np.ones(n, dtype=bool)] * 2)
    cells = tuple(
        number_cell(f"mean_{k}", target + noise * rng.normal(size=n), (0.5,) * 5) for k in (0, 1)
    )
    return replace(
        made,
        record={**made.record, "evidence": Evidence(metric="r2", best=best).to_json()},
        sentences=Sentences(words(n), tuple(f"{t:.6f}" for t in target)),
        probes=(),
        regressions=cells,
    )


def test_numbers_are_compared_by_r2() -> None:
    rng = np.random.default_rng(15)
    near, far = of_numbers(rng, 0.5), of_numbers(rng, 3.0)
    found = compare(near, far, names=("near", "far"))
    assert found.best is not None
    assert found.metric == "r2"
    assert found.detectable is None
    truth = np.linspace(0, 10, 200)
    spread = np.square(truth - truth.mean()).sum()
    scores = [1 - np.square(r.regressions[1].predicted - truth).sum() / spread for r in (near, far)]
    assert found.best.difference.value == pytest.approx(scores[0] - scores[1], abs=1e-4)
    assert found.survives(found.best)
    assert "near is ahead by" in found.text
    assert "R² of" in found.text
    gains = won(found, near, far, "a")
    errors = np.abs(gains[["predicted_a", "predicted_b"]].sub(gains["label"].astype(float), axis=0))
    assert (errors["predicted_a"] < errors["predicted_b"]).all()
    assert len(gains) + len(won(found, near, far, "b")) == 200


# ---- tables


def test_sentences_that_only_one_gets_right() -> None:
    rng = np.random.default_rng(16)
    one, other = rng.random(200) < 0.7, rng.random(200) < 0.7
    a, b = run_of([one]), run_of([other])
    found = compare(a, b)
    assert found.best is not None
    for side, rows in (("a", np.flatnonzero(one & ~other)), ("b", np.flatnonzero(other & ~one))):
        table = won(found, a, b, side)  # type: ignore[arg-type]
        assert table["row_a"].tolist() == table["row_b"].tolist() == rows.tolist()
        assert table["text"].tolist() == [f"This is sentence {i}." for i in rows]
        assert (table[f"predicted_{side}"] == table["label"]).all()
        beaten = "b" if side == "a" else "a"
        assert (table[f"predicted_{beaten}"] != table["label"]).all()


def test_settings_that_differ_and_only_they() -> None:
    layers = [np.ones(10, dtype=bool)]
    a, b = run_of(layers, encoder="x/one"), run_of(layers, encoder="y/two", seed=3)
    found = {s.name: s.values for s in differing([a, b])}
    assert found == {"Encoder": ("x/one", "y/two"), "Seed": ("0", "3")}
    b = replace(b, record={**b.record, "data": {**b.record["data"], "fingerprint": "e" * 64}})
    shown = {s.name: s.values for s in differing([a, b])}
    assert shown["Content of the sentences (SHA-256)"] == ("f" * 12 + "…", "e" * 12 + "…")
    assert differing([a, a]) == ()


def test_names_tell_runs_apart() -> None:
    layers = [np.ones(10, dtype=bool)]
    a, b, c = (run_of(layers, encoder=e, seed=s) for e, s in (("x/m", 0), ("x/m", 1), ("y/k", 0)))
    assert tell_apart([a, b]) == ["seed 0", "seed 1"]
    assert tell_apart([a, c]) == ["m", "k"]
    assert tell_apart([a, b, c]) == ["m · seed 0", "m · seed 1", "k"]
    same = replace(a, record={**a.record, "encoder": {**a.record["encoder"], "id": "z/m"}})
    assert tell_apart([a, same]) == ["x/m", "z/m"]
    twin = replace(a, record={**a.record, "id": "ab" * 16})
    assert tell_apart([a, twin]) == ["000000", "ababab"]


def test_runs_under_different_metrics_are_compared_by_balanced_accuracy() -> None:
    rng = np.random.default_rng(17)
    a, b = (run_of(rights(rng, 200, 0.7)) for _ in "ab")
    balanced = replace(b.evidence, metric="balanced_accuracy")
    b = replace(b, record={**b.record, "evidence": balanced.to_json()})
    assert compare(a, b).metric == "balanced_accuracy"
    assert "a balanced accuracy of" in compare(a, b).text


def test_it_is_at_hand_in_the_package() -> None:
    assert probing.compare is between.compare
    assert probing.Comparison is between.Comparison
