"""A hub on the loopback interface, as much of it as huggingface_hub asks for.

Models lie under their name, data sets under ``datasets/owner/name``.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"


class FakeHub:
    """Repositories by name: a folder, or the error the hub gives for it."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.errors: dict[str, tuple[int, str]] = {}
        """Repository → status and X-Error-Code for everything asked of it."""
        self.gated: set[str] = set()
        """Repositories whose description can be read and whose files cannot."""
        self.sizes: dict[str, int] = {}
        """File name → size in bytes to be told instead of the true one."""
        self.converted: dict[str, Path] = {}
        """Data set → the folder of the hub's own conversion to Parquet."""
        self.models: list[dict[str, Any]] = []
        """What the hub lists of models; a search looks into their ``id``."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.asked: list[str] = []
        """Method and path of every request, in order."""
        self.url = ""

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        self.asked.append(f"{method} {path}")
        time.sleep(self.delay)
        address = urlsplit(path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        if parts == ["api", "models"]:
            return self.search(parse_qs(address.query))
        in_api = parts[0] == "api"
        parts = parts[1:] if in_api else parts
        if parts[0] == "datasets" or not in_api:
            start = 3 if parts[0] == "datasets" else 2
            repo, rest = "/".join(parts[:start]), parts[start:]
        else:
            repo, rest = "/".join(parts[1:3]), parts[3:]
        if repo in self.errors:
            return self.refuse(*self.errors[repo])
        if repo not in self.folders:
            return self.refuse(401, "")
        revision = rest[1] if len(rest) > 1 else "main"
        folder = self.folders[repo]
        if revision == "refs/convert/parquet" and repo in self.converted:
            folder = self.converted[repo]
        elif revision not in ("main", COMMIT):
            return self.refuse(404, "RevisionNotFound")
        if in_api:
            files = [self.describe(file, folder) for file in sorted(folder.rglob("*.*"))]
            if rest[:1] == ["tree"]:
                return self.send(files)
            siblings = [{"rfilename": f["path"], "size": f["size"]} for f in files]
            return self.send({"id": repo, "sha": COMMIT, "siblings": siblings})
        if repo in self.gated:
            return self.refuse(403, "GatedRepo")
        file = folder / "/".join(rest[2:])
        if not file.is_file():
            return self.refuse(404, "EntryNotFound")
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}
        return 200, headers, content

    def search(self, query: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        """Models with the word in their id, no more than asked for."""
        word = query["search"][0].lower()
        found = [model for model in self.models if word in model["id"].lower()]
        return self.send(found[: int(query["limit"][0])])

    def describe(self, file: Path, folder: Path) -> dict[str, Any]:
        size = self.sizes.get(file.name, file.stat().st_size)
        path = file.relative_to(folder).as_posix()
        return {"type": "file", "path": path, "size": size, "oid": "0" * 40}

    @staticmethod
    def send(value: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()

    @staticmethod
    def refuse(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
        return status, {"X-Error-Code": code} if code else {}, b"{}"


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A running ``FakeHub``; ``url`` is where."""
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            status, headers, body = hub.answer(self.command, self.path)
            with suppress(ConnectionError):  # whoever asked may be gone
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        do_GET = do_HEAD = respond

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
