"""The rules of projects, requests to providers and the ledger; no I/O and no framework."""
