"""Contracts and plumbing that every service uses; never a decision of one service."""
