"""A layer × pooling of an encoder as a scikit-learn transformer: texts in, vectors out."""

import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from probing import vector_cache
from probing.encoders import BUNDLED, Encoder, load_encoder
from probing.encoders.fingerprint import fingerprint
from probing.errors import DataError, SettingsError
from probing.extraction import extract
from probing.representations import POOLINGS

_LOADED = 2  # encoders that are kept in memory, the last used ones
_WINDOW = 2**28  # bytes of vectors of all layers at a time
_LOCK = threading.RLock()  # tokenizers are not for several threads at once


class SentenceEncoder(TransformerMixin, BaseEstimator):
    """Texts to the vectors of one layer and pooling, float32 (n, hidden).

    The layer that a run found best goes straight into a model::

        model = make_pipeline(SentenceEncoder(layer=4, pooling="mean"), LogisticRegression())
        GridSearchCV(model, {"sentenceencoder__layer": range(7)}).fit(texts, labels)

    Nothing is learnt: ``fit`` only checks, and ``transform`` works without it. One pass gives all
    layers of a text as well as its CLS and mean, and they are kept on disk as those of runs are
    (``PROBING_CACHE_GB``), so a search over ``layer`` and ``pooling`` encodes each text once. The
    model is shared by all instances of a process and never pickled: where one is loaded again, it
    is found by ``encoder`` and ``revision``.

    Parameters
    ----------
    encoder : str, default "bundled"
        ``bundled``, a hub id, or a local folder written as a path.
    revision : str, optional
        Branch, tag or commit of a hub id.
    layer : int, default -1
        0 (embedding output) to L; -1 is the last layer, -2 the one below.
    pooling : str, default "cls"
        ``cls``, ``pooled``, ``mean`` or ``mean_words``.
    device : str, default "auto"
        ``cpu``, ``cuda``, … or ``auto``.

    Attributes
    ----------
    layer_ : int
        The layer after fitting, counted from 0.
    n_features_out_ : int
        Numbers in a vector.
    """

    def __init__(
        self,
        encoder: str = "bundled",
        *,
        revision: str | None = None,
        layer: int = -1,
        pooling: str = "cls",
        device: str = "auto",
    ) -> None:
        self.encoder = encoder
        self.revision = revision
        self.layer = layer
        self.pooling = pooling
        self.device = device

    def fit(self, X: Any, y: Any = None) -> "SentenceEncoder":
        """Check texts and parameters, and load the encoder. ``y`` is not looked at.

        Raises DataError for what is not a sequence of texts, SettingsError for a layer or pooling
        that there is not, EncoderError for an encoder that cannot be had.
        """
        _texts(X)
        with _LOCK:
            loaded = self._loaded()
            self.layer_ = self._place(loaded)
        self.n_features_out_ = loaded.info.hidden
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Float32 (n, hidden) of n texts: a list, a 1-D array or Series, or a single column."""
        texts = _texts(X)
        with _LOCK:
            encoder, cache = self._loaded(), vector_cache.of_installation()
            layer, key = self._place(encoder), _key(encoder) if cache else None
            found = np.empty((len(texts), encoder.info.hidden), dtype=np.float32)
            asked = [p for p in POOLINGS if p in ("cls", "mean", self.pooling)]
            width = 4 * (encoder.info.layers + 1) * encoder.info.hidden * (len(asked) + 1)
            window = max(64, _WINDOW // width)
            for start in range(0, len(texts), window):
                part = slice(start, start + window)
                vectors = extract(texts[part], encoder, asked, cache=cache, key=key)
                found[part] = vectors.cell(layer, self.pooling)
        return found

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, ``cls4_0`` … for CLS at layer 4. ``input_features`` is not used."""
        with _LOCK:
            encoder = self._loaded()
            layer = self._place(encoder)
        stem = f"{self.pooling}{layer}_"
        return np.array([f"{stem}{i}" for i in range(encoder.info.hidden)], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True  # nothing is learnt

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []  # always float32
        return tags

    def _loaded(self) -> Encoder:
        name = BUNDLED if self.encoder == "bundled" else self.encoder
        return _load(name, self.revision, self.device)

    def _place(self, encoder: Encoder) -> int:
        """The layer from 0; refuses what the encoder does not have."""
        from probing.exports.cells import place_of

        if self.pooling not in POOLINGS:
            raise SettingsError(
                "there is no pooling {pooling!r}; choose one of {poolings}.",
                pooling=self.pooling,
                poolings=", ".join(POOLINGS),
            )
        if self.pooling == "pooled" and not encoder.info.pooler.present:
            raise SettingsError(
                "{id} has no pooler ({evidence!s}); choose the pooling cls or mean.",
                id=encoder.info.id,
                evidence=encoder.info.pooler.evidence,
            )
        return place_of(int(self.layer), encoder.info.layers)


@lru_cache(maxsize=_LOADED)
def _load(name: str, revision: str | None, device: str) -> Encoder:
    return load_encoder(name, revision=revision, device=device)


@lru_cache(maxsize=_LOADED)
def _key(encoder: Encoder) -> str:
    return fingerprint(encoder)  # a second per gigabyte: not at each transform of a search


def _texts(X: Any) -> list[str]:
    """The n texts in ``X``. Raises DataError for a single string and for what is not text."""
    if isinstance(X, str | bytes) or not isinstance(X, Iterable):
        raise DataError("X is one {name}; give a list of sentences.", name=type(X).__name__)
    values = X.to_numpy() if hasattr(X, "to_numpy") else X
    if isinstance(values, np.ndarray):
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise DataError(
                "X has the shape {shape}; give one column of sentences (in a ColumnTransformer: "
                "the column's name, without brackets).",
                shape=values.shape,
            )
        values = values.tolist()
    texts = list(values)
    if not texts:
        raise DataError("X is empty; give at least one sentence.")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                "X[{place}] is a {name}; every entry must be a text.",
                place=place,
                name=type(text).__name__,
            )
    return texts
