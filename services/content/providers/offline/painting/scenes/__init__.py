"""The families of scenes; each paints on a canvas with a palette and a generator."""
