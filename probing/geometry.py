"""The shape of a cloud of representations, without labels.

All of it in float64, on all n sentences, by identities that need no n × n matrix.
"""

import numpy as np

from probing.evidence import Shape

CONSTANT = 1e-9
"""Relative variance below which a representation is the same vector for every sentence."""
NOISE = 10 * float(np.finfo(np.float32).eps)
"""Standard deviation, as a share of the mean, up to which a dimension is float32 noise."""
ROUNDING = 1e-12  # share of its largest term below which a difference is nothing but rounding


def relative_variance(x: np.ndarray) -> float:
    """V = tr Cov(x) / E‖x‖² of (n, H) vectors; 0 … 1, and 0 where all are alike.

    At layer 0 the first token's vector holds the token, its position and its segment only: it is
    the same for every sentence and V is float noise (5e-12). Computed in float64.
    """
    wide = np.asarray(x, dtype=np.float64)
    energy = float(np.square(wide).sum(axis=1).mean()) if len(wide) else 0.0
    return float(wide.var(axis=0).sum()) / energy if energy > 0 else 0.0


def is_constant(x: np.ndarray) -> bool:
    """Whether the (n, H) vectors carry nothing about the sentence: V < ``CONSTANT``."""
    return relative_variance(x) < CONSTANT


def z_scored(x: np.ndarray, over: np.ndarray | None = None) -> np.ndarray:
    """float64 (n, H), each dimension with mean 0 and standard deviation 1.

    Mean and deviation are those of the rows ``over`` (m, H), by default of ``x``. A dimension that
    is constant there, float32 noise around a large mean included, becomes 0. No direction is left
    that all rows share, so that their anisotropy is about 0 whatever they are.
    """
    rows = np.asarray(x if over is None else over, dtype=np.float64)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    constant = std <= NOISE * np.abs(mean)
    return np.where(constant, 0.0, (x - mean) / np.where(constant, 1.0, std))


def unit(x: np.ndarray) -> np.ndarray:
    """float64 (n, H), each row of length 1; a zero row has no direction and stays zero."""
    wide = np.asarray(x, dtype=np.float64)
    length = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    return wide / np.where(length > 0, length, 1.0)


def anisotropy(x: np.ndarray) -> float | None:
    """Mean cosine over all pairs of different rows, exactly; None for fewer than two.

    1: all point the same way; 0: no direction is preferred. A zero row has cosine 0 with all
    others. (‖Σû‖² − Σ‖û‖²) / (n(n − 1)), see Ethayarajh (2019).
    """
    n = len(x)
    if n < 2:
        return None
    directions = unit(x)
    total = directions.sum(axis=0)
    own = int(directions.any(axis=1).sum())  # what each row has with itself
    return float(total @ total - own) / (n * (n - 1))


def top_share(x: np.ndarray) -> float | None:
    """The largest share that a single dimension has of the mean cosine, 1/H … 1.

    Near 1, one rogue dimension makes all cosines. The contribution to the expected cosine of
    Timkey & van Schijndel (2021), over all pairs at once: (Σûᵢ)² / ‖Σû‖². A row's pair with
    itself counts too, so that the dimensions' shares are never negative and add up to 1. None
    where the directions cancel exactly.
    """
    contributions = np.square(unit(x).sum(axis=0))
    total = float(contributions.sum())
    return float(contributions.max()) / total if total > 0 else None


def participation_ratio(x: np.ndarray) -> float | None:
    """(Σλ)² / Σλ² of the covariance's eigenvalues: dimensions that the variance fills, 1 … H.

    tr(G)² / ‖G‖² of the centred rows' Gram matrix, the smaller of n × n and H × H. Grows with n
    (about nH / (n + H) for isotropic rows): compare at equal n. None where constant.
    """
    if is_constant(x):
        return None
    centred = _centred(x)
    gram = centred @ centred.T if len(centred) < centred.shape[1] else centred.T @ centred
    return float(np.trace(gram) ** 2 / np.square(gram).sum())


def rankme(x: np.ndarray) -> float | None:
    """exp of the entropy of σ / Σσ, uncentred singular values: 1 … min(n, H) (Garrido et al. 2023).

    Grows with n: compare at equal n. None where all rows are zero.
    """
    sigma = np.linalg.svd(np.asarray(x, dtype=np.float64), compute_uv=False)
    total = float(sigma.sum())
    if total == 0:
        return None
    share = sigma[sigma > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def debiased_cka(x: np.ndarray, y: np.ndarray) -> float | None:
    """Linear CKA of (n, d) and (n, e) representations with the unbiased HSIC, −1 … 1.

    1 for clouds alike up to rotation and scale; about 0 on average for independent ones, and so at
    times slightly negative, where the biased figure would be about d / (n + d). None for fewer
    than four rows, and where either cloud is constant or all its rows are equally far apart.
    Kornblith et al. 2019; debiased as in Nguyen et al. 2021.
    """
    if len(x) < 4 or is_constant(x) or is_constant(y):
        return None
    one, two = _centred(x), _centred(y)
    own = _hsic(one, one) * _hsic(two, two)
    return _hsic(one, two) / float(np.sqrt(own)) if own > 0 else None


def shape(x: np.ndarray, layer: int, pooling: str, mean: np.ndarray | None = None) -> Shape:
    """All figures of the (n, H) vectors of one cell; blank (None) where they are constant.

    ``mean`` (n, H) are the vectors of the pooling ``mean`` at the same layer, for the CKA with it;
    it is not computed for ``mean`` itself. The costliest part is the singular values, O(n·H²).
    """
    wide = np.asarray(x, dtype=np.float64)
    variance = relative_variance(wide)
    blank = variance < CONSTANT
    return Shape(
        layer=layer,
        pooling=pooling,
        n=len(wide),
        relative_variance=variance,
        anisotropy=None if blank else anisotropy(wide),
        anisotropy_z=None if blank else anisotropy(z_scored(wide)),
        top_share=None if blank else top_share(wide),
        participation_ratio=None if blank else participation_ratio(wide),
        rankme=None if blank else rankme(wide),
        cka_mean=None if mean is None or pooling == "mean" else debiased_cka(wide, mean),
    )


def _centred(x: np.ndarray) -> np.ndarray:
    wide = np.asarray(x, dtype=np.float64)
    return wide - wide.mean(axis=0)


def _hsic(x: np.ndarray, y: np.ndarray) -> float:
    """n(n − 3) times the unbiased HSIC of centred rows under linear kernels (Song et al. 2012).

    With K̃ = XXᵀ less its diagonal, k = diag XXᵀ, and L̃ and l likewise for Y, it is tr(K̃L̃) +
    1ᵀK̃1·1ᵀL̃1 / ((n−1)(n−2)) − 2/(n−2)·1ᵀK̃L̃1. It does not see a shift; for centred rows K̃1 = −k,
    and what is left needs ‖XᵀY‖² and the rows' lengths only.
    """
    n = len(x)
    k, length = np.square(x).sum(axis=1), np.square(y).sum(axis=1)
    product = float(np.square(x.T @ y).sum())
    total = float(k.sum() * length.sum()) / ((n - 1) * (n - 2))
    value = product - n / (n - 2) * float(k @ length) + total
    return value if abs(value) > ROUNDING * product else 0.0
