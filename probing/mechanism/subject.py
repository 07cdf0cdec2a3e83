"""A finished run with its encoder and its vectors at hand: what there is to look inside of."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from probing import extraction, vector_cache
from probing.encoders import Encoder, load_encoder
from probing.errors import EncoderError
from probing.mechanism.readers import FoldReaders, Reader, Readers, fit_folds, fit_reader
from probing.preparation import Task, prepare
from probing.progress import Report, silent
from probing.projections import Projection
from probing.record import Run
from probing.representations import Representations
from probing.settings import Settings

MOST = 4_000
"""Sentences that a reader is fitted on: more change its words' weights little and cost minutes."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A run, the encoder that made it, and the vectors of its sentences."""

    run: Run
    encoder: Encoder
    task: Task
    """Its sentences, class numbers and folds, as the run had them."""
    representations: Representations

    @property
    def texts(self) -> tuple[str, ...]:
        """The n sentences."""
        return self.run.sentences.texts

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty where labels are numbers or missing."""
        return self.run.sentences.classes if self.run.kind == "classes" else ()

    @cached_property
    def scored(self) -> np.ndarray:
        """Places of the sentences that some fold scores, one of each text."""
        rows = np.arange(len(self.texts))
        if self.task.plan is not None:
            rows = np.unique(np.concatenate([fold.test for fold in self.task.plan.folds]))
        first = {self.texts[row]: row for row in reversed(rows)}
        return np.sort(np.array(list(first.values())))

    @property
    def maps(self) -> tuple[Projection, ...]:
        """The stored maps of the last layer in two dimensions: where a new sentence is placed."""
        last = self.representations.layers - 1
        return tuple(p for p in self.run.projections if p.layer == last and p.points.shape[1] == 2)

    def fold_readers(self) -> FoldReaders | None:
        """For the last layer's CLS; None without classes, without CLS, or where it is constant."""
        last, y, plan = self.representations.layers - 1, self.task.y, self.task.plan
        if y is None or plan is None or "cls" not in self.representations.poolings:
            return None
        return fit_folds(
            self.representations.cell(last, "cls"),
            y,
            len(self.classes),
            plan.folds,
            self.run.cell(last, "cls").fold_C,
            layer=last,
            pooling="cls",
        )

    def readers(self, report: Report = silent) -> Readers:
        """A probe of every cell that is not constant; none without classes.

        Fitted on all sentences, or on ``MOST`` of them drawn at random.
        """
        cells = [(p.layer, p.pooling, p.C) for p in self.run.probes if not p.constant]
        if self.task.y is None:
            return Readers((), ())
        rows = np.random.default_rng(self.seed).permutation(len(self.texts))[:MOST]
        present, y = np.unique(self.task.y[rows], return_inverse=True)
        found: list[Reader] = []
        for done, (layer, pooling, c) in enumerate(cells):
            report(done, len(cells))
            x = np.asarray(self.representations.cell(layer, pooling)[rows])
            # the C of a cell that is not constant is there
            found.append(fit_reader(x, y, len(present), c or 1.0, layer=layer, pooling=pooling))
        report(len(cells), len(cells))
        return Readers(tuple(self.classes[i] for i in present), tuple(found))

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.run.record["settings"]["seed"])


def subject_of(run: Run, load: Callable[..., Encoder], report: Report = silent) -> Subject:
    """The run, its encoder loaded by ``load`` (called as ``load_encoder`` is), and its vectors.

    Vectors that were not stored are made again. Raises EncoderError where the encoder cannot be
    had any more, or is another one than it was.
    """
    encoder = encoder_of(run, load)
    vectors = run.representations
    if vectors is None:
        cache = vector_cache.of_installation()
        poolings = tuple(run.record["settings"]["poolings_used"])
        vectors = extraction.extract(
            run.sentences.texts, encoder, poolings, cache=cache, report=report
        )
    return Subject(run, encoder, prepare(run.sentences, _settings(run)), vectors)


def _settings(run: Run) -> Settings:
    kept = run.record["settings"]
    chosen = {f.name: kept[f.name] for f in fields(Settings) if f.name in kept}
    return Settings(**{**chosen, "poolings": tuple(chosen["poolings"])})


def encoder_of(run: Run, load: Callable[..., Encoder] = load_encoder) -> Encoder:
    """The encoder that made the run. EncoderError where it cannot be had, or is another now."""
    recorded = run.record["encoder"]
    revision = recorded["revision"] if recorded["source"] == "hub" else None
    encoder = load(run.record["settings"]["encoder"], revision=revision, device="auto")
    if encoder.info.revision != recorded["revision"]:
        raise EncoderError(
            "{id} is not the encoder of this run any more: it was {old}, now it is "
            "{revision}. Make the run again.",
            id=recorded["id"],
            old=recorded["revision"],
            revision=encoder.info.revision,
        )
    return encoder
