"""Pictures of the built-in painter: layered flat shapes, soft light, no text."""
