"""The content of a run's ``run.json``."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from typing import Any

from probing.encoders import EncoderInfo
from probing.evaluation import Findings
from probing.language import say
from probing.preparation import Task
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.probes.scoring import majority_class
from probing.representations import Representations
from probing.settings import Settings
from probing.verdict import verdict

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "umap-learn", "numpy", "numba")


def record_of(
    task: Task,
    settings: Settings,
    info: EncoderInfo,
    representations: Representations,
    findings: Findings,
    timings: dict[str, float],
    notices: tuple[str, ...],
) -> dict[str, Any]:
    """The content of run.json but for the maps, which ``store`` adds."""
    sentences, source = task.sentences, task.sentences.source
    dropped = [{"reason": d.reason, "rows": d.rows, "lines": d.lines} for d in source.dropped]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: _version(name) for name in ("cls-probe", *PACKAGES)},
        "data": {
            "name": source.name,
            "rows_read": source.rows_read or len(sentences),
            "rows_used": len(sentences),
            "dropped": dropped,
            "columns": {
                "all": source.columns,
                "text": source.text_column,
                "label": source.label_column,
                "split": source.split_column,
            },
            "classes": dict(sentences.class_counts) if task.target is None else {},
            "relabelled": dict(source.relabelled),
            "left_out_labels": source.left_out_labels,
            "encoding": source.encoding,
            "delimiter": source.delimiter,
            "has_header": source.has_header,
            "fingerprint": sentences.fingerprint,
        },
        "encoder": {
            **info.to_json(),
            "truncated": representations.truncated,
            "tokens_lost": representations.tokens_lost,
            "reused": representations.reused,
        },
        "settings": {**settings.to_json(), "poolings_used": representations.poolings},
        "scoring": task.plan.description if task.plan else None,
        "timings": timings,
        "baselines": _baselines(task, findings),
        "folds": _folds(findings),
        "notices": notices,
        "verdict": verdict(findings.evidence, not info.pooler.trained) if task.plan else None,
        "evidence": findings.evidence.to_json(),
    }


def _baselines(task: Task, findings: Findings) -> dict[str, Any]:
    """What methods without a trained encoder get, by name."""
    found: dict[str, Any] = {b.name: b.scalars() for b in findings.baselines}
    found |= {b.name: b.scalars() for b in findings.numeric_baselines}
    if task.y is not None and task.plan is not None:
        most = majority_class(task.y, task.plan)
        found["majority"] = {"class": task.sentences.classes[most], **found["majority"]}
    return found


def _folds(findings: Findings) -> dict[str, Any]:
    """What each outer fold chose on its inner folds, by cell; an infinite loss is null."""
    cells: list[ProbeResult | RegressionResult] = [*findings.probes, *findings.regressions]
    return {
        cell.name: {
            "C": cell.fold_C,
            "inner_loss": [loss if isfinite(loss) else None for loss in cell.fold_inner_loss],
        }
        for cell in cells
        if not cell.constant
    }


def _version(package: str) -> str:
    if package == "cls-probe":
        from probing import __version__

        return __version__
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def encoder_notices(info: EncoderInfo) -> list[str]:
    """What to know of the encoder before its vectors are judged."""
    notices = list(info.notices)
    if info.sentence_pooling == "mean":
        notices.append(
            say(
                "{id} was trained with the mean as its sentence vector. What its CLS holds was "
                "never trained for: a low CLS here says nothing about CLS in other encoders.",
                id=info.id,
            )
        )
    return notices


def truncation_notices(representations: Representations) -> list[str]:
    """How many sentences were cut at the encoder's limit; empty where none was."""
    if not representations.truncated:
        return []
    return [
        say(
            "{n:,} sentences are longer than the encoder reads and were cut; "
            "{tokens:,} tokens were lost.",
            n=representations.truncated,
            tokens=representations.tokens_lost,
        )
    ]
