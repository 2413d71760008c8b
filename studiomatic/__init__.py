"""Studiomatic: a topic or slides in, a narrated video out.

Importing this package loads no framework, broker or codec; ``studiomatic.client`` talks to the services.
"""

__version__ = "0.1.0"
