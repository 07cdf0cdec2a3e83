"""Runs from beginning to end on a tiny encoder."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import probing
from probing.errors import Cancelled, DataError, EncoderError, RunFolderError, SettingsError
from probing.progress import DEEP, STAGES, Progress
from probing.record import Run
from probing.sentences import Sentences
from probing.settings import Settings
from tests.conftest import Toy

Go = Callable[..., Run]


@pytest.fixture(scope="module")
def go(checkpoint: Callable[..., Path], coarse: Callable[[], AbstractContextManager[None]]) -> Go:
    """``probing.run`` with the tiny encoder, and no maps unless asked for."""

    def start(*given: Any, **more: Any) -> Run:
        options = {"encoder": str(checkpoint(layers=1)), "maps": "none", **more}
        with coarse():
            return probing.run(*given, **options)

    return start


def test_a_line_for_every_layer_and_pooling(finished: Run, toy: Toy) -> None:
    poolings = ("cls", "pooled", "mean", "mean_words")
    cells = [(probe.pooling, probe.layer) for probe in finished.probes]
    assert cells == [(pooling, layer) for pooling in poolings for layer in range(2)]
    assert tuple(finished.sentences.texts) == tuple(toy[0])
    assert tuple(finished.sentences.labels or ()) == tuple(toy[1])
    assert all(probe.n == 60 for probe in finished.probes)


def test_the_table_is_probes_csv(finished: Run, stored: Path) -> None:
    assert finished.table.to_csv(index=False) == (stored / "probes.csv").read_text()
    head = (stored / "probes.csv").read_text().splitlines()[0]
    assert head.startswith(
        "layer,pooling,accuracy,ci_low,ci_high,balanced_accuracy,macro_f1,log_loss_bits,C,n,constant"
    )


def test_the_first_token_before_the_first_layer_is_the_majority_exactly(finished: Run) -> None:
    majority = finished.record["baselines"]["majority"]
    assert (majority["class"], majority["accuracy"], majority["n"]) == ("pos", 24 / 60, 60)
    for pooling in ("cls", "pooled"):
        cell = finished.cell(0, pooling)
        assert cell.constant
        assert cell.accuracy == majority["accuracy"]
        assert (cell.ci_low, cell.ci_high) == (majority["ci_low"], majority["ci_high"])
        assert cell.C is cell.macro_f1 is cell.log_loss_bits is None
    assert not any(probe.constant for probe in finished.probes if probe.layer > 0)


def test_labels_told_by_a_word_are_found_and_shuffled_ones_are_not(go: Go, toy: Toy) -> None:
    texts, labels = toy
    found = go(texts, labels, poolings=("mean",))
    assert found.cell(1, "mean").accuracy > 0.85
    shuffled = [str(label) for label in np.random.default_rng(0).permutation(labels)]
    lost = go(texts, shuffled, poolings=("mean",))
    assert lost.cell(1, "mean").accuracy < 0.6


def test_the_same_twice(go: Go, toy: Toy) -> None:
    one, two = (go(*toy, poolings=("cls", "mean"), maps="last", seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    for a, b in zip(one.probes, two.probes, strict=True):
        assert np.array_equal(a.predicted, b.predicted)
        assert np.array_equal(a.true_probability, b.true_probability, equal_nan=True)
    for p, q in zip(one.projections, two.projections, strict=True):
        assert np.array_equal(p.points, q.points)
        assert p.to_json() == q.to_json()
    assert one.id != two.id
    assert one.record["data"]["fingerprint"] == two.record["data"]["fingerprint"]


def test_all_cells_share_their_folds(go: Go, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    from probing.probes import nested

    plans = []
    original = nested.probe

    def seen(x: Any, y: Any, classes: Any, plan: Any, **more: Any) -> Any:
        plans.append(plan)
        return original(x, y, classes, plan, **more)

    monkeypatch.setattr(nested, "probe", seen)
    go(*toy, poolings=("cls", "mean"))
    # four cells, three of them again with noise, and CLS and mean together at layer 1
    assert len(plans) == 8
    assert all(plan is plans[0] for plan in plans)


def test_without_labels_there_are_maps_only(go: Go, toy: Toy, tmp_path: Path) -> None:
    run = go(toy[0], maps="last", poolings=("mean",), out=tmp_path / "run")
    assert run.probes == ()
    assert [p.name for p in run.projections] == ["pca2_mean_1", "umap2_mean_1"]
    assert run.table.empty
    assert list(run.table.columns[:3]) == ["layer", "pooling", "accuracy"]
    assert run.record["baselines"] == {}
    assert run.record["scoring"] is None
    assert "There are no labels: no probes, only maps." in run.record["notices"]
    assert all(p.faithfulness.label_accuracy_map is None for p in run.projections)
    with pytest.raises(SettingsError, match="label"):
        run.figure("accuracy")


def test_maps_of_all_layers_leave_out_what_is_constant(go: Go, toy: Toy) -> None:
    run = go(toy[0][:12], maps="all", poolings=("cls", "mean"))
    names = {p.name for p in run.projections}
    shapes = [f"{method}{d}" for method in ("pca", "umap") for d in (2, 3)]
    cells = [("cls", 1), ("mean", 0), ("mean", 1)]
    assert names == {f"{shape}_{pooling}_{layer}" for shape in shapes for pooling, layer in cells}


def test_labels_stay_the_text_they_are(go: Go, toy: Toy, tmp_path: Path) -> None:
    odd = ["NA", "null", "007", "True", "1e3", "None", "nan", "-", "ä,\"'\n;", "<b>"]
    labels = [odd[i % 10] for i in range(60)]
    go(toy[0], labels, poolings=("mean",), out=tmp_path / "run")
    again = probing.load_run(tmp_path / "run")
    assert list(again.sentences.labels or ()) == labels
    assert again.sentences.classes == tuple(sorted(odd))
    assert set(again.record["data"]["classes"]) == set(odd)
    assert again.cell(1, "mean").predicted.min() >= 0


def test_a_given_split(go: Go, toy: Toy, tmp_path: Path) -> None:
    splits = tuple(["train"] * 30 + ["dev"] * 10 + ["test"] * 20)
    sentences = Sentences(texts=tuple(toy[0]), labels=tuple(toy[1]), splits=splits)
    run = go(sentences, poolings=("cls", "mean"), out=tmp_path / "run")
    cell = run.cell(1, "mean")
    assert cell.n == 20
    assert (cell.predicted[:40] == -1).all()
    assert np.isnan(cell.true_probability[:40]).all()
    assert run.sentences.splits == splits
    majority = run.record["baselines"]["majority"]
    train, test = toy[1][:30], toy[1][40:]
    most = max(sorted(set(train)), key=train.count)
    assert majority["class"] == most
    assert majority["accuracy"] == test.count(most) / 20 == run.cell(0, "cls").accuracy
    assert majority["n"] == 20


def test_texts_that_occur_with_every_label(go: Go, toy: Toy) -> None:
    """A multi-label set with a row per label: nothing to stratify by, but no crash."""
    texts = [text for text in toy[0][:5] for _ in range(4)]
    labels = [label for last in "abcab" for label in ("a", "b", "c", last)]
    run = go(texts, labels, poolings=("mean",))
    assert run.cell(1, "mean").n == 20


def test_progress_of_every_stage_reaches_its_total(go: Go, toy: Toy, tmp_path: Path) -> None:
    heard: list[Progress] = []
    poolings = ("cls", "mean")
    go(*toy, poolings=poolings, maps="last", out=tmp_path / "run", listener=heard.append)
    stages = [stage for stage in STAGES if stage not in DEEP]
    assert list(dict.fromkeys(p.stage for p in heard)) == stages
    totals = {"encode": 60, "probe": 4, "baseline": 4, "conditional": 2, "compare": 1, "map": 4}
    for stage, total in totals.items():
        steps = [p for p in heard if p.stage == stage]
        # CLS is constant at layer 0, the majority is known at once
        assert steps[0].done == {"conditional": 1, "baseline": 1}.get(stage, 0)
        assert (steps[-1].done, steps[-1].total) == (total, total)
        assert [p.done for p in steps] == sorted(p.done for p in steps)
        assert steps[0].seconds_left is None or steps[0].done
        assert steps[-1].seconds_left == 0


@pytest.mark.parametrize("numbers", [False, True])
def test_each_cell_tells_its_score_before_its_controls(go: Go, toy: Toy, numbers: bool) -> None:
    heard: list[Progress] = []
    labels = [str(len(text)) + ".5" for text in toy[0]] if numbers else toy[1]
    target = "numbers" if numbers else "classes"
    run = go(toy[0], labels, target=target, poolings=("cls", "mean"), listener=heard.append)
    told = [p.cell for p in heard if p.cell is not None]
    results = run.regressions if numbers else run.probes
    expected = {(r.pooling, r.layer): getattr(r, "r2" if numbers else "accuracy") for r in results}
    assert {(c.pooling, c.layer): c.score for c in told} == expected
    assert [c.layer for c in told] == [0, 0, 1, 1] or numbers
    assert {(c.metric, c.layers) for c in told} == {("r2" if numbers else "accuracy", 2)}
    last = max(i for i, p in enumerate(heard) if p.cell is not None)
    assert last < min(i for i, p in enumerate(heard) if p.stage == "check")


@pytest.mark.parametrize("stage", STAGES)
def test_cancelled_at_any_stage_leaves_nothing(
    stage: str, go: Go, toy: Toy, tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        go(
            *toy,
            poolings=("cls", "mean"),
            maps="last",
            depth="full" if stage in DEEP else "quick",
            out=tmp_path / "runs" / "one",
            listener=stop,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused_before_any_work(
    go: Go, toy: Toy, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    heard: list[Progress] = []
    with pytest.raises(RunFolderError, match=r"exists and is not empty\. Name a new folder"):
        go(*toy, out=tmp_path, listener=heard.append)
    assert heard == []
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(RunFolderError, match="is a file"):
        go(*toy, out=tmp_path / "mine.txt")
    with pytest.raises(RunFolderError, match="cannot be written"):
        go(*toy, out=tmp_path / "mine.txt" / "below")


def test_an_empty_folder_is_used(go: Go, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    go(toy[0], poolings=("mean",), out=tmp_path / "empty")
    assert len(probing.load_run(tmp_path / "empty").sentences) == 60
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


def test_a_link_to_an_empty_folder_is_used(go: Go, toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    go(toy[0], poolings=("mean",), out=tmp_path / "link")
    assert len(probing.load_run(tmp_path / "link").sentences) == 60


def test_the_working_folder_itself_is_used(
    go: Go, toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    go(toy[0], poolings=("mean",), out=".")
    monkeypatch.chdir(tmp_path)
    assert len(probing.load_run(tmp_path / "here").sentences) == 60


def test_the_encoder_may_be_a_path(
    toy: Toy, checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    run = probing.run(
        toy[0], encoder=checkpoint(), poolings=("mean",), maps="none", out=tmp_path / "run"
    )
    assert run.record["settings"]["encoder"] == str(checkpoint())


def test_half_of_a_character_does_not_stop_a_run(go: Go, toy: Toy, tmp_path: Path) -> None:
    texts = ["the film \ud800 was good", *toy[0][1:]]
    go(texts, poolings=("mean",), out=tmp_path / "run")
    assert len(probing.load_run(tmp_path / "run").sentences) == 60


def test_poolings_that_an_encoder_lacks(go: Go, checkpoint: Callable[..., Path], toy: Toy) -> None:
    encoder = str(checkpoint("distilbert"))
    run = go(*toy, encoder=encoder, poolings=("pooled", "mean"))
    assert {probe.pooling for probe in run.probes} == {"mean"}
    assert any(notice.startswith("pooled is left out: ") for notice in run.record["notices"])
    assert run.record["settings"]["poolings"] == ["pooled", "mean"]
    assert list(run.record["settings"]["poolings_used"]) == ["mean"]
    with pytest.raises(EncoderError, match=r"has no pooler to probe.*Choose the pooling cls or"):
        go(*toy, encoder=encoder, poolings=("pooled",))


def test_cut_sentences_are_told(checkpoint: Callable[..., Path], toy: Toy) -> None:
    texts = [text + " film" * (20 if i < 2 else 0) for i, text in enumerate(toy[0])]
    run = probing.run(texts, encoder=str(checkpoint(positions=12)), maps="none", poolings=("mean",))
    lost = 2 * (5 + 20 + 2 - 12)
    assert run.record["encoder"]["truncated"] == 2
    assert run.record["encoder"]["tokens_lost"] == lost
    assert any(
        "2 sentences are longer" in n and f"{lost} tokens" in n for n in run.record["notices"]
    )


def test_labels_twice_and_settings_twice(toy: Toy) -> None:
    sentences = Sentences(texts=tuple(toy[0]), labels=tuple(toy[1]))
    with pytest.raises(DataError, match="labels were given twice"):
        probing.run(sentences, toy[1])
    with pytest.raises(TypeError, match="either settings or its fields"):
        probing.run(*toy, settings=Settings(), folds=3)


def test_a_cell_that_the_run_has_not(finished: Run) -> None:
    with pytest.raises(KeyError, match="no probe on mean at layer 9"):
        finished.cell(9, "mean")


def test_threads_are_set_by_the_environment(
    go: Go, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    monkeypatch.setenv("PROBING_THREADS", "1")
    go(toy[0], poolings=("mean",))
    monkeypatch.delenv("PROBING_THREADS")
    go(toy[0], poolings=("mean",))
    assert asked == [1]
