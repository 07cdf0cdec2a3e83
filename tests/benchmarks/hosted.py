"""A public server to be looked at: its store filled, started as the README says."""

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from dashboard.library import Library
from dashboard.samples import FINISHED
from dashboard.visitors import new_id
from probing.environment import Limits
from probing.store import RUN, read_record, write_json

ROOT = Path(__file__).resolve().parents[2]


def fill(home: Path, count: int) -> list[str]:
    """Store finished runs that their maker shared: the sample's, under ids of their own."""
    runs, maker, made = Library(home, Limits(public=True)), new_id(), []
    for _ in range(count):
        run = secrets.token_hex(16)
        folder = runs.folder(run)
        shutil.copytree(FINISHED, folder)
        write_json({**read_record(folder), "id": run}, folder / RUN)
        runs.claim(run, maker)
        runs.change(run, maker, shared=True)
        made.append(run)
    return made


@contextmanager
def server(home: Path, log: Path, **variables: str) -> Iterator[tuple[int, psutil.Process]]:
    """A public one, started as the README says; its port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PROBING_", "STREAMLIT_"))}
    given = {"PYTHONPATH": "", "PROBING_HOME": str(home), "PROBING_PUBLIC": "1", **variables}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
    with log.open("wb") as out:
        process = psutil.Popen(
            [*command, "--server.port", str(port)],
            cwd=home,
            env={**kept, **given},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_ready(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def _until_ready(port: int, process: psutil.Process) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.is_running():
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with closing(line), suppress(OSError):
            line.request("GET", "/ready")
            with line.getresponse() as answer:
                if answer.status == 200:
                    return
        time.sleep(0.1)
    raise SystemExit("the server did not come up")


def troubles(log: Path) -> Counter[str]:
    """Lines of the server's log that should not be there."""
    words = ("Traceback", '"level": "error"', '"level": "warning"', "ERROR", "Exception")
    lines = log.read_text(errors="replace").splitlines()
    return Counter(f"log: {line[:200]}" for line in lines if any(word in line for word in words))
