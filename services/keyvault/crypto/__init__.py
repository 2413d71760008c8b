"""Envelope encryption: the keyring, record format 1, sealed delivery, the audit chain."""
