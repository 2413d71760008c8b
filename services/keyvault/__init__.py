"""The only holder of the key that encrypts the secrets of people."""
