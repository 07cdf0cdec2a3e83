"""What an evaluation and a step do number by number, compiled, one problem after the other.

The logits of a problem and the vectors that its direction is made of stay in the cache that way;
in a batch of problems they are read from memory, at three times the cost. Compiled code is kept on
disk beside this file, or where ``NUMBA_CACHE_DIR`` says.
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


@compiled
def exponentials(x: np.ndarray, powers: np.ndarray) -> None:
    """exp of float32 ``x`` ≤ 0 in place, within 2e-7; ``powers`` int32 (len(x),) is scratch.

    Cody & Waite's reduction and Cephes' polynomial: unlike libm's, a loop that the compiler turns
    into vector instructions. Below −40 it is 0: of the numbers beneath float32's normal range, with
    which a processor multiplies ten times as slowly, none may come about later.
    """
    scales = powers.view(np.float32)
    for i in range(len(x)):
        nothing = x[i] < np.float32(-40)
        v = max(x[i], np.float32(-40))
        whole = np.floor(v * np.float32(1.44269504) + np.float32(0.5))
        r = v - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
        e = np.float32(1.9875691500e-4)
        e = e * r + np.float32(1.3981999507e-3)
        e = e * r + np.float32(8.3334519073e-3)
        e = e * r + np.float32(4.1665795894e-2)
        e = e * r + np.float32(1.6666665459e-1)
        e = e * r + np.float32(5.0000001201e-1)
        x[i] = e * r * r + r + np.float32(1)
        bits = (np.int32(whole) + np.int32(127)) << np.int32(23)  # of 2 to the whole
        powers[i] = np.int32(0) if nothing else bits
    for i in range(len(x)):
        x[i] *= scales[i]


@compiled
def multinomial(
    logits: np.ndarray,
    y: np.ndarray,
    train: np.ndarray,
    loss: np.ndarray,
    residual: np.ndarray,
    spread: np.ndarray,
) -> None:
    """Turn logits (P, K, rows) into p − 1[y], and add up what they say of each problem.

    ``y`` int64 (1, rows) or (P, rows); ``train`` float32 alike, of 0 and 1. To ``loss`` float64
    (P,) is added the sum of losses, to ``residual`` (P, K) that of p − 1[y], to ``spread`` (P,)
    that of p(1−p).
    """
    n = logits.shape[2]
    top, norm, powers = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.int32)
    for p in range(len(logits)):
        z, label, mask = logits[p], y[p % len(y)], train[p % len(train)]
        top[:] = z[0]
        for k in range(1, len(z)):
            for i in range(n):
                top[i] = max(top[i], z[k, i])
        total = 0.0
        for i in range(n):
            if mask[i]:
                total += top[i] - z[label[i], i]
        norm[:] = 0
        for k in range(len(z)):
            for i in range(n):
                z[k, i] -= top[i]
            exponentials(z[k], powers)
            for i in range(n):
                norm[i] += z[k, i]
        for i in range(n):
            if mask[i]:
                total += np.log(norm[i])
            norm[i] = mask[i] / norm[i]
        squares = np.float32(0)
        for k in range(len(z)):
            of = np.float32(0)
            for i in range(n):
                z[k, i] *= norm[i]
                of += z[k, i]
                squares += z[k, i] * z[k, i]
            residual[p, k] += of
        for i in range(n):
            z[label[i], i] -= mask[i]
            residual[p, label[i]] -= mask[i]
            spread[p] += mask[i]
        spread[p] -= squares
        loss[p] += total
