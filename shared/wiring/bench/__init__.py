"""Composition roots of what only a person on their own machine does."""
