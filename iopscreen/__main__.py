"""The way in: the `iopscreen` command and `python -m iopscreen`."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Start without collecting garbage: what start-up makes lives until the end.

    It saves a twentieth of a short run; commands that run long switch it on again. Nor is what is left
    looked through at the end.
    """
    gc.disable()
    try:
        from iopscreen import cli

        cli.main()
    except KeyboardInterrupt:  # in the first moments, when nobody else is there to take it
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
