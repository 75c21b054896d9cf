"""`python -m wce_cli`, and the `wce` command."""

from __future__ import annotations

import gc
import os
import sys


def run() -> int:
    """Run the command line of this process and return its exit code."""
    gc.disable()  # one short run: imports make many objects, and none of them is garbage
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would start threads that we never use
    try:
        from wce_cli.cli.app import main
        from wce_cli.processes.signals import ends_in_order

        with ends_in_order():
            code = main()
        gc.freeze()  # nor is it when the process ends, where Python would look through all of them once more
        return code
    except KeyboardInterrupt:  # while the modules were being loaded
        return 130
    except (ImportError, MemoryError, SyntaxError) as error:  # \N{…} is a syntax error where no memory is left
        if "wce_cli" in (getattr(error, "name", None) or ""):
            raise
        reason = " ".join(str(error).split()) or "there is not enough memory"
        sys.stderr.write(f"error: wce cannot be loaded: {reason}\n")
        return 2


if __name__ == "__main__":
    sys.exit(run())
