"""Questions to the Hugging Face hub, asked by a process of its own that is ended when time is up.

A hub that cannot be reached costs its client many retries; a download can stall; a Parquet file of
some kilobytes can be gigabytes. None of that is allowed to happen to the process that asks.
``python -m probing.hub_child`` reads a line of JSON and writes one, and bytes where there are any.
"""

import contextlib
import json
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from probing.errors import DataError, ProbingError
from probing.language import say

TASKS = {
    "models": "probing.encoders.search",
    "files": "probing.hub_data",
    "fetch": "probing.hub_data",
}
"""What may be asked, and the module whose ``answer_{task}`` knows."""
MEMORY = 2 * 2**30  # bytes of address space
TIMEOUT = 5.0  # seconds that the hub may take for each of its answers

_ROOT = Path(__file__).resolve().parent.parent


def ask(task: str, seconds: float, **given: Any) -> tuple[dict[str, Any], bytes]:
    """What the hub answers to one of ``TASKS``, with the bytes that came along.

    Raises ``DataError`` with a message for people, also where ``seconds`` were not enough.
    """
    order = json.dumps({"task": task, "given": given}).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "probing.hub_child"],
            cwd=_ROOT,
            input=order,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could quote a file
            timeout=seconds,
            check=False,
        )
        head, _, rest = done.stdout.partition(b"\n")
        answer: dict[str, Any] = json.loads(head)
    except subprocess.TimeoutExpired:
        raise DataError(
            "The hub did not answer in full within {seconds:.0f} seconds. Try again later, or "
            "give what is on this machine.",
            seconds=seconds,
        ) from None
    except ValueError as error:
        raise DataError(
            "What the hub gave takes more memory or time to read than one file is given. Choose a "
            "smaller file."
        ) from error
    if "trouble" in answer:
        trouble = str(answer["trouble"])
        raise DataError(trouble)
    return answer, rest


def why(error: BaseException, repo: str) -> str:
    """What ``error``, raised while the hub was asked about ``repo``, means for the person."""
    from huggingface_hub import constants, errors

    if constants.is_offline_mode():
        return say(
            "The hub is not asked, because HF_HUB_OFFLINE is set. Unset it, or give what is "
            "on this machine."
        )
    if isinstance(error, errors.GatedRepoError):
        return say(
            "{repo} is gated: its owners ask for an agreement. Accept it on its page on the "
            "hub and log in with `hf auth login`, or choose another one.",
            repo=repo,
        )
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        return say(
            "There is no {repo!s} on the hub, or it is private. Check the spelling (owner/name).",
            repo=repo,
        )
    if status is not None:
        return say("The hub answered with status {status}. Try again later.", status=status)
    return say("The hub can't be reached from here. Check the connection, or give what is here.")


# ---- that process


def main() -> None:
    """Answer the question on standard input."""
    order = json.loads(sys.stdin.buffer.readline())
    rest = b""
    try:
        _bounded()
        _quietly()
        _knock()
        answering = getattr(import_module(TASKS[order["task"]]), f"answer_{order['task']}")
        answer, rest = answering(**order["given"])
    except ProbingError as error:
        answer = {"trouble": str(error)}
    except Exception as error:  # noqa: BLE001 - the hub's client fails in any way
        answer = {"trouble": why(error, str(order["given"].get("repo", say("such a model"))))}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + rest)


def _quietly() -> None:
    """Nothing is told to the hub but what is asked; files come by plain HTTP."""
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.HF_HUB_DISABLE_XET = True
    constants.HF_HUB_ETAG_TIMEOUT = constants.HF_HUB_DOWNLOAD_TIMEOUT = int(TIMEOUT)


def _knock() -> None:
    """Find out in one attempt that the hub cannot be reached: its client would try for a minute.

    Raises OSError. Through a proxy only the client knows the way.
    """
    from huggingface_hub import constants

    address = urlsplit(constants.ENDPOINT)
    if constants.is_offline_mode():
        raise ConnectionError
    if not getproxies():
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname or "", port), TIMEOUT).close()


def _bounded() -> None:
    """Hold this process to a file's worth of memory, where the system can."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
