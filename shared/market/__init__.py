"""The 21 instruments and where their bars and events come from."""
