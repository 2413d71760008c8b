"""The command line ``studio``."""

from studiomatic.cli.app import main

__all__ = ["main"]
