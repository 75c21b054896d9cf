"""`python -m wce_cli`: the same as `wce`."""

import sys

from wce_cli.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
