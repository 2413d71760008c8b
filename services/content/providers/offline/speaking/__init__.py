"""Speech of the built-in voice: voices, text preparation, the engine, sound shaping and word times."""
