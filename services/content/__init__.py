"""Knows what to ask whom: projects and their revisions, assets, and the providers that make them."""
