"""What was measured inside an encoder: frozen values that need neither torch nor the encoder.

Layers are numbered as hidden states are: layer ``l`` is the output of the ``l``-th transformer
layer, 1 … L, and layer 0 the embedding output. Nothing here is NaN: a figure that does not exist
is None.
"""

from dataclasses import dataclass
from typing import Literal

from probing.evidence import Estimate

HeadName = Literal["pooled", "cls", "mean"]
"""What a classification head reads."""
Group = Literal["self", "separator", "punctuation", "word"]
GROUPS: tuple[Group, ...] = ("self", "separator", "punctuation", "word")
"""What a token is to [CLS]: itself, another special token, punctuation, or a word piece."""


@dataclass(frozen=True)
class Missing:
    """A panel that cannot be had for this encoder or these labels."""

    reason: str
    """Why, in a sentence for the person."""


# ---- many sentences


@dataclass(frozen=True)
class Sample:
    """Which sentences the figures rest on."""

    rows: tuple[int, ...]
    """Their places among the run's sentences, in ascending order."""
    of: int
    """Sentences of the run."""


@dataclass(frozen=True)
class Rung:
    """[CLS] kept from reading any other token in some layers."""

    kind: Literal["single", "from", "up to"]
    """In one layer, in layers ≥ ``layer``, or in layers ≤ ``layer``."""
    layer: int
    score: Estimate | None
    """Of the fixed probe on the last layer's [CLS]; None without classes."""
    moved: float
    """E‖Δh‖² / tr Cov(h) of the last layer's [CLS]."""


@dataclass(frozen=True)
class Knockout:
    """The knockout ladder (science §8): read out by the probe fitted on intact vectors."""

    intact: Estimate | None
    """The fixed probe's score on intact vectors, held-out sentences."""
    majority: float | None
    """Share of the most frequent class among the same sentences."""
    rungs: tuple[Rung, ...]
    """3 L of them, by kind, then by layer."""
    blocked_variance: float
    """Relative variance of the last layer's [CLS] with all layers blocked: constant again."""
    sentences: int


@dataclass(frozen=True)
class LedgerLayer:
    """What [CLS] receives in one layer, before the first LayerNorm, means over sentences.

    ``parts`` and ``attention`` are by group of token, in the order of ``GROUPS``.
    """

    layer: int
    residual: float
    """Norm share of [CLS]'s own state, passed by: ‖h_0‖ / (‖h_0‖ + ‖b_O‖ + Σ_g ‖Σ_{t∈g} …‖)."""
    bias: float
    """Norm share of the output bias."""
    parts: tuple[float, ...]
    """Norm shares of what attention brings from each group; with ``residual`` and ``bias`` 1."""
    attention: tuple[float, ...]
    """Raw attention weight from [CLS] to each group, mean over heads; 1 in all."""
    attention_received: tuple[float | None, ...]
    """The other direction: mean weight that a token of each group gives to [CLS]; None for a group
    that no sentence has."""
    entropy: float | None
    """Entropy of [CLS]'s attention over ln T, mean over heads, 0 … 1."""
    mixing: float
    """Norm-based mixing ratio with residual and LayerNorm (Kobayashi et al. 2021), 0 … 1."""
    rollout: tuple[float, ...]
    """Attention rollout (Abnar & Zuidema 2020) from layer 0 up to here, by group; not causal."""


@dataclass(frozen=True)
class Ledger:
    """The exact ledger over many sentences."""

    layers: tuple[LedgerLayer, ...]
    error: float
    """Largest |Σ of the parts − what the model itself adds up|: how exact it is."""
    sentences: int


@dataclass(frozen=True)
class GradientShare:
    """How much of ∂L/∂h_l falls on [CLS], under one head."""

    head: HeadName
    fitted: bool
    """The head is fitted to the labels; else randomly initialised."""
    shares: tuple[float, ...]
    """(L + 1,) E[‖∂L/∂h_{l,CLS}‖ / Σ_t ‖∂L/∂h_{l,t}‖], L2 norms, by layer from 0."""


@dataclass(frozen=True)
class Row:
    """A row of the word embedding table, as the loss sees it."""

    token: str
    share: float
    """Of Σ ‖∂L/∂E‖² over all seen rows."""
    count: int
    """How often the token occurs in the sentences."""


@dataclass(frozen=True)
class RowLedger:
    """∂L/∂E, row by row, under one head."""

    head: HeadName
    fitted: bool
    cls: Row
    rank: int
    """Of the [CLS] row among the seen rows by ‖∂L/∂E‖, 1 = largest."""
    seen: int
    """Rows that occur in the sentences."""
    largest: tuple[Row, ...]
    """The rows of largest share, at most ten, largest first."""


@dataclass(frozen=True)
class Gradients:
    """What the classification error trains (science §9). Dropout off, cross-entropy loss."""

    uniform: tuple[float, ...]
    """(L + 1,) E[1/T], the share that each token would have if all were alike."""
    shares: tuple[GradientShare, ...]
    rows: tuple[RowLedger, ...]
    elsewhere: float | None
    """Largest ‖∂L/∂h_{L,t}‖ at t ≠ [CLS] under heads that read [CLS]; exactly 0."""
    identity: float | None
    """Largest |∂L/∂E[CLS] − ∂L/∂P[0]| over the largest |∂L/∂E[CLS]|: one parameter, not two. None
    where the encoder has no table of positions."""
    sentences: int


@dataclass(frozen=True)
class Inside:
    """What was measured so far of a run's encoder; a part is None until it is ready."""

    sample: Sample
    ledger: Ledger | Missing | None = None
    knockout: Knockout | Missing | None = None
    gradients: Gradients | Missing | None = None

    @property
    def complete(self) -> bool:
        """Whether every part is there, or known not to be had."""
        return None not in (self.ledger, self.knockout, self.gradients)


# ---- one sentence


@dataclass(frozen=True)
class Token:
    """A token as the encoder reads it."""

    text: str
    id: int
    special: bool
    group: Group


@dataclass(frozen=True)
class Step:
    """A tensor on the way from the text to the logits."""

    name: str
    """As in the code: ``hidden_states[6][:, 0]``."""
    shape: tuple[int, ...]
    note: str
    """What it is, in words."""


@dataclass(frozen=True)
class Proof:
    """That ``[:, 0]`` is the first token, shown on one sentence."""

    specials: tuple[tuple[str, str, int], ...]
    """All special tokens: name in the tokenizer, token, id."""
    cls_position: int
    embedding: tuple[float, ...]
    """The first numbers of the word embedding row of the token in [CLS]'s place."""
    embedding_size: tuple[int, int]
    """Rows and columns of that table."""
    steps: tuple[Step, ...]
    first_token: tuple[float, ...]
    """The first numbers of ``hidden_states[-1][0, 0]``: one token, H features."""
    first_feature: tuple[float, ...]
    """Of ``hidden_states[-1][0, :, 0]``: one feature of every token, the wrong reading."""
    pooler_difference: float | None
    """Largest |pooler by hand − pooler_output|; None without a pooler."""
    pooler_note: str
    """What the pooler is, and whether it was ever trained."""
    head: str
    """What the family's own …ForSequenceClassification does, in words."""
    head_steps: tuple[str, ...]
    """The modules and activations from what it reads to the logits."""
    head_difference: float | None
    """Largest |logits by those steps − logits of the model class|, both with the same randomly
    initialised head; None where the family is not in the table."""
    code: str
    """Python that reproduces all this with transformers alone."""


@dataclass(frozen=True)
class SentenceLayer:
    """What each of T tokens brings to [CLS] in one layer."""

    layer: int
    residual: float
    """Norm share of [CLS]'s own state."""
    bias: float
    parts: tuple[float, ...]
    """(T,) ‖Σ_heads α_0t W_O v_t‖ over the sum of all, the residual and the bias."""
    attention: tuple[float, ...]
    """(T,) attention of [CLS] to each token, mean over heads."""
    received: tuple[float, ...]
    """(T,) attention of each token to [CLS], mean over heads."""
    heads: tuple[tuple[float, ...], ...]
    """(heads, T) attention of [CLS], head by head."""


@dataclass(frozen=True)
class Average:
    """What the mean is made of at one layer: w·mean(h) + b = Σ_t w·h_t / T + b."""

    layer: int
    contributions: tuple[tuple[float, ...], ...]
    """(classes, T) of each token to each class's logit (two classes: one row, towards the second),
    less the intercept."""
    intercepts: tuple[float, ...]
    """(classes,) or (1,)"""

    def towards(self, chosen: int) -> tuple[tuple[float, ...], float]:
        """(T,) contributions to the logit of class ``chosen``, and its intercept."""
        if len(self.contributions) > 1:
            return self.contributions[chosen], self.intercepts[chosen]
        sign = 1.0 if chosen == 1 else -1.0
        return tuple(sign * v for v in self.contributions[0]), sign * self.intercepts[0]


@dataclass(frozen=True)
class Reading:
    """One cell's probe on the sentence."""

    layer: int
    pooling: str
    probabilities: tuple[float, ...]
    """(classes,)"""
    occlusion: tuple[float | None, ...]
    """(T,) probability of the class that the whole sentence gets, less the same without the word
    that the token is of: the pieces of a word are left out together and have the same value (each
    token alone where the tokenizer knows no words). Of long sentences, about 90 words and more,
    neighbouring words are left out together. None for special tokens and where nothing would be
    left."""
    gradient: tuple[float, ...] | None
    """(T,) gradient × input: Σ_i h_ti ∂(logit of that class)/∂h_ti at the embedding output h (layer
    0); of two classes, the logit towards that class. None where gradients cannot be had."""


@dataclass(frozen=True)
class Place:
    """A new sentence on a map that exists."""

    name: str
    """``Projection.name``"""
    point: tuple[float, ...]
    """(2,) or (3,)"""


@dataclass(frozen=True)
class Look:
    """One sentence through the encoder, read by probes fitted on a run's sentences."""

    text: str
    tokens: tuple[Token, ...]
    cut: int
    """Tokens lost because the sentence is longer than the encoder reads."""
    classes: tuple[str, ...]
    """Empty without classes."""
    proof: Proof
    ledger: tuple[SentenceLayer, ...] | Missing
    """By layer, 1 … L."""
    averages: tuple[Average, ...] | Missing
    """By layer, 0 … L."""
    readings: tuple[Reading, ...] | Missing
    """By pooling, then by layer; a constant cell has none."""
    places: tuple[Place, ...] = ()
    """Where it lies on the run's maps."""

    @property
    def points(self) -> dict[str, tuple[float, ...]]:
        """Where it lies, by the map's name."""
        return {place.name: place.point for place in self.places}
