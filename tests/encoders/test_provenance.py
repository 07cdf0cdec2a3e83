"""Was a pooler trained? Random matrices must come out as untrained, all others as trained."""

import numpy as np
import pytest

from probing.encoders import BUNDLED, Pooler, load_encoder
from probing.encoders.provenance import compare_with_random, pooler_provenance

from .conftest import SHARED, Encoders

SIZES = (16, 64, 128, 384)


def normal(size: int, seed: int = 0, std: float = 0.02) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, std, (size, size)).astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_random_matrices_look_random(size: int, seed: int) -> None:
    fit = compare_with_random(normal(size, seed))
    assert fit.random_like
    assert fit.std == pytest.approx(0.02, rel=0.15)
    uniform = np.random.default_rng(seed).uniform(-0.05, 0.05, (size, size))
    assert compare_with_random(uniform).random_like


@pytest.mark.parametrize("size", SIZES)
def test_a_planted_direction_does_not_look_random(size: int) -> None:
    direction = np.random.default_rng(1).normal(size=(2, size))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    spike = 2 * 0.02 * 2 * np.sqrt(size) * np.outer(*direction)
    fit = compare_with_random(normal(size) + spike)
    assert not fit.random_like
    assert fit.edge > 1.2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("matrix", ["identity", "orthogonal", "low rank"])
def test_structure_without_a_spike_does_not_look_random(size: int, matrix: str) -> None:
    weight = normal(size)
    if matrix == "identity":
        weight = np.eye(size, dtype=np.float32)
    elif matrix == "orthogonal":
        weight = np.linalg.qr(weight)[0]
    else:
        weight = weight[:, : size // 4] @ weight[: size // 4]
    assert not compare_with_random(weight).random_like


def test_rectangular_matrices_follow_their_own_law() -> None:
    wide = np.random.default_rng(0).normal(0, 0.02, (100, 300))
    assert compare_with_random(wide).random_like
    assert compare_with_random(wide.T).random_like


def test_bad_numbers_do_not_look_random() -> None:
    weight = normal(16)
    weight[3, 4] = np.nan
    assert not compare_with_random(weight).random_like
    assert not compare_with_random(np.zeros((16, 16))).random_like


def test_zero_bias_and_random_weights_are_untrained() -> None:
    pooler = pooler_provenance(normal(384, std=0.009), np.zeros(384, np.float32))
    assert pooler == Pooler(
        True,
        False,
        "bias exactly 0; singular values within the Marchenko–Pastur law of random weights "
        "with std 0.009",
    )


def test_a_bias_that_moved_means_training() -> None:
    bias = np.zeros(384, np.float32)
    bias[7] = 1e-6
    pooler = pooler_provenance(normal(384), bias)
    assert pooler.present
    assert pooler.trained
    assert pooler.evidence.startswith("bias 5.1e-08 (root mean square); singular values within")


def test_structure_means_training_even_with_zero_bias() -> None:
    weight = normal(64) + 0.5 * np.eye(64, dtype=np.float32)
    pooler = pooler_provenance(weight, np.zeros(64))
    assert pooler.trained
    assert pooler.evidence == (
        "bias exactly 0; singular values 0.36 away from the law of random weights of std 0.065"
    )


def test_missing_parameters_mean_no_pooler() -> None:
    pooler = pooler_provenance(normal(16), np.zeros(16), {"pooler.dense.weight"})
    assert pooler == Pooler(
        False,
        False,
        "pooler.dense.weight is not in the checkpoint: transformers would fill in random numbers",
    )
    assert pooler_provenance(None, None) == Pooler(False, False, "the model has no pooler")


def test_a_constant_pooler_is_untrained() -> None:
    pooler = pooler_provenance(np.zeros((16, 16)), np.zeros(16))
    assert pooler == Pooler(True, False, "all weights are 0")


def test_the_bundled_pooler_is_untrained() -> None:
    pooler = load_encoder(BUNDLED).info.pooler
    assert pooler.present
    assert not pooler.trained
    assert "bias exactly 0" in pooler.evidence
    assert pooler.evidence.endswith("std 0.009")


def test_the_albert_pooler_is_untrained() -> None:
    folder = SHARED / "models" / "rxnmapper-albert"
    if not folder.is_dir():
        pytest.skip("shared/models/rxnmapper-albert is not beside the checkout")
    info = load_encoder(folder).info
    assert (info.family, info.layers, info.hidden) == ("albert", 12, 256)
    assert info.pooler.present
    assert not info.pooler.trained
    assert "bias exactly 0" in info.pooler.evidence
    assert info.pooler.evidence.endswith("std 0.020")


@pytest.mark.parametrize("model_type", ["bert", "albert", "ernie", "roberta"])
def test_checkpoints_as_saved(model_type: str, encoder: Encoders) -> None:
    fresh = encoder(model_type, hidden=64, noise=0.0).info.pooler
    assert (fresh.present, fresh.trained) == (True, False)
    moved = encoder(model_type, hidden=64, noise=0.2).info.pooler
    assert (moved.present, moved.trained) == (True, True)
    masked = encoder(model_type, hidden=64, head="MaskedLM").info.pooler
    assert (masked.present, masked.trained) == (False, False)
    assert "not in the checkpoint" in masked.evidence
