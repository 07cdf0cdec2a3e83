"""Vectors kept from run to run: the encoder is spared, and never trusted blindly."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import probing
from probing import extraction, vector_cache
from probing.encoders import Encoder
from probing.encoders.fingerprint import fingerprint
from probing.encoders.twin import random_twin
from probing.environment import cache_limit
from probing.extraction import extract
from probing.representations import POOLINGS
from probing.vector_cache import VectorCache
from tests.batches import counted_batches

Encoders = Callable[..., Encoder]
PLENTY = 10**9


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    return VectorCache(tmp_path / "vectors", PLENTY)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that go through an encoder."""
    return counted_batches(monkeypatch)


def files(cache: VectorCache) -> list[Path]:
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def numbers(m: int, seed: int = 0) -> tuple[list[bytes], dict[str, np.ndarray]]:
    """m digests, and vectors of two parts that differ in their number of layers."""
    rng = np.random.default_rng(seed)
    digests = [rng.bytes(32) for _ in range(m)]
    shapes = {"cls": (3, m, 8), "embeddings": (1, m, 8)}
    return digests, {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def blank(arrays: dict[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    return {k: np.full((len(a), n, a.shape[2]), np.nan, np.float32) for k, a in arrays.items()}


# ---- extraction


def test_the_second_time_nothing_is_encoded(
    cache: VectorCache, encoder: Encoders, encoded: list[int], toy: Any
) -> None:
    texts = toy[0]
    first = extract(texts, encoder(), cache=cache)
    assert (sum(encoded), first.reused) == (60, 0)
    again = extract(texts[::-1], encoder(), cache=cache)
    assert (sum(encoded), again.reused) == (60, 60)
    for pooling in POOLINGS:
        assert np.array_equal(again.arrays[pooling][:, ::-1], first.arrays[pooling]), pooling
    assert first.embedding_mean is not None
    assert again.embedding_mean is not None
    assert first.token_counts is not None
    assert again.token_counts is not None
    assert np.array_equal(again.embedding_mean[::-1], first.embedding_mean)
    assert np.array_equal(again.token_counts[::-1], first.token_counts)


def test_only_what_is_new_is_encoded(
    cache: VectorCache, encoder: Encoders, encoded: list[int], toy: Any
) -> None:
    texts = toy[0]
    extract(texts[:40], encoder(), cache=cache)
    mixed = extract([*texts[20:], texts[59], texts[0]], encoder(), cache=cache)
    assert sum(encoded) == 60
    assert mixed.reused == 22
    plain = extract([*texts[20:], texts[59], texts[0]], encoder())
    for pooling in POOLINGS:
        np.testing.assert_allclose(mixed.arrays[pooling], plain.arrays[pooling], atol=1e-5)


def test_fewer_poolings_are_served_and_more_are_not(
    cache: VectorCache, encoder: Encoders, encoded: list[int], toy: Any
) -> None:
    texts = toy[0]
    extract(texts, encoder(), ("cls", "mean"), cache=cache)
    for poolings in (("cls",), ("pooled",), ("mean",), ("cls", "pooled", "mean")):
        assert extract(texts, encoder(), poolings, cache=cache).reused == 60
    assert sum(encoded) == 60
    assert extract(texts, encoder(), ("mean_words",), cache=cache).reused == 0
    assert sum(encoded) == 120


def test_truncation_is_counted_again(cache: VectorCache, encoder: Encoders) -> None:
    short = encoder(positions=12)
    texts = [" ".join(["film"] * words) for words in (9, 10, 11, 15)]
    first = extract(texts, short, cache=cache)
    again = extract(texts, short, cache=cache)
    assert (first.truncated, first.tokens_lost) == (again.truncated, again.tokens_lost) == (2, 6)
    assert first.reused == 2  # what is left of the three longer ones is the same
    assert again.reused == 4


def test_another_encoder_is_another_key(
    cache: VectorCache, encoder: Encoders, checkpoint: Callable[..., Path], tmp_path: Path, toy: Any
) -> None:
    """Other weights, a random twin, another config: never the vectors of this one."""
    texts, one = toy[0][:5], encoder()
    extract(texts, one, cache=cache)
    twin = random_twin(one, 0)
    assert twin.info == one.info
    for other in (twin, encoder(seed=1), encoder(config={"hidden_act": "relu"})):
        assert extract(texts, other, cache=cache).reused == 0
        assert extract(texts, other, cache=cache).reused == 5
    elsewhere = shutil.copytree(checkpoint(), tmp_path / "elsewhere")
    assert fingerprint(probing_encoder(elsewhere)) == fingerprint(one)


def test_a_changed_weight_is_another_key(encoder: Encoders) -> None:
    twin = random_twin(encoder(), 0)
    before = fingerprint(twin)
    next(iter(twin.model.parameters())).data[0, 0] += 1e-3
    assert fingerprint(twin) != before


def probing_encoder(folder: Path) -> Encoder:
    from probing.encoders import load_encoder

    return load_encoder(folder)


def test_what_is_not_finite_is_not_kept(
    cache: VectorCache, encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(batch: dict[str, torch.Tensor], *rest: Any) -> dict[str, np.ndarray]:
        return {"cls": np.full((3, len(batch["input_ids"]), 16), np.inf, dtype=np.float32)}

    monkeypatch.setattr(extraction, "encode_batch", overflow)
    with pytest.raises(probing.EncoderError, match="not finite"):
        extract(["bad"], encoder(), ("cls",), cache=cache)
    assert not cache.folder.exists()


def test_a_run_says_what_it_reused(
    checkpoint: Callable[..., Path],
    coarse: Callable[[], Any],
    toy: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    encoded: list[int],
) -> None:
    """Other labels, other folds, another process's home: only the first meets the encoder."""
    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    options = {"encoder": str(checkpoint(layers=1)), "maps": "none", "poolings": ("mean",)}
    texts, labels = toy
    with coarse():
        first = probing.run(texts, labels, **options)
        second = probing.run(texts, labels[::-1], folds=3, **options)
        monkeypatch.setenv("PROBING_CACHE_GB", "0")
        third = probing.run(texts, labels, **options)
    assert [run.record["encoder"]["reused"] for run in (first, second, third)] == [0, 60, 0]
    assert sum(encoded) == 120
    assert first.table.equals(third.table)


@pytest.mark.parametrize(("text", "expected"), [("", 4e9), ("0", 0), ("1.5", 1.5e9)])
def test_the_limit_is_read(text: str, expected: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBING_CACHE_GB", text)
    assert cache_limit() == expected


# ---- the files


def test_what_was_kept_is_fetched(cache: VectorCache) -> None:
    digests, arrays = numbers(600)
    cache.keep("e", digests, arrays, np.arange(600))
    asked = [digests[i] for i in (599, 3, 300)] + [b"?" * 32]
    out = blank(arrays, 10)
    found = cache.fetch("e", asked, out, np.array([9, 0, 4, 5]))
    assert found.tolist() == [True, True, True, False]
    for name, array in arrays.items():
        assert np.array_equal(out[name][:, [9, 0, 4]], array[:, [599, 3, 300]])
        assert np.isnan(out[name][:, [1, 2, 3, 5, 6, 7, 8]]).all()
    assert not cache.fetch("other", asked, out, np.arange(4)).any()


def test_some_rows_of_the_arrays_are_kept(cache: VectorCache) -> None:
    digests, arrays = numbers(6)
    cache.keep("e", [digests[4], digests[1]], arrays, np.array([4, 1]))
    out = blank(arrays, 6)
    assert cache.fetch("e", digests, out, np.arange(6)).tolist() == [i in (1, 4) for i in range(6)]
    assert np.array_equal(out["cls"][:, [1, 4]], arrays["cls"][:, [1, 4]])


@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("damage", ["flip", "cut", "zeros"])
def test_damage_is_seen(cache: VectorCache, where: float, damage: str) -> None:
    """Whatever is fetched is what was kept."""
    digests, arrays = numbers(40)
    cache.keep("e", digests, arrays, np.arange(40))
    (path,) = files(cache)
    raw = bytearray(path.read_bytes())
    at = int(where * len(raw))
    if damage == "flip":
        raw[at] ^= 0x40
    elif damage == "cut":
        del raw[at:]
    else:
        raw[at : at + 200] = bytes(200)
    path.write_bytes(raw)
    out = blank(arrays, 40)
    found = cache.fetch("e", digests, out, np.arange(40))
    assert not found.all()
    for name, array in arrays.items():
        assert np.array_equal(out[name][:, found], array[:, found])
        assert np.isnan(out[name][:, ~found]).all()


def test_damaged_vectors_are_made_again(
    cache: VectorCache, encoder: Encoders, encoded: list[int], toy: Any
) -> None:
    first = extract(toy[0], encoder(), cache=cache)
    (path,) = files(cache)
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    path.write_bytes(raw)
    again = extract(toy[0], encoder(), cache=cache)
    assert again.reused == 59
    assert sum(encoded) == 61
    np.testing.assert_allclose(again.arrays["mean"], first.arrays["mean"], atol=1e-5)
    assert extract(toy[0], encoder(), cache=cache).reused == 60


def test_the_limit_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, 3 * 10_000)
    batches = [numbers(50, seed) for seed in range(4)]  # 8,200 bytes each
    for number, (digests, arrays) in enumerate(batches[:3]):
        cache.keep(f"e{number}", digests, arrays, np.arange(50))
        (path,) = (tmp_path / f"e{number}").iterdir()
        os.utime(path, (1e9 + number, 1e9 + number))
    digests, arrays = batches[0]
    assert cache.fetch("e0", digests, blank(arrays, 50), np.arange(50)).all()  # used: now the last
    digests, arrays = batches[3]
    cache.keep("e3", digests, arrays, np.arange(50))
    assert sorted(path.parent.name for path in files(cache)) == ["e0", "e2", "e3"]
    assert sum(path.stat().st_size for path in files(cache)) <= cache.limit
    assert not (tmp_path / "e1").exists()


def test_more_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v", 1_000)
    cache.keep("e", *numbers(50), np.arange(50))
    assert not cache.folder.exists()


@pytest.mark.parametrize("fault", ["read-only", "full", "a file"])
def test_where_the_disk_does_not_allow_it_nothing_is_kept(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoders
) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    cache = VectorCache(tmp_path / "v", PLENTY)
    if fault == "a file":
        cache.folder.write_text("in the way")
    elif fault == "full":
        monkeypatch.setattr(vector_cache, "_write", refuse)
    else:
        monkeypatch.setattr(Path, "mkdir", refuse)
    got = extract(["the film was good", "bad"], encoder(), cache=cache)
    assert got.reused == 0
    assert cache.folder.is_file() or files(cache) == []
    assert extract(["bad"], encoder(), cache=cache).reused == 0


def test_the_last_of_the_disk_is_left(cache: VectorCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_cache, "RESERVE", 10**18)
    cache.keep("e", *numbers(5), np.arange(5))
    assert files(cache) == []


def test_killed_half_way_leaves_nothing_that_counts(
    cache: VectorCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file half written is not read, and is removed once it is old."""
    digests, arrays = numbers(20)

    class Killed(BaseException):
        pass

    def killed(self: Path, target: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        patch.setattr(Path, "unlink", lambda *a, **k: None)  # a killed process tidies nothing
        with pytest.raises(Killed):
            cache.keep("e", digests, arrays, np.arange(20))
    (left,) = files(cache)
    assert not cache.fetch("e", digests, blank(arrays, 20), np.arange(20)).any()
    cache.keep("e", digests, arrays, np.arange(20))
    assert left.exists()  # it might be another process's
    os.utime(left, (1e9, 1e9))
    cache.keep("f", digests, arrays, np.arange(20))
    assert not left.exists()
    assert cache.fetch("e", digests, blank(arrays, 20), np.arange(20)).all()


_CHILD = """
import sys
from pathlib import Path
import numpy as np
from probing.vector_cache import VectorCache

cache = VectorCache(Path(sys.argv[1]), 40_000)  # room for about four of the files that are written
for turn in range(100):
    rng = np.random.default_rng(turn % 3 if turn % 2 else 1000 * int(sys.argv[2]) + turn)
    digests = [rng.bytes(32) for _ in range(50)]
    arrays = {"cls": rng.normal(size=(3, 50, 8)).astype(np.float32)}
    cache.keep("e", digests, arrays, np.arange(50))
    out = {"cls": np.zeros((3, 50, 8), dtype=np.float32)}
    found = cache.fetch("e", digests, out, np.arange(50))
    assert np.array_equal(out["cls"][:, found], arrays["cls"][:, found])
"""


def test_two_processes_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path), str(i)], env=environment)
        for i in (1, 2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    left = files(VectorCache(tmp_path, 0))
    assert left
    assert all(path.suffix == ".vectors" for path in left)
