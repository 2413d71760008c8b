"""The entry point of ``studio`` and of ``python -m studiomatic``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly also while it is still loading."""
    try:
        from shared.variables import ignored_variables
        from studiomatic.cli import main as run

        for sentence in ignored_variables():
            print(f"warning: {sentence}", file=sys.stderr)  # noqa: T201
        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
