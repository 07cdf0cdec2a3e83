"""From a finished run to what happens inside its encoder, stage by stage."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from probing.encoders import Encoder, load_encoder
from probing.language import say
from probing.mechanism import shelf
from probing.mechanism.gradients import gradients
from probing.mechanism.knockout import knockout
from probing.mechanism.ledger import ledger
from probing.mechanism.readers import Readers
from probing.mechanism.subject import Subject, subject_of
from probing.mechanism.values import Gradients, HeadName, Inside, Knockout, Missing, Sample
from probing.progress import Listener, Progress, Report, Reporter, silent
from probing.store import load_run

SENTENCES = 400
"""Most sentences that ledger and knockout look at,"""
FEWER = 256
"""and the gradients."""
PASSES = 8
"""Forward passes over the sample that the knockout may cost: it takes L over what it looks at."""


def explore(
    subject: Subject,
    readers: Readers,
    *,
    there: Inside | None = None,
    listener: Listener = lambda progress: None,
    keep: Callable[[Inside], None] = lambda inside: None,
) -> Inside:
    """Measure ledger, knockout and gradients on a sample of the run's sentences.

    What is ``there`` already is not measured again. ``keep`` is given what is there after each
    stage, so that it can be stored and shown. Costs less than 15 plain forward passes over the
    sample.
    """
    reporter = Reporter(listener)
    rows = _sample(subject)
    texts = [subject.texts[row] for row in rows]
    inside = there or Inside(Sample(tuple(rows.tolist()), len(subject.texts)))
    if inside.ledger is None:
        inside = replace(inside, ledger=ledger(texts, subject.encoder, reporter.stage("ledger")))
        keep(inside)
    if inside.knockout is None:
        inside = replace(inside, knockout=_knockout(subject, rows, reporter))
        keep(inside)
    if inside.gradients is None:
        inside = replace(inside, gradients=_gradients(subject, readers, rows, reporter))
        keep(inside)
    return inside


def explore_folder(
    folder: Path,
    *,
    load: Callable[..., Encoder] = load_encoder,
    listener: Listener = lambda progress: None,
) -> Inside:
    """``explore`` for a stored run; what is found is kept beside it, each part as it is ready."""
    reporter = Reporter(listener)
    listener(Progress("load", 0, 1))
    subject = subject_of(load_run(folder), load, reporter.stage("encode"))
    readers = readers_of(folder, subject, reporter.stage("readers"))
    keep = partial(shelf.save, folder)
    return explore(subject, readers, there=shelf.load(folder), listener=listener, keep=keep)


def readers_of(folder: Path, subject: Subject, report: Report = silent) -> Readers:
    """The fixed probes of a stored run, fitted and kept where they are not there yet."""
    readers = shelf.load_readers(folder)
    if readers is None:
        readers = subject.readers(report)
        shelf.save_readers(folder, readers)
    return readers


def _sample(subject: Subject) -> np.ndarray:
    """At most ``SENTENCES`` different ones that the folds score, in ascending order."""
    rng = np.random.default_rng(subject.seed)
    return np.sort(rng.permutation(subject.scored)[:SENTENCES])


def _knockout(subject: Subject, rows: np.ndarray, reporter: Reporter) -> Knockout | Missing:
    layers, y = subject.encoder.info.layers, subject.task.y
    if layers > PASSES:
        order = np.random.default_rng(subject.seed).permutation(len(rows))
        rows = np.sort(rows[order[: max(1, len(rows) * PASSES // layers)]])
    return knockout(
        [subject.texts[row] for row in rows],
        None if y is None else y[rows],
        subject.encoder,
        subject.fold_readers(),
        rows,
        reporter.stage("knockout"),
    )


def _gradients(
    subject: Subject, readers: Readers, rows: np.ndarray, reporter: Reporter
) -> Gradients | Missing:
    if not readers.all or subject.task.y is None:
        return Missing(
            say(
                "There is no classification error without classes: choose a label column with them."
            )
        )
    number = {name: i for i, name in enumerate(readers.classes)}
    y = np.array([number.get(subject.classes[i], -1) for i in subject.task.y[rows]])
    few = np.random.default_rng(subject.seed).permutation(np.flatnonzero(y >= 0))[:FEWER]
    last = subject.representations.layers - 1
    names: tuple[HeadName, ...] = ("pooled", "cls", "mean")
    fitted = {name: found for name in names if (found := readers.find(last, name)) is not None}
    return gradients(
        [subject.texts[row] for row in rows[few]],
        y[few],
        len(readers.classes),
        subject.encoder,
        fitted,
        reporter.stage("gradients"),
        seed=subject.seed,
    )
