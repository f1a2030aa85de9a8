"""Texts beside the numbers: what becomes one, how it gets into the index, which a bias is given."""
