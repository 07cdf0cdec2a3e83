"""The only reader of environment variables. The README has the same table."""

import os
from pathlib import Path


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
    chosen = os.environ.get("PROBING_THREADS", "")
    return int(chosen) if chosen.isdigit() and int(chosen) > 0 else None


def cache_limit() -> int:
    """``PROBING_CACHE_GB``: bytes that vectors kept from run to run may take; 0 keeps none."""
    try:
        return int(min(max(float(os.environ.get("PROBING_CACHE_GB") or 4), 0), 1e6) * 1e9)
    except ValueError:
        return 4_000_000_000
