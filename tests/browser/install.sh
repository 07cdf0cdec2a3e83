#!/bin/sh
# A Chromium for the browser tests: the machine's own, else Debian's, else Playwright's.
# $1 is the folder of the virtual environment's programs.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
    "$1/playwright" install chromium
fi
