"""Exits with 0 where the server of this container answers and its worker lives, else with 1.

The path that the server lies under is that of ``STREAMLIT_SERVER_BASE_URL_PATH``, the port
``PORT``'s, as ``start.sh`` has them.
"""

import os
import sys
import urllib.request

base = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
port = os.environ.get("PORT", "8501")
try:
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port}/{base + '/' if base else ''}ready", timeout=8
    ) as answer:
        sys.exit(answer.status != 200)
except OSError:
    sys.exit(1)
