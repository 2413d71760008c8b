"""Built-in providers: no key, no network, the same answer to the same request on every machine."""
