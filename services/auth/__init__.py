"""Knows who has an account, and who is logged in."""
