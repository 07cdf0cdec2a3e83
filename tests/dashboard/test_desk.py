"""What a desk hears of workers that are not ours: small programs that speak their lines."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import workers
from dashboard.jobs import Jobs, Status
from tests.dashboard.test_jobs import over, until

FIRST = """
import json, sys
job = json.loads(sys.stdin.readline())
sys.stdout.write(json.dumps({"id": job["id"], "state": "done", "message": "x" * 9999})[:200])
"""
NEXT = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "state": "done", "message": ""}), flush=True)
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Its first worker is killed while it speaks."""
    programs = iter([FIRST])

    def start(_threads: int | None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", next(programs, NEXT)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    monkeypatch.setattr(workers, "start", start)
    queue = Jobs(tmp_path)
    yield queue
    queue.close()


def test_a_worker_killed_in_the_middle_of_a_line_costs_its_job_only(jobs: Jobs) -> None:
    """A long answer goes through the pipe in pieces."""
    folder = jobs.run_folder("0" * 32)
    lost = until(jobs, jobs.start_look(folder, "a sentence"), over)
    assert lost == Status("failed", message=workers.LOST)
    assert until(jobs, jobs.start_look(folder, "another"), over) == Status("done")
