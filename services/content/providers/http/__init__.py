"""The one way over which content reaches outside providers: HTTP with clocks, caps and guarded addresses."""
