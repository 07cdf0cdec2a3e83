"""From sentences and settings to a Run, stage by stage."""

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probing import projections, vector_cache
from probing.encoders import EncoderInfo
from probing.errors import DataError, EncoderError
from probing.evaluation import evaluate
from probing.geometry import is_constant
from probing.language import say
from probing.preparation import Task, from_lists, prepare
from probing.progress import Listener, Progress, Report, Reporter, Stage
from probing.projections import METHODS, Projection, Wanted
from probing.record import SCHEMA, Run
from probing.recording import encoder_notices, record_of, truncation_notices
from probing.representations import Representations
from probing.scratch import Scratch
from probing.sentences import Sentences
from probing.settings import Settings
from probing.vector_cache import VectorCache

if TYPE_CHECKING:
    from probing.encoders import Encoder


def run(
    texts: Sentences | Sequence[str],
    labels: Sequence[Any] | None = None,
    *,
    settings: Settings | None = None,
    out: str | Path | None = None,
    slim: bool = False,
    listener: Listener = lambda progress: None,
    **choices: Any,
) -> Run:
    """Probe the representations of n sentences at every layer.

    ``texts`` are ``Sentences`` (from ``read_csv``) or n strings with their n ``labels`` (or none,
    for maps only). ``choices`` are fields of ``Settings``, e.g. ``encoder="roberta-base"``. With
    ``out`` the run is written to that folder, which must not exist yet or be empty; ``slim``
    leaves out the representations and the report.

    Raises a ``ProbingError`` for what a person can put right, and whatever ``listener`` raises.
    """
    if not isinstance(texts, Sentences):
        texts = from_lists(texts, labels)
    elif labels is not None:
        raise DataError("labels were given twice: with the sentences and beside them. Drop one.")
    if settings is not None and choices:
        raise TypeError("give either settings or its fields, not both")
    return execute(texts, settings or Settings(**choices), out=out, slim=slim, listener=listener)


def execute(
    sentences: Sentences,
    settings: Settings,
    *,
    out: str | Path | None = None,
    slim: bool = False,
    listener: Listener = lambda progress: None,
    run_id: str | None = None,
    load: "Callable[..., Encoder] | None" = None,
    scratch: Scratch = Scratch(),  # noqa: B008 - frozen
    owner: str = "",
) -> Run:
    """What ``run`` does once its arguments are understood.

    ``run_id`` (32 hex digits, random by default) is the id recorded; ``load`` is called as
    ``load_encoder`` is, so that a process that makes many runs can keep an encoder; ``scratch``
    keeps what is finished (probes, controls, baselines, maps), so that the same run, begun again,
    does not make it anew. ``owner`` says whose vectors may be used again where
    strangers share an installation.
    """
    from probing import store
    from probing.encoders import load_encoder

    task = prepare(sentences, settings)
    named = run_id or secrets.token_hex(16)
    cache = vector_cache.of_installation(owner)
    work = partial(_compute, task, settings, listener, load or load_encoder, named, scratch, cache)
    if out is None:
        return work(None)
    with store.new_folder(Path(out)) as folder:
        result = work(None if slim else folder / "representations")
        _tell(listener, "save", 0, 1)
        store.save_run(result, folder, slim=slim)
    return store.load_run(Path(out))


def _compute(
    task: Task,
    settings: Settings,
    listener: Listener,
    load: "Callable[..., Encoder]",
    run_id: str,
    scratch: Scratch,
    cache: VectorCache | None,
    folder: Path | None,
) -> Run:
    from probing import environment, extraction

    threads = environment.threads()
    if threads:
        import torch

        torch.set_num_threads(threads)
    clock = _Clock()
    reporter = Reporter(listener)
    _tell(listener, "load", 0, 1)
    encoder = load(settings.encoder, revision=settings.revision, device="auto")
    poolings, notice = _available(settings.poolings, encoder.info)
    clock.lap("load")
    representations = extraction.extract(
        task.sentences.texts,
        encoder,
        poolings,
        folder=folder,
        cache=cache,
        report=reporter.stage("encode"),
    )
    clock.lap("encode")
    findings = evaluate(task, representations, encoder, settings, reporter, scratch)
    clock.lap("probe")
    maps = _draw_maps(task, representations, settings, reporter.stage("map"), scratch)
    clock.lap("map")
    notices = (
        *task.sentences.source.notices,
        *task.notices,
        *encoder_notices(encoder.info),
        *notice,
        *truncation_notices(representations),
        *findings.notices,
    )
    record = record_of(task, settings, encoder.info, representations, findings, clock.laps, notices)
    record = {"schema": SCHEMA, "id": run_id, **record}
    record["encoder"]["device"] = str(encoder.device)
    return Run(
        record,
        task.sentences,
        findings.probes,
        maps,
        representations,
        baselines=findings.baselines,
        regressions=findings.regressions,
        numeric_baselines=findings.numeric_baselines,
    )


def _available(poolings: tuple[str, ...], info: EncoderInfo) -> tuple[tuple[str, ...], list[str]]:
    """The poolings that this encoder has, and what to say of one it lacks."""
    if info.pooler.present or "pooled" not in poolings:
        return poolings, []
    kept = tuple(p for p in poolings if p != "pooled")
    if not kept:
        raise EncoderError(
            "{id} has no pooler to probe ({evidence!s}). Choose the pooling cls or mean.",
            id=info.id,
            evidence=info.pooler.evidence,
        )
    return kept, [say("pooled is left out: {evidence!s}.", evidence=info.pooler.evidence)]


def _draw_maps(
    task: Task,
    representations: Representations,
    settings: Settings,
    report: Report,
    scratch: Scratch,
) -> tuple[Projection, ...]:
    last = representations.layers - 1
    layers = {"none": (), "last": (last,), "all": range(last + 1)}[settings.maps]
    dimensions = (2, 3) if settings.maps == "all" else (2,)
    wanted: list[Wanted] = [
        (method, d, layer, pooling)
        for pooling in representations.poolings
        for layer in layers
        if not is_constant(representations.cell(layer, pooling))
        for method in METHODS
        for d in dimensions
    ]
    if wanted:
        report(0, len(wanted))
    return projections.draw(
        representations,
        task.y,
        wanted,
        seed=settings.seed,
        report=lambda done, total: report(done // 100, total // 100),
        keep=lambda name, x, make: scratch.piece(f"map_{name}", x, Projection, make),
    )


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: Stage) -> None:
        now = time.perf_counter()
        self.laps[stage], self._last = round(now - self._last, 3), now


def _tell(listener: Listener, stage: Stage, done: int, total: int) -> None:
    listener(Progress(stage, done, total))
