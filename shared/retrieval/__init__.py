"""Texts that can be found again: made into passages, embedded, searched, compared."""
