"""Well-known encoders: how large they are, and what their ``[CLS]`` and pooler were trained for.

Layers, widths and parameters are those that transformers builds from each checkpoint's config
(``tests/encoders/test_known.py`` builds them again). What was trained for what is from the papers
and model cards: BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019), XLM-R (Conneau et al. 2020),
DistilBERT (Sanh et al. 2019), ALBERT (Lan et al. 2020), ELECTRA (Clark et al. 2020), MPNet (Song et
al. 2020), DeBERTa-v3 (He et al. 2023), ModernBERT (Warner et al. 2024), SimCSE (Gao et al. 2021),
bge (Xiao et al. 2023), sentence-transformers (Reimers & Gurevych 2019). RoBERTa's pooler is missing
in its checkpoint: transformers warns that it is newly initialised. What a checkpoint really holds
is looked at when it is loaded (``provenance.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from probing.language import later

from .bundled import BUNDLED

PoolerState = Literal["trained", "untrained", "unused", "none"]

POOLERS: Mapping[PoolerState, str] = MappingProxyType(
    {
        "trained": later("pooler trained"),
        "untrained": later("pooler never trained"),
        "unused": later("pooler not part of its training"),
        "none": later("no pooler"),
    }
)
"""What is said of a pooler."""

_NEXT = later("`[CLS]` was trained through the pooler to predict whether a sentence comes next.")
_WORDS = later(
    "The first token was trained for no task on the sentence, only along with the masked words."
)
_ORDER = later("`[CLS]` was trained through the pooler to tell the order of two sentences.")
_REPLACED = later(
    "`[CLS]` was trained for no task on the sentence: each token tells whether it was replaced."
)
_IMITATES = later("Imitates a larger model, with masked words only: no task on the sentence.")
_MEAN = later(
    "Trained with the mean as the sentence vector: what `[CLS]` holds was never trained for."
)
_CLS = later("`[CLS]` itself was trained as the sentence vector, on pairs of texts.")
_CLS_POOLED = later("`[CLS]` was trained through the pooler as the sentence vector, on NLI pairs.")


@dataclass(frozen=True)
class Known:
    """One checkpoint."""

    id: str
    """Hub id, or ``bundled``."""
    title: str
    """Name for people."""
    family: str
    """transformers' model_type."""
    about: str
    """Languages, and whether capitals count; to be shown through ``tr``."""
    layers: int
    hidden: int
    """Numbers of a hidden state."""
    parameters: int
    """Weights of the encoder without any head."""
    pooler: PoolerState
    """Whether training ever shaped the pooler in this checkpoint."""
    cls: str
    """What ``[CLS]`` was trained for; to be shown through ``tr``."""
    products: int
    """Multiply-adds of all layers' linear maps for a token; attention's own are few beside them."""
    safetensors: bool | None = None
    """Whether the hub has the weights as safetensors; None: not known here, the hub is asked."""

    @property
    def megabytes(self) -> float:
        """About what is downloaded: 10^6 bytes, four for each parameter."""
        return 4 * self.parameters / 1e6


_ENGLISH = later("English, without capitals")
_CASED = later("English, with capitals")
_MANY = later("about 100 languages")
_CHINESE = later("Chinese")
_FIFTY = later("about 50 languages")

_BASE = 84_934_656  # multiply-adds of 12 layers of 768 numbers
_SMALL = 21_233_664  # of 12 layers of 384

_ROWS = (
    Known("bundled", BUNDLED, "bert", _ENGLISH, 6, 384, 22_713_216, "untrained",
          _MEAN, _SMALL // 2, True),
    Known("google-bert/bert-base-uncased", "BERT base", "bert", _ENGLISH, 12, 768, 109_482_240,
          "trained", _NEXT, _BASE, True),
    Known("FacebookAI/roberta-base", "RoBERTa base", "roberta", _CASED, 12, 768, 124_645_632,
          "untrained", _WORDS, _BASE, True),
    Known("distilbert/distilbert-base-uncased", "DistilBERT base", "distilbert", _ENGLISH, 6, 768,
          66_362_880, "none", _IMITATES, _BASE // 2, True),
    Known("answerdotai/ModernBERT-base", "ModernBERT base", "modernbert", _CASED, 22, 768,
          149_014_272, "none", _WORDS, 110_297_088, True),
    Known("google/electra-small-discriminator", "ELECTRA small", "electra", _ENGLISH, 12, 256,
          13_483_008, "none", _REPLACED, 9_469_952),
    Known("albert/albert-base-v2", "ALBERT base v2", "albert", _ENGLISH, 12, 768, 11_683_584,
          "trained", _ORDER, 85_032_960, True),
    Known("microsoft/mpnet-base", "MPNet base", "mpnet", _ENGLISH, 12, 768, 109_486_464,
          "untrained", _WORDS, _BASE),
    # the hub has its weights as a pickle only: keras-team/keras-hub, issue 2125
    Known("microsoft/deberta-v3-base", "DeBERTa-v3 base", "deberta-v2", _CASED, 12, 768,
          183_831_552, "none", _REPLACED, _BASE, False),
    Known("BAAI/bge-small-en-v1.5", "bge small", "bert", _ENGLISH, 12, 384, 33_360_000, "unused",
          _CLS, _SMALL, True),
    Known("princeton-nlp/sup-simcse-bert-base-uncased", "SimCSE, supervised", "bert", _ENGLISH, 12,
          768, 109_482_240, "trained", _CLS_POOLED, _BASE),
    Known("sentence-transformers/all-mpnet-base-v2", "all-mpnet-base-v2", "mpnet", _ENGLISH, 12,
          768, 109_486_464, "unused", _MEAN, _BASE, True),
    Known("google-bert/bert-base-multilingual-cased", "BERT multilingual", "bert", _MANY, 12, 768,
          177_853_440, "trained", _NEXT, _BASE, True),
    Known("google-bert/bert-base-chinese", "BERT Chinese", "bert", _CHINESE, 12, 768, 102_267_648,
          "trained", _NEXT, _BASE, True),
    Known("FacebookAI/xlm-roberta-base", "XLM-RoBERTa base", "xlm-roberta", _MANY, 12, 768,
          278_043_648, "untrained", _WORDS, _BASE, True),
    Known("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "Multilingual MiniLM",
          "bert", _FIFTY, 12, 384, 117_653_760, "unused", _MEAN, _SMALL, True),
)  # fmt: skip

KNOWN: Mapping[str, Known] = MappingProxyType({row.id: row for row in _ROWS})
"""By id, in the order in which they are offered."""


def products_of(name: str, layers: int, hidden: int) -> int:
    """Multiply-adds of an encoder for a token: of a known one as listed, else of a usual one.

    A usual layer has four maps of hidden² and two of 4 · hidden².
    """
    known = KNOWN.get("bundled" if name == BUNDLED else name)
    return known.products if known else 12 * layers * hidden**2
