"""Two threads, alone and beside other work on the same cores: what a short wait changes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.measure import Row

_PRODUCTS = """
import sys, time
if sys.argv[1] == "settled":
    from probing.environment import settle_threads
    settle_threads()
import torch
torch.set_num_threads(2)
a, b = torch.randn(400, 384), torch.randn(384, 384)
for _ in range(50):
    a @ b
began = time.perf_counter()
for _ in range(int(sys.argv[2])):
    a @ b
print(time.perf_counter() - began)
"""
_BUSY = "while True: pass"
_OWN = {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}  # what would decide it


def rows(quick: bool) -> list[Row]:
    """Products of small matrices: alone, then beside as many busy processes as there are cores."""
    count, found = 200 if quick else 1000, []
    for where, busy in (("alone", 0), ("beside busy processes", os.cpu_count() or 1)):
        with _neighbours(busy):
            ours, reference = (_middle(how, count) for how in ("settled", "plain"))
        what = f"{count} products 400 × 384 × 384 on 2 threads, {where}"
        found.append(Row(what, "OpenMP as it comes", ours, reference))
    return found


def _middle(how: str, count: int) -> float:
    """The median of three processes, in seconds."""
    environment = {name: value for name, value in os.environ.items() if name not in _OWN}
    command = [sys.executable, "-c", _PRODUCTS, how, str(count)]
    taken = [
        float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    return sorted(taken)[1]


@contextmanager
def _neighbours(count: int) -> Iterator[None]:
    """Other people's work on the machine."""
    busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
