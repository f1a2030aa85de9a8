"""tastytrade as a value: its spec, and how its rows are read."""
