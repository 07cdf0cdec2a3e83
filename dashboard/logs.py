"""The server's log: a line of JSON an event, and nothing that a visitor wrote.

No text, label, file name, column, cookie or address is ever logged. Of an exception only its type
and the places in the code are, since messages quote what came.
"""

import json
import logging
import sys
import threading
import time
import traceback
from typing import Any

LOGGER = logging.getLogger("cls_probe")


class Lines(logging.Formatter):
    """A record as one line of JSON; line breaks in it are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage() if not record.exc_info else str(record.msg),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = places(record.exc_info[1])
        return json.dumps(line)


def places(error: BaseException) -> str:
    """An exception's type and where it was raised, innermost last, and the same of its cause; no
    message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-12:])
    said = f"{type(error).__name__} at {where}"
    context = None if error.__suppress_context__ else error.__context__
    cause = error.__cause__ or context
    return said if cause is None else f"{said}; from {places(cause)}"


def failure(name: str, error: BaseException) -> None:
    """Say on standard error what failed, whether or not a log was set up in this process."""
    made = LOGGER.makeRecord(
        LOGGER.name, logging.ERROR, "", 0, name, (), (type(error), error, error.__traceback__)
    )
    sys.stderr.write(Lines().format(made) + "\n")
    sys.stderr.flush()


def catch_all() -> None:
    """Say so too what nothing catches: Python itself would print the message."""
    sys.excepthook = lambda kind, error, trace: failure("uncaught", error)
    threading.excepthook = lambda about: failure("uncaught", about.exc_value or SystemExit())


def event(name: str, **fields: str | float | bool | None) -> None:
    """Log what happened. ``fields`` are numbers and words of this program, never a visitor's."""
    LOGGER.info(name, extra={"fields": fields})


def set_up() -> None:
    """Write all that this process logs as such lines; called where strangers come."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    logging.root.handlers[:] = [handler]
    last = logging.lastResort = logging.StreamHandler(sys.stderr)  # uvicorn's errors have no other
    last.setLevel(logging.WARNING)
    last.setFormatter(Lines())
    logging.captureWarnings(True)
    for other in logging.root.manager.loggerDict.values():
        if isinstance(other, logging.Logger):
            for existing in other.handlers:
                existing.setFormatter(Lines())
