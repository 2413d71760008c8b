"""``python -m studiomatic`` is ``studio``."""

from studiomatic.cli import main

main()
