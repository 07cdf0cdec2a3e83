"""``python -m probing``."""

import sys

from probing.cli import main

if __name__ == "__main__":
    sys.exit(main())
