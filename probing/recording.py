"""The content of a run's ``run.json``."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from probing.encoders import EncoderInfo
from probing.preparation import Task
from probing.representations import Representations
from probing.settings import Settings
from probing.statistics import wilson

PACKAGES = ("torch", "transformers", "tokenizers", "scikit-learn", "umap-learn", "numpy", "numba")


def record_of(
    task: Task,
    settings: Settings,
    info: EncoderInfo,
    representations: Representations,
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
            "classes": dict(sentences.class_counts),
            "encoding": source.encoding,
            "delimiter": source.delimiter,
            "has_header": source.has_header,
            "fingerprint": sentences.fingerprint,
        },
        "encoder": {
            **info.to_json(),
            "truncated": representations.truncated,
            "tokens_lost": representations.tokens_lost,
        },
        "settings": {**settings.to_json(), "poolings_used": representations.poolings},
        "scoring": task.plan.description if task.plan else None,
        "timings": timings,
        "baselines": _baselines(task),
        "notices": notices,
        "verdict": None,
    }


def _baselines(task: Task) -> dict[str, Any]:
    """The majority baseline on the scored sentences."""
    if task.y is None or task.plan is None:
        return {}
    from probing.probes.nested import majority_class

    scored = np.concatenate([fold.test for fold in task.plan.folds])
    most = majority_class(task.y, task.plan)
    correct, n = int((task.y[scored] == most).sum()), len(scored)
    low, high = wilson(correct, n)
    label = task.sentences.classes[most]
    return {
        "majority": {
            "class": label,
            "accuracy": correct / n,
            "ci_low": low,
            "ci_high": high,
            "n": n,
        }
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
            f"{info.id} was trained with the mean as its sentence vector. What its CLS holds was "
            "never trained for: a low CLS here says nothing about CLS in other encoders."
        )
    return notices


def truncation_notices(representations: Representations) -> list[str]:
    """How many sentences were cut at the encoder's limit; empty where none was."""
    if not representations.truncated:
        return []
    return [
        f"{representations.truncated:,} sentences are longer than the encoder reads and were cut; "
        f"{representations.tokens_lost:,} tokens were lost."
    ]
