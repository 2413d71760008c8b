"""The use cases of keyvault, one file each, and the ports they need."""
