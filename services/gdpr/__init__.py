"""Follows up what people may demand of their data; so far it keeps the heads of the vault's audit."""
