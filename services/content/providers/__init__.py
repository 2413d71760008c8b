"""Makes scripts, pictures, speech and music: one port for each kind, and the built-in providers behind them."""
