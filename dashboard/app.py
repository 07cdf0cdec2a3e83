"""The server: ``streamlit run dashboard/app.py``.

``streamlit run`` puts this folder, not the repository, on the module path; the first lines mend
that, so that the command works from any working directory.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard.jobs import jobs  # noqa: E402
from dashboard.samples import FINISHED  # noqa: E402
from probing import load_run  # noqa: E402


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """What the first visitor need not wait for: the worker starts, the sample is drawn once."""
    jobs()
    load_run(FINISHED).figure("map")
    yield


app = st.App(Path(__file__).with_name("page.py"), lifespan=lifespan)
