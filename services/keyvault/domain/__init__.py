"""The rules of records, grants, limits and the audit; no I/O, no framework, no cryptography."""
