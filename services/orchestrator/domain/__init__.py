"""The rules of jobs and tasks; no I/O and no framework."""
