#!/bin/sh
# A Chromium for the browser tests: the machine's own, else Debian's, else Playwright's. And axe-core,
# which looks for what people who see or hear badly meet; without npm its tests are skipped.
# $1 is the folder of the virtual environment's programs.
set -eu
if command -v npm >/dev/null; then
    npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent ||
        echo "axe-core could not be fetched; the tests of accessibility will be skipped" >&2
fi
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
    "$1/playwright" install chromium
fi
