"""The rules of accounts, passwords, sessions and second factors; no I/O and no framework."""
