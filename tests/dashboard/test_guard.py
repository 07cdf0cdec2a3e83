"""The guard around an application of our own, so that what passes can be seen."""

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dashboard import deeds, guard, limits, logs, metrics, visitors, worker
from dashboard.guard import Guard
from probing.environment import Limits
from tests.conftest import ROOT

UPLOAD = "/_stcore/upload_file/session/file"
MB = 2**20


class Behind:
    """Reads the whole body and says how much it was."""

    def __init__(self) -> None:
        self.read = -1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.read, more = 0, True
        while more:
            message = await receive()
            self.read += len(message["body"])
            more = message["more_body"]
        await guard.answer(send, 200, "<p>page", "text/html")


class Answer:
    def __init__(self, messages: list[Any]) -> None:
        start, body = messages
        self.status = start["status"]
        self.headers = [(n.decode(), v.decode()) for n, v in start["headers"]]
        self.text = body["body"].decode()

    def header(self, name: str) -> str:
        found = [value for n, value in self.headers if n.lower() == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]


def ask(
    app: Any, method: str = "GET", path: str = "/", *, chunks: tuple[int, ...] = (), **headers: str
) -> Answer:
    """One request to an ASGI application, its body in chunks of so many bytes."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "client": ("10.1.2.3", 5),
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()],
    }
    waiting = [{"body": b"x" * size, "more_body": True} for size in chunks]
    waiting.append({"body": b"", "more_body": False})
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", **waiting.pop(0)}

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(app(scope, receive, send))
    return Answer(said)


@pytest.fixture(autouse=True)
def meters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody uploaded anything yet."""
    monkeypatch.setattr(limits, "uploads", limits.Meter())
    monkeypatch.setattr(limits.upload_trouble, "__defaults__", (None, limits.uploads))


def guarded(held: int = 0, base: str = "", **chosen: Any) -> tuple[Guard, Behind]:
    behind = Behind()
    now = Limits(**{"upload_mb": 1, **chosen})
    return Guard(behind, limits=now, base=base, held=lambda: held), behind


def test_a_body_is_cut_off_whatever_its_sender_says() -> None:
    app, behind = guarded()
    assert ask(app, "PUT", UPLOAD, chunks=(MB // 2, MB // 2)).status == 200
    assert behind.read == MB
    streamed = ask(app, "PUT", UPLOAD, chunks=(MB // 2,) * 1_000)
    assert streamed.status == 413
    assert "1,114,112 bytes" in streamed.text
    assert behind.read <= 1.5 * MB, "it is not read to its end"
    lied = ask(app, "PUT", UPLOAD, chunks=(MB // 2,), content_length="10")
    assert lied.status == 413


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    app, behind = guarded()
    assert ask(app, "PUT", UPLOAD, content_length=str(2 * MB)).status == 413
    assert ask(app, "POST", "/_stcore/anything", content_length=str(2 * MB)).status == 413
    assert behind.read == -1


def test_what_else_brings_a_body_may_be_small() -> None:
    app, _ = guarded(upload_mb=50)
    assert ask(app, "POST", "/", chunks=(1000,)).status == 200
    assert ask(app, "POST", "/", chunks=(MB, MB)).status == 413
    assert ask(app, "DELETE", UPLOAD).status == 200


def test_uploads_of_an_hour_by_cookie_and_by_address() -> None:
    app, _ = guarded(uploads_mb_per_hour=2)
    body, cookie = {"content_length": str(MB)}, f"a=b; {visitors.COOKIE}={visitors.new_id()}"
    first = [ask(app, "PUT", UPLOAD, cookie=cookie, **body).status for _ in range(4)]
    assert first == [200, 200, 202, 202]
    assert ask(app, "PUT", UPLOAD, **body).status == 200, "another visitor"
    ask(app, "PUT", UPLOAD, **body)
    assert ask(app, "PUT", UPLOAD, **body).status == 202
    forged = ask(app, "PUT", UPLOAD, cookie=f"{visitors.COOKIE}=me", **body)
    assert forged.status == 202, "an id that is none of ours counts for the address"


def test_a_file_beyond_the_hour_goes_by_and_the_page_can_say_why() -> None:
    app, behind = guarded(uploads_mb_per_hour=1)
    assert ask(app, "PUT", UPLOAD, content_length=str(MB)).status == 200
    behind.read = -1
    unknown = limits.refused.why("another")
    passing = ask(app, "PUT", f"{UPLOAD}-2", chunks=(MB // 2, MB // 2), content_length=str(MB))
    assert (passing.status, behind.read) == (202, -1), "Streamlit gets nothing of it"
    assert "You uploaded 1 MB within the last hour" in limits.refused.why("file-2")
    assert passing.text == limits.refused.why("file-2") != unknown
    lied = ask(app, "PUT", f"{UPLOAD}-3", chunks=(MB, MB), content_length=str(MB))
    assert (lied.status, limits.refused.why("file-3")) == (413, unknown)


def test_why_files_were_refused_is_kept_of_the_last_ones_only() -> None:
    refused = limits.Refused(most=3)
    for number in range(5):
        refused.note(f"{number}", f"because {number}")
    assert [refused.why(f"{n}").startswith("because") for n in range(5)] == [False] * 2 + [True] * 3


def test_a_stream_of_unknown_length_counts_as_the_largest_file() -> None:
    app, _ = guarded(uploads_mb_per_hour=2)
    statuses = [ask(app, "PUT", UPLOAD, chunks=(10,)).status for _ in range(3)]
    assert statuses == [200, 200, 202]


def test_a_full_server_takes_no_more_files() -> None:
    app, _ = guarded(held=limits.HELD * MB, public=True)
    refused = ask(app, "PUT", UPLOAD, content_length="100000")
    assert (refused.status, "as many files as it can" in refused.text) == (202, True)


def test_every_answer_carries_the_headers_once() -> None:
    app, _ = guarded()
    for answer in (ask(app), ask(app, path="/_stcore/metrics"), ask(app, "PUT", UPLOAD)):
        policy = answer.header("content-security-policy")
        assert "script-src 'self' 'sha256-" in policy
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("referrer-policy") == "no-referrer"
        assert answer.header("x-frame-options") == "SAMEORIGIN"


def test_frames_are_allowed_for_those_named() -> None:
    app, _ = guarded(frame_ancestors=("https://huggingface.co",))
    answer = ask(app)
    policy = answer.header("content-security-policy")
    assert policy.endswith("frame-ancestors 'self' https://huggingface.co")
    assert "x-frame-options" not in dict(answer.headers)
    assert "SameSite=None; Secure; Partitioned" in answer.header("set-cookie")


def test_a_visitor_gets_one_cookie_that_scripts_cannot_read() -> None:
    app, _ = guarded(base="/probe")
    given = ask(app, path="/probe/").header("set-cookie")
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    assert "Path=/probe;" in given
    cookie = given.partition(";")[0]
    assert visitors.of_cookies({visitors.COOKIE: cookie.partition("=")[2]})
    again = ask(app, path="/probe/", cookie=cookie)
    assert "set-cookie" not in dict(again.headers)
    assert ask(app, path="/probe/").header("set-cookie").partition(";")[0] != cookie


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/script-health-check",
        "/data/_stcore/metrics",
        "/metrics",
    ],
)
def test_pages_for_nobody(path: str) -> None:
    for base in ("", "/probe"):
        app, behind = guarded(base=base)
        for method in ("GET", "POST", "OPTIONS"):
            if path != "/metrics" or method == "GET":
                assert ask(app, method, base + path).status == 404
        assert behind.read == -1


class Queue:
    """Stands for the queue."""

    worker_pid: int | None = None
    waiting = 3

    def __init__(self, home: Any) -> None:
        self.home = home


@pytest.fixture
def queue(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Queue:
    found = Queue(tmp_path)
    monkeypatch.setattr(guard, "jobs", lambda: found)
    return found


def test_ready_tells_whether_the_worker_lives(queue: Queue) -> None:
    app, _ = guarded()
    answer = ask(app, path="/ready")
    assert (answer.status, json.loads(answer.text)) == (503, {"ready": False, "worker": False})
    queue.worker_pid = 7
    answer = ask(app, path="/ready")
    assert (answer.status, json.loads(answer.text)["worker"]) == (200, True)


TOKEN = "0123456789-operator"


def test_metrics_are_for_who_has_the_token(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", type(metrics._counts)())
    app, _ = guarded(metrics_token=TOKEN)
    for wrong in ("", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"bearer {TOKEN[:-1]}"):
        assert ask(app, path="/metrics", authorization=wrong).status == 404
    (queue.home / "runs" / "a").mkdir(parents=True)
    (queue.home / "runs" / "a" / "run.json").write_bytes(b"x" * 123)
    for before, now in ((None, "waiting"), ("waiting", "running"), ("running", "done")):
        metrics.follow("ab" * 16, before, now)
    metrics.follow("ab/map", None, "waiting")
    text = ask(app, path="/metrics", authorization=f"Bearer {TOKEN}").text
    assert 'cls_probe_runs_total{state="started"} 1\n' in text
    assert 'cls_probe_runs_total{state="done"} 1\n' in text
    assert 'cls_probe_runs_total{state="failed"} 0\n' in text
    assert "cls_probe_jobs_waiting 3\n" in text
    assert "cls_probe_worker_up 0\n" in text
    assert "cls_probe_store_bytes 123\n" in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.split(" ")) == 2


def policy(answer: Answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.header(POLICY).split(";"))
    return {name: value for name, _, value in parts}


POLICY = "content-security-policy"


def test_a_report_in_a_frame_has_no_origin_and_reaches_nothing() -> None:
    app, _ = guarded(base="/probe", frame_ancestors=("https://huggingface.co",))
    framed = policy(ask(app, path="/probe/preview/0123/sample/open/scores"))
    assert framed["sandbox"] == "allow-scripts allow-downloads"
    assert framed["default-src"] == "'none'"
    assert "connect-src" not in framed
    assert framed["frame-ancestors"] == "'self' https://huggingface.co"
    for path in (
        "/probe/",
        "/probe/report",
        "/preview/x",
        "/probe/atlas/preview/",
        "/probe/preview",
    ):
        page = policy(ask(app, path=path))
        assert "sandbox" not in page
        assert "unsafe" not in page["script-src"], path


# ---- the log


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the log says, as lines."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    handler = Keep()
    handler.setFormatter(logs.Lines())
    logs.LOGGER.addHandler(handler)
    before = logs.LOGGER.level
    logs.LOGGER.setLevel(logging.INFO)
    yield said
    logs.LOGGER.setLevel(before)
    logs.LOGGER.removeHandler(handler)


def test_a_line_of_the_log_is_one_line(lines: list[str]) -> None:
    forged = 'ok\n{"event": "run"}\r\u2028\x1b[31m'
    logs.event("upload_refused", reason=forged)
    logs.LOGGER.warning("from %s", forged)
    for line in lines:
        assert line.isprintable()
        assert line.isascii()
        json.loads(line)
    assert json.loads(lines[0])["reason"] == forged


def test_an_error_is_logged_without_what_it_quotes(lines: list[str]) -> None:
    try:
        {}["a visitor's own sentence"]
    except KeyError:
        logs.LOGGER.exception("Something %s failed", "a visitor's own label")
    (line,) = lines
    assert "visitor" not in line
    error = json.loads(line)["error"]
    assert error.startswith("KeyError at test_an_error_is_logged")


CANARY = "a visitor's own sentence"


def test_a_worker_says_what_failed_without_what_it_quotes(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(job: worker.Message, hear: object) -> None:
        try:
            {}[job["text"]]
        except KeyError as error:
            raise RuntimeError(f"no {CANARY}") from error

    monkeypatch.setitem(deeds.KINDS, "look", breaks)
    said = worker.Worker(io.StringIO()).do({"id": "1", "kind": "look", "text": CANARY})
    worker._attempt(lambda: breaks({"text": CANARY}, None))
    assert said["state"] == "failed"
    assert CANARY not in str(said)
    out = capfd.readouterr()
    assert "visitor" not in out.err + out.out
    first, second = map(json.loads, out.err.splitlines())
    assert (first["event"], second["event"]) == ("job failed", "warming up failed")
    assert re.fullmatch(
        r"RuntimeError at do:\d+ > breaks:\d+; from KeyError at breaks:\d+", first["error"]
    )


def test_what_nothing_catches_is_said_without_what_it_quotes() -> None:
    code = (
        "import threading\nfrom dashboard import logs\nlogs.catch_all()\n"
        f"def breaks(): raise ValueError({CANARY!r})\n"
        "thread = threading.Thread(target=breaks)\nthread.start()\nthread.join()\nbreaks()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "visitor" not in done.stderr
    errors = [json.loads(line)["error"] for line in done.stderr.splitlines()]
    assert [error.partition(" at ")[0] for error in errors] == ["ValueError", "ValueError"]


def test_what_a_logger_without_handlers_says_is_a_line_too() -> None:
    """As uvicorn's for errors is: Python prints those whole, with what the error quotes."""
    program = (
        "import logging; from dashboard import logs; logs.set_up()\n"
        "silent = logging.getLogger('uvicorn.error'); silent.propagate = False\n"
        "try: {}[%r]\n"
        "except KeyError: silent.exception('Exception in ASGI application\\n')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program % CANARY],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (line,) = ended.stderr.splitlines()
    assert json.loads(line)["error"].startswith("KeyError at ")
    assert CANARY not in line


def test_visitors_are_marked_in_a_way_that_leads_nowhere() -> None:
    visitor = visitors.new_id()
    assert visitors.mark(visitor) == visitors.mark(visitor)
    assert visitors.mark(visitor) not in visitor
    assert len({visitors.mark(visitors.new_id()) for _ in range(50)}) == 50
