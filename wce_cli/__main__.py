"""`python -m wce_cli`: the same as `wce`."""

from wce_cli.cli.app import main

if __name__ == "__main__":
    main()
