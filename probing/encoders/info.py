"""Values that describe an encoder. They need no torch, so that the dashboard can read them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from probing.language import say

ClsPlace = Literal["first", "last"]
PLACES: Mapping[str, str] = {"first": say("first"), "last": say("last")}
"""Their names in messages."""


@dataclass(frozen=True)
class Pooler:
    """Whether an encoder has a pooler, and whether training ever shaped it."""

    present: bool
    """The checkpoint holds the weights of a pooler that the encoder applies."""
    trained: bool
    """Those weights are not what random initialisation leaves; False where none is present."""
    evidence: str
    """What the two statements above rest on, in words and figures."""


@dataclass(frozen=True)
class EncoderInfo:
    """What a run records about its encoder: a pure value, the ``encoder`` part of run.json."""

    id: str
    """Hub id, the bundled encoder's id, or the last part of a local folder's name."""
    source: Literal["bundled", "hub", "folder"]
    """Where the weights came from."""
    revision: str
    """Commit on the hub, or ``sha256:`` and hex digits of the weights' digest (64 for the bundled
    encoder, the first 16 for a folder)."""
    family: str
    """transformers' model_type, e.g. ``"bert"``."""
    family_title: str
    """The family's name for people, e.g. ``"BERT"``."""
    assumed: bool
    """True where the family is not in the table, so that its row is a guess."""
    layers: int
    """L, transformer layers; there are L + 1 hidden states."""
    hidden: int
    """H, numbers in a hidden state."""
    parameters: int
    """Weights of the encoder without any head."""
    max_tokens: int
    """Longest input in tokens, special tokens included."""
    cls_position: ClsPlace
    """Whether [CLS] is the first or the last real (not padding) token."""
    cls_token: str | None
    """The token that stands there, e.g. ``"[CLS]"`` or ``"<s>"``; None: whatever token it is."""
    cls_id: int | None
    """Its id, None where ``cls_token`` is."""
    pooler: Pooler
    """Presence and provenance of the pooler."""
    head: str
    """What the family's …ForSequenceClassification classifies on, in words."""
    head_reads: str
    """The same for machines: one of ``families.READS``."""
    sentence_pooling: str | None
    """The pooling that sentence-transformers trained it with (``"mean"``, ``"cls"``, …), if any: a
    vector that was not trained to be read is easily called bad."""
    padding_inert: bool
    """False where padding changes the other tokens: batch equal lengths only."""
    notices: tuple[str, ...] = ()
    """What the person should know about this encoder, a sentence each."""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of what JSON can hold; ``from_json`` undoes it."""
        return {**asdict(self), "notices": list(self.notices)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EncoderInfo":
        """The value whose ``to_json`` gave ``values``."""
        fields = {**values, "pooler": Pooler(**values["pooler"])}
        return cls(**{**fields, "notices": tuple(values["notices"])})
