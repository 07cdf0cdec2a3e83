"""Is a planted difference found as often as the formula says?

``python -m tests.benchmarks.power [--runs 200] [--sentences 100 200 500 1000 2000]``

Vectors of two Gaussian classes are written down so that the best possible probe on CLS at layer 1
gets 85 % and on the mean 80 %, with errors that mostly fall on the same sentences (noise of
correlation 0.8). So the difference and the share of discordant sentences are known, and with them
the power of McNemar's test. Layer 0 carries less. Every run probes all cells by cross-validation
and compares them like a real one; a probe fitted on few sentences is a little worse than the best.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, multivariate_normal, norm

from probing import comparison, statistics
from probing.board import Board
from probing.contrasts import survives
from probing.evidence import Contrast
from probing.probes import nested
from probing.probes.folds import cross_validation
from probing.probes.result import Baseline, ProbeResult
from probing.probes.scoring import majority

ACCURACY = {"cls_0": 0.75, "mean_0": 0.74, "cls_1": 0.85, "mean_1": 0.80}
CORRELATION = 0.8
WIDTH = 4  # dimensions, of which one carries the label


@dataclass(frozen=True)
class Planted:
    """What is true of CLS and the mean at layer 1."""

    difference: float
    discordant: float

    @staticmethod
    def of_vectors() -> "Planted":
        """Of the best possible probes on the vectors."""
        a, b = ACCURACY["cls_1"], ACCURACY["mean_1"]
        covariance = [[1, CORRELATION], [CORRELATION, 1]]
        both = multivariate_normal([0, 0], covariance).cdf(norm.ppf([a, b]))
        return Planted(a - b, float(a + b - 2 * both))

    def power(self, n: int, alpha: float = 0.05) -> float:
        """Of McNemar's test by the formula behind ``statistics.detectable_difference``."""
        spread = np.sqrt(self.discordant - self.difference**2)
        limit = norm.ppf(1 - alpha / 2) * np.sqrt(self.discordant)
        return float(norm.cdf((np.sqrt(n) * self.difference - limit) / spread))

    def exact_power(self, n: int, alpha: float = 0.05) -> float:
        """The same by counting all tables: a little less, since p comes in steps."""
        found, share = 0.0, (1 + self.difference / self.discordant) / 2
        for discordant in range(1, n + 1):
            weight = binom.pmf(discordant, n, self.discordant)
            if weight < 1e-12:
                continue
            # the most texts on the rarer side with which p is still at most alpha
            most = np.flatnonzero(2 * binom.cdf(np.arange(discordant // 2 + 1), discordant, 0.5)
                                  <= alpha)  # fmt: skip
            if len(most):
                k = most[-1]
                found += weight * (
                    binom.cdf(k, discordant, share)
                    + binom.sf(discordant - k - 1, discordant, share)
                )
        return float(found)


def vectors(y: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """float32 (n, ``WIDTH``) of each cell."""
    shared, found = rng.normal(size=(len(y), WIDTH)), {}
    for name, accuracy in ACCURACY.items():
        own = rng.normal(size=(len(y), WIDTH))
        x = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own
        x[:, 0] += (2 * y - 1) * norm.ppf(accuracy)
        found[name] = x.astype(np.float32)
    return found


def simulate(n: int, seed: int) -> tuple[Contrast, int]:
    """The contrast of CLS and the mean at layer 1 in one run, and how many there are."""
    rng = np.random.default_rng([n, seed])
    y, groups = rng.integers(0, 2, n), np.arange(n)
    plan = cross_validation(y, groups, 5, seed)
    cells = []
    for name, x in vectors(y, rng).items():
        pooling, _, layer = name.partition("_")
        cells.append(nested.probe(x, y, 2, plan, layer=int(layer), pooling=pooling))
    board = Board.of("accuracy", cells[0].scored, y, groups, seed, len(plan.folds))
    rival = majority(Baseline, y, plan, name="majority")
    return _planted(board, cells, rival, seed)


def _planted(
    board: Board, cells: list[ProbeResult], rival: Baseline, seed: int
) -> tuple[Contrast, int]:
    contrasts = comparison.compare(board, cells, [rival], None, seed)
    return next(c for c in contrasts if (c.a, c.b) == ("cls_1", "mean_1")), len(contrasts)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--sentences", type=int, nargs="+", default=[100, 200, 500, 1000, 2000])
    asked = parser.parse_args()
    true = Planted.of_vectors()
    print(f"best possible: difference {true.difference:.3f}, discordant {true.discordant:.3f}")
    print(f"{asked.runs} runs each; a share of .5 is known to ±{0.98 / asked.runs**0.5:.3f}")
    titles = ("n", "difference", "discordant", "McNemar", "as planted", "as found", "max-T",
              "Bonferroni", "detectable")  # fmt: skip
    print("".join(f"{title:>12}" for title in titles))
    for n in asked.sentences:
        found = [simulate(n, seed) for seed in range(asked.runs)]
        contrasts, count = [c for c, _ in found], found[0][1]
        seen = Planted(
            float(np.mean([c.difference.value for c in contrasts])),
            float(np.mean([(c.only_a + c.only_b) / n for c in contrasts])),
        )
        figures = (
            seen.difference,
            seen.discordant,
            np.mean([c.p_mcnemar is not None and c.p_mcnemar <= 0.05 for c in contrasts]),
            true.exact_power(n),
            seen.exact_power(n),
            np.mean([survives(c) for c in contrasts]),
            seen.power(n, 0.05 / count),
            statistics.detectable_difference(n, true.discordant),
        )
        print(f"{n:12,}" + "".join(f"{figure:12.3f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
