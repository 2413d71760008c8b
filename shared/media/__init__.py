"""The one place that opens outside media: a sandboxed child process that probes and normalises."""
