"""The nginx configuration of DEPLOYING.md, as it stands there, before the real server."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ROOT, new_window
from tests.browser.test_flows import sentences

MB = 1_000_000  # as the browser's side of Streamlit counts
_NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass(frozen=True)
class Site:
    """What lies behind nginx: ``https://127.0.0.1:PORT/probe/``, or the whole site."""

    address: str
    base: str
    log: Path


def documented(base: str) -> str:
    """The configuration of DEPLOYING.md, changed as it says for a site of its own."""
    text = (ROOT / "DEPLOYING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    if base:
        return str(block)
    kept = [line for line in block.splitlines() if "return 301" not in line]
    return "\n".join(kept).replace("/probe/", "/")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configured(folder: Path, base: str, port: int, behind: int) -> Path:
    """That configuration with this machine's ports and a certificate, as nginx takes it."""
    key = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    request = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=site")
    subprocess.run(["openssl", *request, *key], check=True, capture_output=True)
    certificate = f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"
    changes = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "# ssl_certificate …; ssl_certificate_key …;": certificate,
        "http://127.0.0.1:8501;": f"http://127.0.0.1:{behind};",
    }
    site = documented(base)
    for was, now in changes.items():
        assert site.count(was) == 1, was
        site = site.replace(was, now)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""  # others may not enter pytest's folders
    whole = f"""
        {user} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
        events {{}}
        http {{ access_log off; {paths} {site} }}
    """
    path = folder / "nginx.conf"
    path.write_text(whole, encoding="utf-8")
    return path


@contextmanager
def started(folder: Path, base: str) -> Iterator[Site]:
    """A public server with a small limit, and nginx before it."""
    if _NGINX is None or shutil.which("openssl") is None:
        if os.environ.get("CI"):
            pytest.fail("no nginx or no openssl; .ci/run installs them")
        pytest.skip("needs nginx and openssl (Debian's packages of these names)")
    port, behind = free_port(), free_port()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PROBING_", "STREAMLIT_"))}
    chosen = {
        "PROBING_PUBLIC": "1",
        "PROBING_MAX_UPLOAD_MB": "2",
        "PROBING_HOME": str(folder / "h"),
    }
    app = str(ROOT / "dashboard" / "app.py")
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.port", str(behind)]
    command += ["--server.baseUrlPath", "probe"] if base else []
    site = Site(f"https://127.0.0.1:{port}", base, folder / "log")
    configuration = configured(folder, base, port, behind)
    with site.log.open("wb") as log:
        processes = [
            subprocess.Popen(
                command,
                cwd=folder,
                env={**kept, **chosen, "PYTHONPATH": ""},
                stdout=log,
                stderr=log,
            ),
            subprocess.Popen(
                [_NGINX, "-p", str(folder), "-c", str(configuration)], stdout=log, stderr=log
            ),
        ]
    try:
        deadline = time.monotonic() + 90
        while asked(site, "/ready")[0] != 200:
            assert time.monotonic() < deadline, site.log.read_text()
            time.sleep(0.1)
        yield site
    finally:
        for process in processes:
            process.terminate()
            process.wait(20)


def asked(site: Site, path: str) -> tuple[int, str, list[str]]:
    """(status, address after redirects, cookies) of a page; 0 where nobody answers."""
    context = ssl._create_unverified_context()
    try:
        url = site.address + site.base + path
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return answer.status, answer.url, answer.headers.get_all("set-cookie") or []
    except urllib.error.HTTPError as error:
        return error.code, "", []
    except OSError:
        return 0, "", []


@pytest.mark.parametrize("base", ["/probe", ""], ids=["subpath", "own-site"])
def test_behind_nginx(base: str, chromium: Browser, tmp_path: Path) -> None:
    with started(tmp_path, base) as site:
        status, address, cookies = asked(site, "")
        assert (status, address) == (200, f"{site.address}{base}{'/' if base else ''}")
        assert asked(site, "/metrics")[0] == 403
        mine = next(cookie for cookie in cookies if cookie.startswith("cls_probe_visitor="))
        assert "Secure" in mine
        assert f"Path={base or '/'};" in mine
        _visit(site, chromium, tmp_path)


def _visit(site: Site, chromium: Browser, folder: Path) -> None:
    window = new_window(chromium, site.address, ignore_https_errors=True)
    page = window.page
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    window.open(f"{site.base}/data")
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    file, small = page.locator("input[type=file]"), sentences(folder / "small.csv", 40)
    for size, sign in ((2 * MB + 1, "must be 2.0MB or smaller"), (2 * MB, "read as cp1252")):
        path = folder / f"{size}.csv"
        path.write_bytes(padded(small.read_bytes(), size))
        file.set_input_files(path)
        expect(page.get_by_text(sign).first).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    expect(page).to_have_url(f"{site.address}{site.base}/runs")
    page.get_by_role("link", name="Layers").click()
    page.get_by_role("radio", name="Table").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download table").click()
    assert download.value.path().read_text().startswith("layer,pooling,")
    assert sockets == [f"{site.address.replace('https', 'wss')}{site.base}/_stcore/stream"]
    page.context.close()
    assert window.errors == []
    assert window.outside == []


def padded(table: bytes, size: int) -> bytes:
    """A table with more rows at its end, of so many bytes."""
    row = b"w" * 4_000 + b";food\n"
    rows, rest = divmod(size - len(table), len(row))
    return table + row * rows + b"\n" * rest
