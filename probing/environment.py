"""The only reader of environment variables. The README has the same table.

A value that cannot be meant is refused when the server starts, not replaced by a guess.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from probing.errors import SettingsError

T = TypeVar("T")

LISTED = (
    *("bundled", "google-bert/bert-base-uncased", "distilbert/distilbert-base-uncased"),
    *("FacebookAI/roberta-base", "google/electra-small-discriminator"),
    *("microsoft/mpnet-base", "albert/albert-base-v2", "answerdotai/ModernBERT-base"),
    "sentence-transformers/all-MiniLM-L6-v2",
)
"""The encoders of a public host, where no others are named."""

_ENCODER = re.compile(r"bundled|[\w][\w.-]{0,95}(/[\w][\w.-]{0,95})?", re.ASCII)
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")
_TOKEN = re.compile(r"[!-~]{16,200}")


@dataclass(frozen=True)
class Limits:
    """How much one installation takes on. None is no limit."""

    public: bool = False
    """``PROBING_PUBLIC``: strangers come here."""
    rows: int = 100_000
    """``PROBING_MAX_ROWS``: sentences of a run, and rows of a file."""
    upload_mb: int = 50
    """``PROBING_MAX_UPLOAD_MB``: 2^20 bytes of a file."""
    uploads_mb_per_hour: int | None = None
    """``PROBING_UPLOADS_MB_PER_HOUR``: 2^20 bytes that a visitor may upload in an hour."""
    text_chars: int = 100_000
    """``PROBING_MAX_TEXT``: characters of a sentence."""
    tokens: int | None = None
    """``PROBING_MAX_TOKENS``: word pieces of a run, estimated from its characters."""
    runs_per_hour: int | None = None
    """``PROBING_RUNS_PER_HOUR``: runs that a visitor may start in an hour."""
    queue: int | None = None
    """``PROBING_QUEUE``: jobs that wait."""
    encoders: tuple[str, ...] | None = None
    """``PROBING_ENCODERS``: hub ids, and ``bundled``; None is any. Folders: never in public."""
    hub_data: bool = True
    """``PROBING_HUB_DATA``: data sets are fetched from the hub for whoever asks."""
    store_gb: float | None = None
    """``PROBING_STORE_GB``: 10^9 bytes of stored runs."""
    retention_days: int | None = None
    """``PROBING_RETENTION_DAYS``: days a stored run is kept."""
    workers: int = 1
    """``PROBING_WORKERS``: processes that compute."""
    threads: int | None = None
    """``PROBING_THREADS``: computing threads of a run; None: a worker's share of the cores."""
    run_minutes: int | None = None
    """``PROBING_RUN_MINUTES``: minutes a run may take."""
    memory_gb: float | None = None
    """``PROBING_MEMORY_GB``: 10^9 bytes for a run; None: a worker's share of the machine's or the
    container's."""
    frame_ancestors: tuple[str, ...] = ()
    """``PROBING_FRAME_ANCESTORS``: other sites' origins that may show the page in a frame."""
    metrics_token: str | None = field(default=None, repr=False)
    """``PROBING_METRICS_TOKEN``: the bearer token of ``/metrics``; None: there is no such page."""


_PRIVATE = Limits()
_PUBLIC = Limits(
    public=True,
    rows=20_000,
    upload_mb=20,
    uploads_mb_per_hour=200,
    text_chars=10_000,
    tokens=2_000_000,
    runs_per_hour=20,
    queue=20,
    encoders=LISTED,
    hub_data=False,
    store_gb=20.0,
    retention_days=30,
    run_minutes=30,
)


def limits() -> Limits:
    """What the variables say now: the safe set where ``PROBING_PUBLIC=1``, each one overridden by
    its own variable. Raises ``SettingsError`` for a value that cannot be meant."""
    base = _PUBLIC if public() else _PRIVATE
    return Limits(
        public=base.public,
        rows=_value("PROBING_MAX_ROWS", base.rows, _whole(1, 10_000_000)),
        upload_mb=_value("PROBING_MAX_UPLOAD_MB", base.upload_mb, _whole(1, 10_000)),
        uploads_mb_per_hour=_value(
            "PROBING_UPLOADS_MB_PER_HOUR", base.uploads_mb_per_hour, _none_or(_whole(1, 10**7))
        ),
        text_chars=_value("PROBING_MAX_TEXT", base.text_chars, _whole(1, 10_000_000)),
        tokens=_value("PROBING_MAX_TOKENS", base.tokens, _none_or(_whole(1, 10**12))),
        runs_per_hour=_value(
            "PROBING_RUNS_PER_HOUR", base.runs_per_hour, _none_or(_whole(1, 10**6))
        ),
        queue=_value("PROBING_QUEUE", base.queue, _none_or(_whole(1, 100_000))),
        encoders=_value("PROBING_ENCODERS", base.encoders, _encoders),
        hub_data=_value("PROBING_HUB_DATA", base.hub_data, _truth),
        store_gb=_value("PROBING_STORE_GB", base.store_gb, _none_or(_number(0.001, 10**6))),
        retention_days=_value(
            "PROBING_RETENTION_DAYS", base.retention_days, _none_or(_whole(1, 36_500))
        ),
        workers=_value("PROBING_WORKERS", base.workers, _whole(1, 64)),
        threads=threads(),
        run_minutes=_value("PROBING_RUN_MINUTES", base.run_minutes, _none_or(_whole(1, 10**6))),
        memory_gb=_value("PROBING_MEMORY_GB", base.memory_gb, _none_or(_number(0.1, 10**6))),
        frame_ancestors=_value("PROBING_FRAME_ANCESTORS", (), _origins),
        metrics_token=_value("PROBING_METRICS_TOKEN", None, _token),
    )


def public() -> bool:
    """``PROBING_PUBLIC``: whether strangers come here."""
    return _value("PROBING_PUBLIC", False, _truth)


def home() -> Path:
    """Where the dashboard's runs and the vector cache lie: ``PROBING_HOME``, else the user's data
    folder."""
    chosen = os.environ.get("PROBING_HOME")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("cls-probe", appauthor=False)


def threads() -> int | None:
    """``PROBING_THREADS``: computing threads of a run; None leaves it to torch."""
    return _value("PROBING_THREADS", None, _none_or(_whole(1, 1024)))


def settle_threads() -> None:
    """Tell OpenMP and numba how to share the machine; before torch and numba are imported.

    OpenMP's threads wait for each other busily, so that beside any other work on the same cores a
    product takes up to twenty times as long. A short wait and then sleep costs nothing where the
    machine is idle (``python -m tests.benchmarks.sharing``). And numba, where it is not told their
    number, sets OpenMP's to all cores, whatever ``OMP_NUM_THREADS`` says. What is set already
    stays.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = "1000"
    if "OMP_NUM_THREADS" in os.environ:
        os.environ.setdefault("NUMBA_NUM_THREADS", os.environ["OMP_NUM_THREADS"])


def cache_limit() -> int:
    """``PROBING_CACHE_GB``: bytes that vectors kept from run to run may take; 0 keeps none."""
    return int(_value("PROBING_CACHE_GB", 4.0, _number(0, 10**6)) * 1e9)


def _value(name: str, default: T, read: Callable[[str], T]) -> T:
    """The variable as ``read`` understands it; unset or empty is the default."""
    given = os.environ.get(name, "").strip()
    if not given:
        return default
    try:
        return read(given)
    except ValueError as error:
        shown = "a value" if "TOKEN" in name else ascii(given[:80])
        raise SettingsError(
            f"{name} is {shown}; it must be {error}. Change the variable or unset it."
        ) from None


def _truth(given: str) -> bool:
    if given not in ("0", "1"):
        raise ValueError("0 or 1")
    return given == "1"


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", given) or not low <= int(given) <= high:
            raise ValueError(f"a whole number from {low:,} to {high:,}")
        return int(given)

    return read


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(given: str) -> float:
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", given) or not (
            low <= float(given) <= high
        ):
            raise ValueError(f"a number from {low:,} to {high:,}")
        return float(given)

    return read


def _none_or(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """The word none lifts a limit, so that a public host can go without one of its defaults."""

    def either(given: str) -> T | None:
        if given.lower() == "none":
            return None
        try:
            return read(given)
        except ValueError as error:
            raise ValueError(f"{error}, or none") from None

    return either


def _encoders(given: str) -> tuple[str, ...] | None:
    names = tuple(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))
    if names == ("any",):
        return None
    if not names or not all(map(_ENCODER.fullmatch, names)):
        raise ValueError(
            "any, or hub ids separated by commas, e.g. bundled,google-bert/bert-base-uncased"
        )
    return names


def _origins(given: str) -> tuple[str, ...]:
    origins = tuple(given.split())
    if not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError("origins separated by spaces, e.g. https://huggingface.co")
    return origins


def _token(given: str) -> str:
    if not _TOKEN.fullmatch(given):
        raise ValueError("16 to 200 printable characters without spaces")
    return given
