"""What goes through an encoder, counted."""

from typing import Any

import numpy as np
import pytest
import torch

from probing import extraction


def counted_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that go through an encoder from now on."""
    sizes: list[int] = []
    encode = extraction.encode_batch

    def counted(batch: dict[str, torch.Tensor], *rest: Any) -> dict[str, np.ndarray]:
        sizes.append(len(batch["input_ids"]))
        return encode(batch, *rest)

    monkeypatch.setattr(extraction, "encode_batch", counted)
    return sizes
