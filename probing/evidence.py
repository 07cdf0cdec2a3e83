"""Evidence: what stands beside a run's scores, so that they can be believed or not.

Values only. Everything here goes into ``run.json`` under ``evidence`` and comes back the same. All
figures of classes are on held-out sentences unless a field says otherwise; "score" is accuracy,
balanced accuracy or R² (``Evidence.metric``).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Metric = Literal["accuracy", "balanced_accuracy", "r2"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of sentences behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Shape:
    """The shape of one cell's cloud of vectors; no labels play a part. Blank (None) where constant.

    Participation ratio and RankMe grow with ``n``: compare at equal n only.
    """

    layer: int
    pooling: str
    n: int
    """Sentences measured."""
    relative_variance: float
    """tr Cov(x) / E‖x‖², 0 … 1."""
    anisotropy: float | None
    """Mean cosine over all pairs of different sentences."""
    anisotropy_z: float | None
    """The same after z-scoring each dimension."""
    top_share: float | None
    """Largest share of the mean cosine that one dimension makes (Timkey & van Schijndel 2021)."""
    participation_ratio: float | None
    """(Σλ)² / Σλ² of the covariance's eigenvalues: dimensions that the variance fills."""
    rankme: float | None
    """exp of the entropy of the uncentred singular values' shares (Garrido et al. 2023)."""
    cka_mean: float | None
    """Debiased linear CKA with the mean at the same layer, may be a little below 0; None for the
    mean itself."""


@dataclass(frozen=True)
class Check:
    """One cell's controls."""

    layer: int
    pooling: str
    noisy: Estimate | None
    """Score of the same probe when noise of 1 % of the vectors' root mean square is added."""
    control: Estimate | None
    """Accuracy on the type control: a random label per type (Hewitt & Liang 2019)."""
    selectivity: Estimate | None
    """Accuracy − control accuracy."""
    memorised: float | None
    """Accuracy for permuted labels on the very rows it was fitted on: learnt by heart."""
    cosine: Estimate | None
    """Accuracy of the nearest neighbour under cosine among the training sentences."""
    cosine_z: Estimate | None
    """The same on z-scored vectors."""


@dataclass(frozen=True)
class Conditional:
    """What CLS and the mean know beyond each other at one layer, in bits (Hewitt et al. 2021)."""

    layer: int
    cls_adds: Estimate
    """Log-loss of [mean; 0] − log-loss of [mean; CLS]."""
    mean_adds: Estimate
    """Log-loss of [CLS; 0] − log-loss of [mean; CLS]."""


@dataclass(frozen=True)
class Contrast:
    """Two ways of scoring the same sentences, compared sentence by sentence."""

    a: str
    """A cell (``cls_6``) or a baseline (``tfidf``)."""
    b: str
    difference: Estimate
    """Score of a − score of b; the interval is the paired bootstrap's."""
    only_a: int
    """Sentences (distinct texts) that only a gets right."""
    only_b: int
    p_mcnemar: float | None
    """Exact McNemar test of this pair alone; None below 100 sentences, and for numbers."""
    p_max_t: float | None
    """Sign-flip max-T over all contrasts of the run; None below 100 sentences."""


@dataclass(frozen=True)
class Best:
    """The best cell, chosen on inner folds only and scored on outer folds."""

    layer: int
    """Chosen by most outer folds."""
    pooling: str
    score: Estimate
    """Of the cells that the folds chose, on their test sentences."""
    accuracy: Estimate | None
    """The same as accuracy, whatever leads; None for numbers."""
    choices: Mapping[str, int]
    """Cell → outer folds that chose it."""
    maximum: float
    """The highest score of all cells: flattered, because it was picked after scoring."""


@dataclass(frozen=True)
class Detectable:
    """What this sample can tell."""

    n: int
    """Scored distinct sentences."""
    discordant: float
    """Share of sentences that one of two methods gets right and the other wrong; the median of
    the run's comparisons of poolings, 0.1 where there are none."""
    difference: float
    """Smallest difference in accuracy that a test of two methods alone finds with 80 % power at
    α = 5 % (McNemar's formula for ``n / inflation`` sentences)."""
    inflation: float = 1.0
    """How many times cross-validation inflates the variance of a score: the median cell's."""


@dataclass(frozen=True)
class Twin:
    """One cell of the encoder's architecture with random weights."""

    layer: int
    pooling: str
    accuracies: tuple[float, ...]
    """Score for each seed."""
    n: int


@dataclass(frozen=True)
class Permutation:
    """Whether a cell knows anything of the labels: the labels permuted, the probe fitted again."""

    layer: int
    pooling: str
    n: int
    permutations: int
    C: float
    """Fixed beforehand, the same for real and permuted labels."""
    accuracy: float
    permuted_accuracy: float
    """Mean over the permutations."""
    p: float
    """(1 + permutations that score as high or higher) / (1 + permutations)."""


@dataclass(frozen=True)
class Code:
    """Minimum description length of the labels given one cell: the online code, in bits.

    Voita & Titov 2020. Means over ``shuffles`` orders of the sentences.
    """

    layer: int
    pooling: str
    n: int
    classes: int
    shuffles: int
    bits: float
    """Length of the code, log2 of the number of strengths C tried included."""
    bits_sd: float
    """Standard deviation over the shuffles."""
    uniform_bits: float
    """n · log2 K."""
    prior_bits: float
    """n · H(label)."""
    compression: float
    """uniform_bits / bits."""
    permuted_bits: float
    """Length of the code for permuted labels: the memorisation control."""
    seen: tuple[int, ...]
    """Labels seen before each block but the first: where the learning curve is read."""
    accuracy: tuple[float, ...]
    """Accuracy on the next block."""
    block_bits: tuple[float, ...]
    """Bits a label on the next block."""


@dataclass(frozen=True)
class Evidence:
    """All of it. What a run did not compute is empty."""

    metric: Metric = "accuracy"
    """What leads: balanced accuracy where the majority class has more than 60 %."""
    recurring: float | None = None
    """Share of the scored sentences whose type (of the type control) occurs in training. Where it
    is near 0, nothing can be learnt of the control task and selectivity says nothing."""
    shapes: tuple[Shape, ...] = ()
    checks: tuple[Check, ...] = ()
    conditionals: tuple[Conditional, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    best: Best | None = None
    detectable: Detectable | None = None
    twins: tuple[Twin, ...] = ()
    permutations: tuple[Permutation, ...] = ()
    codes: tuple[Code, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Evidence":
        """What ``to_json`` gave."""
        import cattrs

        return cattrs.structure(value, Evidence)
