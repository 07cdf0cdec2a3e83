"""The server: ``streamlit run dashboard/app.py``.

``streamlit run`` puts this folder, not the repository, on the module path; the first lines mend
that, so that the command works from any working directory.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.concurrency import run_in_threadpool  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from dashboard import cached, logs, preview, retention  # noqa: E402
from dashboard.atlas import resources  # noqa: E402
from dashboard.guard import Guard  # noqa: E402
from dashboard.jobs import jobs  # noqa: E402
from dashboard.library import library  # noqa: E402
from dashboard.samples import FINISHED  # noqa: E402
from dashboard.served import base_path, bytes_held, limits_or_exit  # noqa: E402
from probing import load_run  # noqa: E402

LIMITS = limits_or_exit()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """What the first visitor need not wait for: the worker starts, the sample is drawn once."""
    if LIMITS.public:
        logs.set_up()
    known = retention.known_to(jobs())
    await run_in_threadpool(retention.clean, library(), known)
    keeper = asyncio.create_task(retention.keep_in_order(known, cached.forget_runs))
    load_run(FINISHED).figure("map")
    gc.freeze()  # Streamlit collects after each script run: what is loaded by now stays anyway
    logs.event("server_started", public=LIMITS.public)
    yield
    keeper.cancel()


app = st.App(
    Path(__file__).with_name("page.py"),
    lifespan=lifespan,
    routes=[*resources.routes(), *preview.routes()],
    middleware=[Middleware(Guard, limits=LIMITS, base=base_path(), held=bytes_held)],
)
