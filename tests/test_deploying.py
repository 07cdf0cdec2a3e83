"""The image that nobody builds here: its recipe read, its start run in a clean directory."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from dashboard.guard import OVERHEAD
from probing.environment import limits

ROOT = Path(__file__).resolve().parents[1]
Steps = list[tuple[str, str]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    """Instructions of the Dockerfile, with what follows them, lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(None, 1)[1]) for line in joined.splitlines() if line]


def given(steps: Steps, instruction: str) -> list[str]:
    return [rest for name, rest in steps if name == instruction]


def last_stage(steps: Steps) -> Steps:
    start = max(i for i, (name, _) in enumerate(steps) if name == "FROM")
    return steps[start:]


def test_it_runs_as_nobody_special(steps: Steps) -> None:
    final = last_stage(steps)
    assert given(final, "USER") == ["1000:1000"], "by number, so that a cluster can check it"
    order = [name for name, _ in final]
    assert order.index("USER") < order.index("HEALTHCHECK") < order.index("ENTRYPOINT")
    assert "useradd --uid 1000" in " ".join(given(final, "RUN"))


def test_its_base_and_its_packages_are_pinned(steps: Steps) -> None:
    (argument,) = given(steps, "ARG")
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", argument)
    assert {rest.split()[0] for rest in given(steps, "FROM")} == {"python:${PYTHON}"}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        package = line.partition("#")[0].strip()
        assert not package or re.fullmatch(r"[\w-]+==[\w.]+", package), line


def test_torch_is_the_cpu_build_and_comes_first(steps: Steps) -> None:
    (install,) = (rest for rest in given(steps, "RUN") if "pip install" in rest)
    first, second = install.split("&&")
    assert "--index-url https://download.pytorch.org/whl/cpu" in first
    named = re.search(r'"\$\((.+)\)"', first)
    assert named is not None
    shell = subprocess.run(
        ["sh", "-c", named.group(1)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+\n", shell.stdout)
    assert "-r requirements.txt" in second


def test_no_secret_and_nothing_from_the_internet_but_packages(steps: Steps) -> None:
    for name, rest in steps:
        assert name != "ADD"
        assert not re.search(r"TOKEN|SECRET|PASSWORD|API_?KEY", rest, re.IGNORECASE)
        assert not re.search(r"\b(curl|wget)\b", rest)
    assert "PROBING_PUBLIC=1" in " ".join(given(steps, "ENV"))


def test_messages_are_bounded_before_they_are_read(steps: Steps) -> None:
    """Streamlit hands this to its web server when it starts: later it has no effect."""
    image = re.search(r"STREAMLIT_SERVER_MAX_MESSAGE_SIZE=(\d+)", " ".join(given(steps, "ENV")))
    nginx = re.search(r"--server\.maxMessageSize (\d+)", "".join(blocks("")))
    assert image is not None
    assert nginx is not None
    assert image[1] == nginx[1] == "25"


def test_all_it_writes_lies_in_the_volume(steps: Steps) -> None:
    assert given(steps, "VOLUME") == ["/data"]
    pairs = [pair.partition("=") for pair in " ".join(given(last_stage(steps), "ENV")).split()]
    variables = {name: value for name, _, value in pairs}
    for name in ("HOME", "HF_HOME", "NUMBA_CACHE_DIR", "PROBING_HOME"):
        assert Path("/data") in (Path(variables[name]), *Path(variables[name]).parents)


def test_a_linter_of_dockerfiles_has_nothing_to_say() -> None:
    beside = Path(sys.executable).parent
    linter = shutil.which("hadolint", path=f"{beside}:{os.environ.get('PATH', '')}")
    if linter is None:
        pytest.skip("no hadolint; tests/requirements.txt has it for Linux on x86-64")
    done = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    bad = "FROM python:latest\nRUN sudo pip install torch\n"
    assert subprocess.run([linter, "-"], input=bad, capture_output=True, text=True).returncode


# ---- DEPLOYING.md


def blocks(language: str) -> list[str]:
    """The fenced blocks of DEPLOYING.md in a language; "" for those that name none."""
    text = (ROOT / "DEPLOYING.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_documented_space_asks_for_the_port_of_the_image(steps: Steps) -> None:
    (front,) = (block for block in blocks("") if block.startswith("---\n"))
    fields = dict(line.split(": ") for line in front.splitlines() if ": " in line)
    assert fields["sdk"] == "docker"
    assert given(steps, "EXPOSE") == [fields["app_port"]]
    start = (ROOT / "deploy" / "start.sh").read_text()
    assert f"PORT:-{fields['app_port']}}}" in start
    assert "--server.address 0.0.0.0" in start


def test_the_documented_container_can_write_to_the_volume_alone(steps: Steps) -> None:
    (command,) = (block for block in blocks("") if "docker run" in block)
    assert "--read-only --tmpfs /tmp" in command
    assert f":{given(steps, 'VOLUME')[0]} " in command


def test_the_documented_secrets_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (block for block in blocks("") if block.startswith("PROBING_"))
    for name, value in tomllib.loads(block).items():
        monkeypatch.setenv(name, value)
    found = limits()
    assert found.public
    assert (found.rows, found.memory_gb) == (3_000, 1.2)


def test_the_documented_proxy_lets_through_what_the_server_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (block,) = blocks("nginx")
    most = re.search(r"client_max_body_size (\d+)m;", block)
    assert most is not None
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    assert int(most.group(1)) * 2**20 >= limits().upload_mb * 2**20 + OVERHEAD


def copied(steps: Steps) -> list[str]:
    return [rest.split()[0] for rest in given(steps, "COPY") if not rest.startswith("--from")]


def let_through(path: str) -> bool:
    """Whether ``.dockerignore`` sends a path: the last rule that matches decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            rule = line.removeprefix("!").removeprefix("**/")
            anywhere = "**/" in line
            parts = path.split("/")
            names = parts if anywhere else parts[:1]
            if any(fnmatch(name, rule) for name in names):
                sent = line.startswith("!")
    return sent


def test_only_what_the_server_needs_is_sent(steps: Steps) -> None:
    for source in copied(steps):
        assert (ROOT / source).exists(), source
        assert let_through(source), source
    assert let_through("dashboard/.streamlit/config.toml")
    for path in (
        *(".git/config", ".venv/bin/python", "tests/conftest.py", "runs/demo/run.json", ".env"),
        *("probing/__pycache__/cli.pyc", "dashboard/.streamlit/secrets.toml", "README.md"),
    ):
        assert not let_through(path), path


@pytest.fixture
def image(steps: Steps, tmp_path: Path) -> Path:
    """What COPY brings, in a clean directory that knows nothing of the project around it."""
    app = tmp_path / "app"
    app.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for source in copied(steps):
        here = ROOT / source
        if here.is_dir():
            shutil.copytree(here, app / source, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy(here, app / source)
    return app


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture
def started(image: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The image's entry point, run under a path, as the health check's environment has it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PROBING_", "STREAMLIT_"))}
    data = tmp_path / "data"
    data.mkdir()
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(data),
        "HF_HOME": str(data / "huggingface"),
        "NUMBA_CACHE_DIR": str(data / "numba"),
        "PROBING_HOME": str(data / "probing"),
        "PROBING_PUBLIC": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "",
        "PORT": str(port),
        "STREAMLIT_SERVER_BASE_URL_PATH": "probe",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "deploy/start.sh"], cwd=image, env=environment, stdout=log, stderr=log
        )
    yield environment
    process.terminate()
    process.wait(20)


def healthy(image: Path, environment: dict[str, str]) -> bool:
    check = [sys.executable, "deploy/healthy.py"]
    return subprocess.run(check, cwd=image, env=environment, check=False).returncode == 0


def test_the_entry_point_serves_from_a_clean_directory_and_writes_to_data_only(
    image: Path, started: dict[str, str], tmp_path: Path
) -> None:
    before = files(image)
    deadline = time.monotonic() + 90
    while not healthy(image, started):
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.2)
    assert files(image) == before
    assert not healthy(image, {**started, "STREAMLIT_SERVER_BASE_URL_PATH": "elsewhere"})
    assert not healthy(image, {**started, "PORT": "1"})
