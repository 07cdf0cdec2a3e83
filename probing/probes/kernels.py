"""What L-BFGS remembers and the direction it gives, compiled, one problem after the other.

The twenty vectors that a direction is made of stay in the cache that way; in a batch of problems
they are read from memory, at three times the cost. Compiled code is kept on disk beside this file,
or where ``NUMBA_CACHE_DIR`` says.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

FAST = {"reassoc", "contract", "arcp", "nsz"}  # sums in any order; NaN and infinity stay theirs


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled at its first call, and kept on disk where there is a place for it."""
    try:
        return njit(cache=True, fastmath=FAST)(function)
    except RuntimeError:  # no folder can be written
        return njit(fastmath=FAST)(function)


@compiled
def dot(a: np.ndarray, b: np.ndarray) -> np.float32:
    """Of two float32 vectors."""
    total = np.float32(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled
def remember(
    slots: np.ndarray,
    counts: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    rho: np.ndarray,
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
) -> None:
    """Add to each slot its problem's step, change of gradient, and 1 / their product.

    ``counts`` int64 (slots,) pairs so far, of which the last are kept in turn: ``steps`` and
    ``changes`` (slots, kept, D), ``rho`` (slots, kept). ``before`` and ``after`` are parameters and
    gradients (P, D) of the problems in ``slots``. Numerically empty pairs are left out.
    """
    for p in range(len(slots)):
        slot = slots[p]
        at = counts[slot] % rho.shape[1]
        step, change = steps[slot, at], changes[slot, at]
        product, length, other = np.float32(0), np.float32(0), np.float32(0)
        for i in range(len(step)):
            s = after[0][p, i] - before[0][p, i]
            c = after[1][p, i] - before[1][p, i]
            step[i], change[i] = s, c
            product += s * c
            length += s * s
            other += c * c
        rho[slot, at] = 0
        if product > 1e-10 * np.sqrt(length) * np.sqrt(other):
            rho[slot, at] = 1 / max(product, np.float32(1e-38))
            counts[slot] += 1


@compiled
def direct(
    slots: np.ndarray,
    counts: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    rho: np.ndarray,
    gradient: np.ndarray,
    inverse: np.ndarray,
    out: np.ndarray,
) -> None:
    """−H·gradient by the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4).

    As ``remember`` has it; ``gradient`` and ``out`` (P, D), ``inverse`` (P, d+1) the
    preconditioner of each class.
    """
    memory, width = rho.shape[1], inverse.shape[1]
    alphas = np.empty(memory, np.float32)
    for p in range(len(slots)):
        count, q = counts[slots[p]], out[p]
        s, y, r = steps[slots[p]], changes[slots[p]], rho[slots[p]]
        oldest = max(0, count - memory)
        q[:] = gradient[p]
        for j in range(count - 1, oldest - 1, -1):
            at = j % memory
            alphas[at] = r[at] * dot(s[at], q)
            for i in range(len(q)):
                q[i] -= alphas[at] * y[at, i]
        scale = np.float32(1)
        if count:
            # how far the last step went beyond what the preconditioner says of its change
            at, bend = (count - 1) % memory, np.float32(0)
            for k in range(0, len(q), width):
                for i in range(width):
                    bend += y[at, k + i] * y[at, k + i] * inverse[p, i]
            bend *= r[at]
            if bend > 1e-30:
                scale = 1 / bend
        for k in range(0, len(q), width):
            for i in range(width):
                q[k + i] *= scale * inverse[p, i]
        for j in range(oldest, count):
            at = j % memory
            beta = alphas[at] - r[at] * dot(y[at], q)
            for i in range(len(q)):
                q[i] += beta * s[at, i]
        for i in range(len(q)):
            q[i] = -q[i]
