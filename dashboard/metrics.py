"""What the operator can ask the server: whether it is ready, and how much it did.

``/ready`` says yes or no to anyone, for load balancers. ``/metrics`` are Prometheus counters, for
whoever has ``PROBING_METRICS_TOKEN``; without one there is no such page. Being on this machine is
no proof: behind a proxy every request comes from there.
"""

import threading
from collections import Counter
from pathlib import Path
from secrets import compare_digest

from dashboard import logs, objects
from probing.environment import Limits

_lock = threading.Lock()
_counts: Counter[tuple[str, str]] = Counter()

_HELP = {
    "runs_total": ("counter", "Runs, by what became of them"),
    "uploads_refused_total": ("counter", "Uploads refused, by reason"),
    "runs_refused_total": ("counter", "Runs refused before they were queued"),
    "pages_refused_total": ("counter", "Pages and their lines refused since too many were open"),
    "jobs_waiting": ("gauge", "Jobs in the queue"),
    "worker_up": ("gauge", "1 where a worker process lives"),
    "store_bytes": ("gauge", "Bytes of stored runs"),
}
STATES = ("started", "done", "failed", "cancelled")


def count(name: str, kind: str = "") -> None:
    """One more of ``name``; ``kind`` is a word of this program."""
    with _lock:
        _counts[name, kind] += 1


def follow(job: str, before: str | None, now: str) -> None:
    """Count a run whose state changed; other jobs (their ids have a slash) are not counted."""
    if "/" in job or before == now or now == "running":
        return
    state = "started" if now == "waiting" else now
    count("runs_total", state)
    logs.event("run", state=state)


def text(waiting: int, worker: bool, stored: int) -> str:
    """All figures in Prometheus' text format."""
    with _lock:
        counts = dict(_counts)
    for state in STATES:
        counts.setdefault(("runs_total", state), 0)
    for reason in ("size", "rate"):
        counts.setdefault(("uploads_refused_total", reason), 0)
    for name in ("runs_refused_total", "pages_refused_total"):
        counts.setdefault((name, ""), 0)
    counts |= {("jobs_waiting", ""): waiting, ("worker_up", ""): worker}
    counts |= {("store_bytes", ""): stored}
    lines = []
    for name, (kind, meaning) in _HELP.items():
        lines += [f"# HELP cls_probe_{name} {meaning}.", f"# TYPE cls_probe_{name} {kind}"]
        for (of, label), value in sorted(counts.items()):
            if of == name:
                lines.append(f"cls_probe_{name}{_label(name, label)} {int(value)}")
    return "\n".join(lines) + "\n"


def _label(name: str, value: str) -> str:
    key = "state" if name == "runs_total" else "reason"
    return f'{{{key}="{value}"}}' if value else ""


def may_read(authorization: str, limits: Limits) -> bool:
    """Whether a request's ``Authorization`` carries the operator's token."""
    if limits.metrics_token is None:
        return False
    return compare_digest(authorization.encode(), f"Bearer {limits.metrics_token}".encode())


def stored_bytes(home: Path) -> int:
    """Bytes of the stored runs; a file that several runs share counts once."""
    return sum(objects.files_of(home / "runs").values())
