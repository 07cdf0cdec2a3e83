"""The finished run that a first visit shows is what this code computes."""

from pathlib import Path

import numpy as np
import pytest

from probing.encoders import Encoder
from probing.extraction import extract
from probing.preparation import prepare
from probing.probes import nested
from probing.projections import judge, project
from probing.reading import read_csv
from probing.record import Run
from probing.representations import Representations
from probing.settings import Settings
from probing.store import load_run

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="module")
def sample() -> Run:
    return load_run(DATA / "sample_run")


@pytest.fixture(scope="module")
def again(sample: Run, bundled: Encoder) -> Representations:
    return extract(sample.sentences.texts, bundled, ("cls", "mean"))


def test_it_is_of_the_bundled_reviews(sample: Run) -> None:
    reviews = read_csv(DATA / "reviews.csv", label="category")
    assert sample.sentences.fingerprint == reviews.fingerprint
    assert sample.record["data"]["fingerprint"] == reviews.fingerprint


def test_it_is_slim_and_complete(sample: Run) -> None:
    files = [path for path in (DATA / "sample_run").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert sample.representations is None
    assert len(sample.probes) == 21
    varying = sum(not probe.constant for probe in sample.probes)
    assert len(sample.projections) == 4 * varying


@pytest.mark.parametrize(("layer", "pooling"), [(0, "cls"), (6, "cls"), (0, "mean"), (4, "mean")])
def test_its_probes_are_computed_again(
    sample: Run, again: Representations, layer: int, pooling: str
) -> None:
    settings = Settings(**{k: sample.record["settings"][k] for k in ("folds", "seed")})
    task = prepare(sample.sentences, settings)
    assert task.y is not None
    assert task.plan is not None
    cell = again.cell(layer, pooling)
    result = nested.probe(
        cell, task.y, len(sample.sentences.classes), task.plan, layer=layer, pooling=pooling
    )
    stored = sample.cell(layer, pooling)
    # another processor may round a borderline sentence the other way
    assert (result.predicted == stored.predicted).mean() >= 0.99
    assert result.accuracy == pytest.approx(stored.accuracy, abs=0.01)
    assert stored.constant == (pooling == "cls" and layer == 0)


def test_its_maps_are_computed_again(sample: Run, again: Representations) -> None:
    stored = {p.name: p for p in sample.projections}
    x = again.cell(6, "cls")
    pca = project(x, method="pca", layer=6, pooling="cls")
    # a stored map is mirrored to lie on the other layers'
    found, kept = np.abs(pca.points), np.abs(stored["pca2_cls_6"].points)
    np.testing.assert_allclose(found, kept, atol=1e-3)
    umap = stored["umap2_cls_6"]
    labels = np.array(sample.sentences.labels)
    faithful = judge(x, umap.points, labels)
    assert faithful.trustworthiness == pytest.approx(umap.faithfulness.trustworthiness, abs=1e-3)
    assert faithful.label_accuracy_map == pytest.approx(umap.faithfulness.label_accuracy_map)
