"""Composition roots: one module for each kind of function, and the desk of the command line."""
