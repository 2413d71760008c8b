"""Write the documents: ``python -m shared.bus.documents TARGET --examples FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shared.bus.documents.writing import BreakingChangeError, generate, load_examples, refuse_breaking_changes


def main() -> int:
    """Write all documents, unless a published message would change for those who read it."""
    parser = argparse.ArgumentParser(prog="python -m shared.bus.documents", description=main.__doc__)
    parser.add_argument("target", type=Path, help="folder of the documents")
    parser.add_argument("--examples", type=Path, required=True, help="folder of one message as sent for each type")
    arguments = parser.parse_args()
    documents = generate(load_examples(arguments.examples))
    try:
        refuse_breaking_changes(arguments.target, documents)
    except BreakingChangeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, text in documents.items():
        path = arguments.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
