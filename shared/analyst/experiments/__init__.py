"""Two ways of asking compared: declared beforehand, assigned by hash, reported with intervals."""
