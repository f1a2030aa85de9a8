"""Wiring of language models: which there are, and how they stand."""
