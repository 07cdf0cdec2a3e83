"""What a desk hears of workers that are not ours: small programs that speak their lines."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import workers
from dashboard.jobs import Jobs, Status
from tests.dashboard.test_jobs import over, until

HALF = """
import json, sys
job = json.loads(sys.stdin.readline())
sys.stdout.write(json.dumps({"id": job["id"], "state": "done", "message": "x" * 9999})[:200])
"""
SILENT = """
import os, sys
sys.stdin.readline()
os.close(1)
sys.stdin.read()
"""
NEXT = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "state": "done", "message": ""}), flush=True)
"""


@pytest.fixture
def jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Jobs]:
    """Its first worker is the program that the test names."""
    programs = iter([request.param])

    def start(_threads: int | None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", next(programs, NEXT)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    monkeypatch.setattr(workers, "start", start)
    queue = Jobs(tmp_path)
    yield queue
    queue.close()


@pytest.mark.parametrize("jobs", [HALF, SILENT], ids=["half a line", "still dying"], indirect=True)
def test_a_worker_that_ends_costs_its_job_only(jobs: Jobs) -> None:
    """A long answer goes through the pipe in pieces; and a process that has said its last word may
    pass for alive a moment longer, when the next job is waiting already."""
    folder = jobs.run_folder("0" * 32)
    first, second = (jobs.start_look(folder, text) for text in ("a sentence", "another"))
    assert until(jobs, first, over) == Status("failed", message=workers.LOST)
    assert until(jobs, second, over) == Status("done")
