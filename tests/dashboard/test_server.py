"""The real server, as an operator starts it: public, under a path, asked over the network."""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard import served

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "an-operators-token-0123"
MB = 2**20
FORGED = 'a"\r\n{"event": "server_stopped"} secret-name.csv'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Server:
    port: int
    out: Path
    """What it wrote to standard output,"""
    log: Path
    """and to standard error."""

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Answer:
        """One request; a body that is an iterator goes in chunks."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, path, body=body, headers=asked)  # type: ignore[arg-type]
            got = line.getresponse()
            text = got.read().decode("utf-8", "replace")
            return Answer(got.status, {n.lower(): v for n, v in got.getheaders()}, text)


def command(*arguments: str) -> list[str]:
    app = str(ROOT / "dashboard" / "app.py")
    return [sys.executable, "-m", "streamlit", "run", app, *arguments]


def surroundings(home: Path, **chosen: str) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PROBING_", "STREAMLIT_"))}
    return {**kept, "PYTHONPATH": "", "PROBING_HOME": str(home), **chosen}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A public server of small limits under /probe; started once."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Server(port, folder / "out", folder / "log")
    with found.out.open("wb") as out, found.log.open("wb") as log:
        process = subprocess.Popen(
            command("--server.port", str(port), "--server.baseUrlPath", "probe"),
            cwd=folder,
            stdout=out,
            stderr=log,
            env=surroundings(
                folder / "home",
                PROBING_PUBLIC="1",
                PROBING_MAX_UPLOAD_MB="1",
                PROBING_UPLOADS_MB_PER_HOUR="3",
                PROBING_METRICS_TOKEN=TOKEN,
            ),
        )
    try:
        _until_up(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _until_up(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.ask("/probe/_stcore/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{server.log.read_text()}")


def test_under_its_path_it_is_healthy_and_ready(server: Server) -> None:
    assert server.ask("/probe/_stcore/health").text == "ok"
    ready = server.ask("/probe/ready")
    assert (ready.status, json.loads(ready.text)) == (200, {"ready": True, "worker": True})
    for page in ("/probe/", "/probe/data", "/probe/layers?run=" + "0" * 32):
        answer = server.ask(page)
        assert (answer.status, '<div id="root">' in answer.text) == (200, True), page
    assert server.ask("/ready").status == 404
    assert server.ask("/_stcore/health").status == 404


@pytest.mark.parametrize(
    "path", ["/probe/", "/probe/_stcore/health", "/probe/favicon.png", "/probe/x/y", "/elsewhere"]
)
def test_every_answer_has_the_headers(server: Server, path: str) -> None:
    headers = server.ask(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "SAMEORIGIN"


def test_streamlits_own_figures_are_closed(server: Server) -> None:
    for path in (
        "/probe/_stcore/metrics",
        "/probe/_stcore/metrics/",
        "/probe/_stcore/%6Detrics",
        "/probe//_stcore/metrics",
        "/probe/_stcore/agent/openapi.json",
        "/_stcore/metrics",
    ):
        answer = server.ask(path)
        assert answer.status in (400, 404), path
        assert "cache_memory" not in answer.text
    assert server.ask("/probe/metrics").status == 404
    assert server.ask("/probe/metrics", Authorization="Bearer x").status == 404
    answer = server.ask("/probe/metrics", Authorization=f"Bearer {TOKEN}")
    assert answer.status == 200
    assert "cls_probe_worker_up 1\n" in answer.text


def test_without_the_token_of_the_page_nothing_is_uploaded(server: Server) -> None:
    path = "/probe/_stcore/upload_file/session/file"
    assert server.ask(path, "PUT", form(10)[0], content_type=form(10)[1]).status == 403


def announce(server: Server, size: int) -> int:
    """The answer to an upload of which only the head is sent."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as line:
        line.putrequest("PUT", "/probe/_stcore/upload_file/session/file")
        line.putheader("Content-Length", str(size))
        line.endheaders()
        return line.getresponse().status


def test_a_file_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    assert announce(server, 200 * MB) == 413


def form(size: int, name: str = "a.csv") -> tuple[bytes, str]:
    """A file of so many bytes as a browser sends it, and the content type."""
    border = "x" + secrets.token_hex(8)
    head = f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
    return head.encode() + b"a" * size + f"\r\n--{border}--\r\n".encode(), (
        f"multipart/form-data; boundary={border}"
    )


@pytest.fixture
def session(server: Server) -> Iterator[dict[str, str]]:
    """A visitor with an open page: what the uploads of it carry, and ``path`` to send them to."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    given = server.ask("/probe/_stcore/health").headers["set-cookie"].partition(";")[0]
    visitor = server.ask("/probe/").headers["set-cookie"].partition(";")[0]
    cookie = f"{given}; {visitor}"
    with connect(
        f"ws://127.0.0.1:{server.port}/probe/_stcore/stream",
        additional_headers={"Cookie": cookie},
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as page:
        message = BackMsg()
        message.rerun_script.query_string = ""
        page.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(bytes(page.recv(timeout=60)))  # type: ignore[arg-type]
            if answer.WhichOneof("type") == "new_session":
                break
        path = f"/probe/_stcore/upload_file/{answer.new_session.initialize.session_id}/f"
        yield {"path": path, "cookie": cookie, "X_Xsrftoken": given.partition("=")[2]}


@pytest.mark.parametrize(
    ("message", "code"),
    [(b"\xff" * 1_100_000, 1009), (b"\xff", 1002), ("words", 1008)],
    ids=["large", "no message", "text"],
)
def test_what_no_page_says_ends_its_line(server: Server, message: bytes | str, code: int) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with connect(
        f"ws://127.0.0.1:{server.port}/probe/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as line:
        with pytest.raises(ConnectionClosed) as ended:  # noqa: PT012 - while it sends, or then
            line.send(message)
            line.recv(timeout=60)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == code
    assert server.ask("/probe/_stcore/health").status == 200


def test_a_scripted_visitor_with_an_open_page_meets_every_limit(
    server: Server, session: dict[str, str]
) -> None:
    path, open_page = session.pop("path"), session

    def put(size: int, *, stream: bool = False) -> int:
        body, kind = form(size, FORGED.replace("\r\n", "%0D%0A").replace('"', ""))
        chunks = (body[i : i + 50_000] for i in range(0, len(body), 50_000))
        sent: object = chunks if stream else body
        try:
            answer = server.ask(path, "PUT", sent, content_type=kind, **open_page)
        except (BrokenPipeError, ConnectionResetError):
            return 413  # the server hung up while more was sent
        return answer.status

    assert put(MB - 1_000) == 204
    assert put(3 * MB, stream=True) == 413
    assert put(MB // 2) == 204
    assert put(MB) == 202
    counted = server.ask("/probe/metrics", Authorization=f"Bearer {TOKEN}").text
    assert 'uploads_refused_total{reason="rate"} 1\n' in counted


def test_the_log_is_lines_of_json_and_holds_nothing_of_a_visitor(server: Server) -> None:
    server.ask("/probe/x?text=%0aa-visitors-text", User_Agent="a-visitors-browser")
    announce(server, 3 * MB)
    events = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert events[0]["event"] == "server_started"
    assert any(event["event"] == "upload_refused" for event in events)
    both = server.log.read_text() + server.out.read_text()
    for word in ("visitors", "secret-name", "server_stopped", "session/file", "cls_probe_visitor"):
        assert word not in both


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("PROBING_MAX_ROWS", "lots", "a whole number from 1"), ("PROBING_PUBLIC", "yes", "0 or 1")],
)
@pytest.mark.parametrize("secrets_file", [False, True], ids=["environment", "secrets.toml"])
def test_a_slip_in_a_variable_ends_the_start_in_one_line(
    tmp_path: Path, name: str, value: str, said: str, secrets_file: bool
) -> None:
    if secrets_file:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "secrets.toml").write_text(f'{name} = "{value}"\n')
    ended = subprocess.run(
        command("--server.port", "0"),
        cwd=tmp_path,
        env=surroundings(tmp_path, **({} if secrets_file else {name: value})),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    (line,) = [line for line in ended.stderr.splitlines() if line.strip()]
    assert line.startswith(f"error: {name} is '{value}'; it must be {said}")


@pytest.mark.parametrize("public", ["0", "1"])
def test_streamlits_own_settings_are_kept_in_step(
    public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: dict[str, object] = {}
    monkeypatch.setattr(served.config, "set_option", chosen.__setitem__)
    monkeypatch.setenv("PROBING_PUBLIC", public)
    monkeypatch.setenv("PROBING_MAX_UPLOAD_MB", "70")
    served.limits_or_exit()
    assert chosen.pop("server.maxUploadSize") == 70
    careful = {
        "logger.enableRich": False,  # rich prints an error's text past the log
        "server.maxWidgetStateSize": 1,
    }
    assert chosen == (careful if public == "1" else {})
    monkeypatch.setenv("PROBING_FRAME_ANCESTORS", "https://huggingface.co")
    served.limits_or_exit()
    assert chosen["server.xsrfCookieSameSite"] == "none"
