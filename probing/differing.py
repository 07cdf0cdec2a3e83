"""What tells runs apart: their encoders, data, settings and versions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probing.language import later
from probing.record import Run

SETTINGS: Mapping[str, tuple[str, ...]] = {
    later("Encoder"): ("encoder", "id"),
    later("Encoder's version"): ("encoder", "revision"),
    later("Number of layers"): ("encoder", "layers"),
    later("Numbers a vector"): ("encoder", "hidden"),
    later("Pooler trained"): ("encoder", "pooler", "trained"),
    later("Sentences cut"): ("encoder", "truncated"),
    later("File"): ("data", "name"),
    later("Sentences used"): ("data", "rows_used"),
    later("Text column"): ("data", "columns", "text"),
    later("Label column"): ("data", "columns", "label"),
    later("Classes"): ("data", "classes"),
    later("Content of the sentences (SHA-256)"): ("data", "fingerprint"),
    later("Scoring"): ("scoring",),
    later("Seed"): ("settings", "seed"),
    later("Poolings"): ("settings", "poolings_used"),
    later("Depth"): ("settings", "depth"),
    later("Labels are"): ("settings", "target"),
    later("Made"): ("created",),
}
"""What is compared of two records, and where it stands."""


@dataclass(frozen=True)
class Setting:
    """Something in which runs differ."""

    name: str
    """A key of ``SETTINGS``, or a package."""
    values: tuple[str, ...]
    """One per run; empty where a run does not tell."""


_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")


def differing(runs: Sequence[Run]) -> tuple[Setting, ...]:
    """In which settings, data and versions runs differ; nothing that is the same in all."""
    places = dict(SETTINGS)
    packages = {name for run in runs for name in run.record.get("versions", {})}
    places |= {name: ("versions", name) for name in sorted(packages)}
    found = {name: [_written(run.record, place) for run in runs] for name, place in places.items()}
    return tuple(
        Setting(name, tuple(_HASH.sub(r"\1…", value) for value in values))
        for name, values in found.items()
        if len(set(values)) > 1
    )


def _written(record: Mapping[str, Any], place: Sequence[str]) -> str:
    value: Any = record
    for part in place:
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping):
        return ", ".join(f"{name} ({count})" for name, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def tell_apart(runs: Sequence[Run]) -> list[str]:
    """A short name for each run: its encoder, and where that is the same, what differs beside it.

    File, label column, scoring, seed, at last the run's id. Where all runs have the same encoder
    it is left out, unless nothing else would be left.
    """
    encoders = _short([_written(r.record, ("encoder", "id")) for r in runs])
    aspects = [[_written(r.record, place) for r in runs] for place in _TELLING]
    aspects.append([f"seed {_written(r.record, ('settings', 'seed'))}" for r in runs])
    names = list(encoders)
    for aspect in [*aspects, [run.id[:6] for run in runs]]:
        for name in [n for n in set(names) if names.count(n) > 1]:
            at = [k for k, other in enumerate(names) if other == name]
            if len({aspect[k] for k in at}) > 1:
                for k in at:
                    names[k] = f"{name}{_JOINED}{aspect[k]}"
    first = f"{encoders[0]}{_JOINED}"
    if len(set(encoders)) == 1 and all(name.startswith(first) for name in names):
        return [name.removeprefix(first) for name in names]
    return names


_TELLING = (("data", "name"), ("data", "columns", "label"), ("scoring",))
_JOINED = " · "


def _short(encoders: Sequence[str]) -> list[str]:
    """Encoders without the folders or the owner before their name, where that still tells."""
    last = [name.rstrip("/").rpartition("/")[2] for name in encoders]
    return last if len(set(last)) == len(set(encoders)) else list(encoders)
