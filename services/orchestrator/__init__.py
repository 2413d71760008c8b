"""Knows when: the order of tasks, their attempts, and fairness between accounts."""
