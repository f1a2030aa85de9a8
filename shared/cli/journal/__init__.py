"""Commands over a journal: reading, keeping, comparing and mending it."""
