#!/bin/sh
# Starts the server of the image; arguments go to streamlit. PORT: where it listens (8501).
set -eu
mkdir -p "$PROBING_HOME" "$NUMBA_CACHE_DIR"
# numba needs a folder that it may write to, even to read what was compiled at build
if [ -d /opt/numba ] && [ -z "$(ls -A "$NUMBA_CACHE_DIR")" ]; then
    cp -r /opt/numba/. "$NUMBA_CACHE_DIR"
fi
exec streamlit run dashboard/app.py --server.address 0.0.0.0 --server.port "${PORT:-8501}" "$@"
