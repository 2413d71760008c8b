"""The use cases of gdpr, one file each."""
