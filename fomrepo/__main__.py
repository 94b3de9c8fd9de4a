"""``fomrepo``, also as ``python -m fomrepo``: a command line that Ctrl-C ends without a traceback, however early."""

from __future__ import annotations

import sys

__all__ = ["main"]

#: 128 + SIGINT, as shells have it. What says so in words is not loaded yet.
INTERRUPTED = 130


def main() -> None:
    """Load the commands, which takes a quarter of a second, and run the one that was named."""
    try:
        from fomrepo.cli import app

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
