"""A folder that sentence-transformers loads gives the vectors of the cell, or is refused."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from probing.encoders import FAMILIES, Encoder, load_encoder
from probing.errors import EncoderError, RunFolderError, SettingsError
from probing.exports import truncation
from probing.exports.sbert import sentence_transformers
from probing.extraction import extract
from probing.record import Run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own imports warn
    from sentence_transformers import SentenceTransformer

TEXTS = ["The film was good.", "Bad!", "We never saw the house by the bank, but paid it."]
PADDED = {"fnet", "mobilebert", "convbert", "nystromformer"}
NORMED = {"megatron-bert", "esm", "modernbert", "eurobert"}
TANH = {
    "bert", "ernie", "rembert", "megatron-bert", "albert", "big_bird", "roberta", "xlm-roberta",
    "camembert", "data2vec-text", "mpnet", "esm",
}  # fmt: skip
WHOLE = sorted(set(FAMILIES) - PADDED - {"longformer"})
CUT = sorted(set(WHOLE) - NORMED)


def encoded(folder: Path, texts: list[str] = TEXTS) -> np.ndarray:
    """What sentence-transformers makes of the texts, with nothing but the folder."""
    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(texts))


def compare(encoder: Encoder, folder: Path, layer: int, pooling: str) -> None:
    sentence_transformers(encoder, folder, layer, pooling)
    expected = extract(TEXTS, encoder, (pooling,)).cell(layer, pooling)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(encoded(folder), expected, atol=1e-5)


@pytest.mark.parametrize("family", WHOLE)
def test_the_last_layer_of_every_family(
    family: str, encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    compare(encoder(family), tmp_path / "mean", -1, "mean")
    compare(encoder(family), tmp_path / "cls", -1, "cls")


@pytest.mark.parametrize("family", CUT)
def test_a_lower_layer_is_an_encoder_cut_off(
    family: str, encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    compare(encoder(family), tmp_path / "cut", 1, "mean")
    again = load_encoder(tmp_path / "cut")
    assert again.info.layers == 1
    kept = sum(weight.numel() for weight in again.model.parameters())
    whole = sum(weight.numel() for weight in encoder(family).model.parameters())
    assert kept <= whole if family == "albert" else kept < whole


@pytest.mark.parametrize("family", sorted(TANH))
def test_pooled_is_a_dense_layer_behind_cls(
    family: str, encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    compare(encoder(family), tmp_path / "pooled", -1, "pooled")


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_pooled_and_cls_at_any_layer(
    layer: int, encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    for pooling in ("cls", "pooled"):
        compare(encoder(layers=3), tmp_path / pooling, layer, pooling)


def test_what_lies_in_the_folder(encoder: Callable[..., Encoder], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    sentence_transformers(encoder(layers=3), folder, 1, "pooled")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}
    assert {"model.safetensors", "2_Dense/model.safetensors", "modules.json", "README.md"} <= names
    with safe_open(folder / "model.safetensors", "pt") as weights:
        layers = {name.split(".")[2] for name in weights.offset_keys() if "encoder.layer." in name}
    assert layers == {"0"}
    config = json.loads((folder / "config.json").read_text())
    assert config["num_hidden_layers"] == 1
    assert "layer 1 of 3" in (folder / "README.md").read_text()
    said = json.dumps(config) + (folder / "README.md").read_text()
    assert str(tmp_path.parent) not in said


@pytest.mark.parametrize("family", sorted(PADDED | {"longformer"}))
def test_families_that_would_be_run_otherwise_are_refused(
    family: str, encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    said = "global attention" if family == "longformer" else "pads the sentences of a batch"
    with pytest.raises(EncoderError, match=said):
        sentence_transformers(encoder(family), tmp_path / "out", -1, "mean")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("family", sorted(NORMED))
def test_a_norm_behind_the_last_layer_forbids_cutting(
    family: str, encoder: Callable[..., Encoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EncoderError, match=r"end in a norm .* that only the last layer passes"):
        sentence_transformers(encoder(family), tmp_path / "out", 1, "mean")
    # and where the table did not know of it, the comparison would
    monkeypatch.setattr(truncation, "ANATOMY", {})
    with pytest.raises(EncoderError, match=r"does not give that layer's vectors|cannot run"):
        sentence_transformers(encoder(family), tmp_path / "out", 1, "mean")


def test_layers_in_groups_are_not_cut(encoder: Callable[..., Encoder], tmp_path: Path) -> None:
    shared = encoder("albert", layers=4, config={"num_hidden_groups": 2})
    with pytest.raises(EncoderError, match="share weights in 2 groups"):
        sentence_transformers(shared, tmp_path / "out", 2, "mean")
    compare(shared, tmp_path / "whole", 4, "mean")


@pytest.mark.parametrize(
    ("family", "layer", "pooling", "error", "said"),
    [
        ("bert", -1, "mean_words", SettingsError, "no pooling 'mean_words'; choose one of cls"),
        ("bert", 7, "cls", SettingsError, "no layer 7; the layers are 0 to 2, or -1"),
        ("distilbert", -1, "pooled", EncoderError, r"no pooler of the form tanh\(W·h \+ b\)"),
        ("deberta-v2", 0, "mean", EncoderError, "cannot run a DeBERTa-v2/v3 model of 0 layers"),
    ],
)
def test_what_cannot_be_had(
    family: str,
    layer: int,
    pooling: str,
    error: type[Exception],
    said: str,
    encoder: Callable[..., Encoder],
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=said):
        sentence_transformers(encoder(family), tmp_path / "out", layer, pooling)


def test_a_folder_that_is_there_is_left_alone(
    encoder: Callable[..., Encoder], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(RunFolderError, match="not empty"):
        sentence_transformers(encoder(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_of_a_run(finished: Run, tmp_path: Path) -> None:
    sentence_transformers(finished, tmp_path / "out", 1, "pooled")
    texts = list(finished.sentences.texts)
    assert finished.representations is not None
    expected = finished.representations.cell(1, "pooled")
    np.testing.assert_allclose(encoded(tmp_path / "out", texts), expected, atol=1e-5)
