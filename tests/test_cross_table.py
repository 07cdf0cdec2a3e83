"""Two cells beside each other, by brute force."""

from dataclasses import replace

import numpy as np
import pytest

from probing.cross_table import cross_table, quarter
from tests.answered import random_run


@pytest.mark.parametrize("seed", range(3))
def test_cross_table_by_brute_force(seed: int) -> None:
    run = random_run(200, 3, 8, seed)
    a, b = run.cell(3, "cls"), run.cell(0, "pooled")
    # let each miss some that the other scored
    a, b = (
        replace(c, predicted=np.where(np.arange(200) % 7 == k, -1, c.predicted).astype(np.int32))
        for k, c in enumerate((a, b))
    )
    run = replace(run, probes=(a, b))
    label = [run.sentences.classes.index(name) for name in run.sentences.labels or ()]
    quarters: dict[str, list[int]] = {"both": [], "only_a": [], "only_b": [], "neither": []}
    for i in range(200):
        if a.predicted[i] >= 0 and b.predicted[i] >= 0:
            right = (a.predicted[i] == label[i], b.predicted[i] == label[i])
            name = {(1, 1): "both", (1, 0): "only_a", (0, 1): "only_b", (0, 0): "neither"}
            quarters[name[right]].append(i)
    got = cross_table(run, 3, "cls", 0, "pooled")
    assert (got.a, got.b) == ("cls_3", "pooled_0")
    assert got.counts == (
        (len(quarters["both"]), len(quarters["only_a"])),
        (len(quarters["only_b"]), len(quarters["neither"])),
    )
    assert all(quarters.values())
    for which, expected in quarters.items():
        frame = quarter(run, got, which)  # type: ignore[arg-type]
        assert frame.index.tolist() == expected
        assert frame["row"].tolist() == [3 * i + 1 for i in expected]
        assert frame["predicted_a"].tolist() == ["abc"[a.predicted[i]] for i in expected]
        assert frame["predicted_b"].tolist() == ["abc"[b.predicted[i]] for i in expected]
