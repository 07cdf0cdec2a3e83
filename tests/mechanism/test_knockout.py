"""The knockout ladder against whole passes of transformers with attention overwritten."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

from probing.encoders import Encoder
from probing.mechanism import anatomy
from probing.mechanism.anatomy import ANATOMY, anatomy_of
from probing.mechanism.knockout import knockout
from probing.mechanism.readers import FoldReaders, Reader
from probing.mechanism.values import Knockout, Missing
from probing.progress import Report, silent
from probing.statistics import wilson

from .conftest import TEXTS, Eager, Encoders, fingerprint, plain

REPLAYABLE = [family for family, parts in ANATOMY.items() if parts.layer]
each_family = pytest.mark.parametrize("family", REPLAYABLE)
ROWS = np.arange(3)


def measured(
    encoder: Encoder,
    y: np.ndarray | None = None,
    readers: FoldReaders | None = None,
    rows: np.ndarray = ROWS,
    report: Report = silent,
) -> Knockout:
    found = knockout(TEXTS, y, encoder, readers, rows, report)
    assert isinstance(found, Knockout)
    return found


@contextmanager
def blocked(layers: set[int]) -> Iterator[list[int]]:
    """Within the block, row 0 of every attention matrix of these layers (from 1) is [1, 0, 0, …].

    Every softmax of a pass is one layer's attention; the list counts them.
    """
    softmax, calls = nn.functional.softmax, [0]

    def overwritten(*args: Any, **kwargs: Any) -> Any:
        weights = softmax(*args, **kwargs)
        calls[0] += 1
        if calls[0] in layers:
            weights[:, :, 0] = torch.eye(weights.shape[-1])[0]
        return weights

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.functional, "softmax", overwritten)
        yield calls


def by_brute_force(encoder: Encoder, model: Any, layers: set[int]) -> np.ndarray:
    """(n, H) [CLS] of the last layer, one whole pass."""
    batch = encoder.tokenize(TEXTS)
    with torch.no_grad(), blocked(layers) as calls:
        states = model(**plain(encoder, batch)).last_hidden_state
    assert calls == [3], "a softmax that is not one layer's attention"
    found: np.ndarray = states[:, 0].double().numpy()
    return found


RUNGS: dict[str, Callable[[int], set[int]]] = {
    "single": lambda layer: {layer},
    "from": lambda layer: set(range(layer, 4)),
    "up to": lambda layer: set(range(1, layer + 1)),
}


@each_family
def test_rungs_are_those_of_whole_passes(
    family: str, tiny_encoder: Encoders, eager_model: Eager
) -> None:
    encoder, model = tiny_encoder(family), eager_model(family)
    found = measured(encoder)
    assert [(rung.kind, rung.layer) for rung in found.rungs] == [
        (kind, layer) for kind in RUNGS for layer in (1, 2, 3)
    ]
    intact = by_brute_force(encoder, model, set())
    spread = intact.var(axis=0).sum()
    seen = []
    for rung in found.rungs:
        x = by_brute_force(encoder, model, RUNGS[rung.kind](rung.layer))
        expected = np.square(x - intact).sum(axis=1).mean() / spread
        assert rung.moved == pytest.approx(expected, rel=1e-3)
        assert rung.score is None
        seen.append(round(expected, 6))
    # alike: layer 1 alone and up to 1, layer 3 alone and from 3, all and all
    assert len(set(seen)) == 6
    assert min(seen) > 0.01
    assert found.intact is found.majority is None
    assert found.sentences == 3


@each_family
def test_with_all_layers_blocked_cls_is_constant(family: str, tiny_encoder: Encoders) -> None:
    found = measured(tiny_encoder(family))
    assert found.blocked_variance < 1e-9


@each_family
def test_the_encoder_is_as_before(family: str, tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder(family)
    before = fingerprint(encoder)
    measured(encoder)
    assert fingerprint(encoder) == before


def test_the_encoder_is_as_before_when_stopped(tiny_encoder: Encoders) -> None:
    encoder = tiny_encoder("bert")
    before = fingerprint(encoder)

    def stop(done: int, total: int) -> None:
        raise KeyError((done, total))

    with pytest.raises(KeyError, match=r"\(3, 3\)"):
        measured(encoder, report=stop)
    assert fingerprint(encoder) == before


# ---- scores


@pytest.fixture(scope="module")
def readers(tiny_encoder: Encoders, eager_model: Eager) -> FoldReaders:
    """One that tells the intact [CLS] of two sentences apart, and one that always says class 0.

    Sentence 4 of a run of six is scored by no fold.
    """
    x = by_brute_force(tiny_encoder("bert"), eager_model("bert"), set())
    direction = (x[0] - x[1])[:, None]
    middle = ((x[0] + x[1]) / 2) @ direction
    telling = Reader(3, "cls", direction, -middle)
    never = Reader(3, "cls", 0 * direction, 0 * middle - 1)
    return FoldReaders((telling, never), np.array([0, 1, 0, 0, -1, 1]))


def test_scores_are_of_the_sentences_own_fold(
    readers: FoldReaders, tiny_encoder: Encoders, eager_model: Eager
) -> None:
    encoder, model = tiny_encoder("bert"), eager_model("bert")
    rows, y = np.array([0, 3, 5]), np.array([1, 0, 0])
    found = measured(encoder, y, readers, rows)
    assert found.majority == pytest.approx(2 / 3)
    assert found.intact is not None
    assert found.intact.value == 1
    seen = set()
    for kind, layer, estimate in [
        ("single", 0, found.intact),
        *((rung.kind, rung.layer, rung.score) for rung in found.rungs),
    ]:
        x = by_brute_force(encoder, model, RUNGS[kind](layer) if layer else set())
        right = 0
        for i in range(3):
            reader = readers.readers[(0, 0, 1)[i]]
            right += (float((x[i] @ reader.weights + reader.intercepts)[0]) > 0) == y[i]
        assert estimate is not None
        assert estimate.value == pytest.approx(right / 3)
        assert (estimate.low, estimate.high) == pytest.approx(widened(right, 3, 3 / 5))
        assert estimate.n == 3
        seen.add(right)
    assert len(seen) > 1, "scores that are all alike would prove nothing"


def widened(right: int, read: int, part: float) -> tuple[float, float]:
    """Wilson's interval of fewer answers: each pair of sentences ``read`` of ``part`` of all that
    the folds score trained one another's probes, which adds φ(z)² to the variance p(1 − p)."""
    p = right / read
    added = norm.pdf(norm.ppf(p)) ** 2 if 0 < p < 1 else 0.0
    inflation = 1 + part * added / (p * (1 - p)) if added else 1.0
    return wilson(right / inflation, read / inflation)


def test_without_folds_no_interval_is_widened(readers: FoldReaders, tiny_encoder: Encoders) -> None:
    """Those whom a split has for training are not read themselves."""
    split = FoldReaders(readers.readers[:1], np.array([0, 0, 0, -1, -1, -1]))
    wrong = np.array([1, 1, 0])
    found = measured(tiny_encoder("bert"), wrong, split)
    assert found.intact is not None
    right = round(3 * found.intact.value)
    assert 0 < right < 3
    assert (found.intact.low, found.intact.high) == pytest.approx(wilson(right, 3))


def test_sentences_that_no_fold_scores_are_left_out(
    readers: FoldReaders, tiny_encoder: Encoders
) -> None:
    encoder = tiny_encoder("bert")
    found = measured(encoder, np.array([1, 0, 0]), readers, np.array([0, 1, 4]))
    assert found.intact is not None
    assert found.intact.n == 2
    assert found.majority == 0.5
    assert found.sentences == 3
    none = measured(encoder, np.array([1, 0, 0]), readers, np.array([4, 4, 4]))
    assert none.intact is none.majority is None
    assert none.rungs[0].moved == found.rungs[0].moved


# ---- what can't be had, cost


def reason(encoder: Encoder, texts: Any = TEXTS) -> str:
    found = knockout(texts, None, encoder, None, np.arange(len(texts)))
    assert isinstance(found, Missing)
    return found.reason


def test_missing_where_it_cannot_be_had(
    tiny_encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "FNet has no attention" in reason(tiny_encoder("fnet"))
    assert "XLM's layers are no modules of their own" in reason(tiny_encoder("xlm"))
    convolved = tiny_encoder("deberta-v2", config={"conv_kernel_size": 3})
    assert "Something between the layers" in reason(convolved)
    assert "is the same for all" in reason(tiny_encoder("bert"), TEXTS[:1])
    assert reason(tiny_encoder("bert"), ()) == "There are no sentences."
    monkeypatch.setattr(anatomy, "ANATOMY", {})
    assert "is not known here" in reason(tiny_encoder("bert"))


def test_it_costs_six_passes_of_six_layers(
    tiny_encoder: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens through layers, in passes over the sentences: 35 of 36 layers, and [CLS] alone."""
    encoder = tiny_encoder("bert", layers=6)
    found, tokens = anatomy_of(encoder), [0]
    assert isinstance(found, anatomy.Anatomy)

    def count(_module: Any, args: Any) -> None:
        tokens[0] += args[0].shape[0] * args[0].shape[1]

    handles = [layer.entry.register_forward_pre_hook(count) for layer in found.layers]
    try:
        encoder.forward(encoder.tokenize(TEXTS))
        one, tokens[0] = tokens[0], 0
        measured(encoder)
    finally:
        for handle in handles:
            handle.remove()
    assert tokens[0] / one < 6.4
    assert tokens[0] >= one * 35 / 6


def test_albert_is_run_again_call_by_call(tiny_encoder: Encoders) -> None:
    """One module for all layers: rungs differ, so its calls are told apart."""
    found = measured(tiny_encoder("albert"))
    assert len({rung.moved for rung in found.rungs if rung.kind == "single"}) == 3
