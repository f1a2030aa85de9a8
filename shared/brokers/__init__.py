"""Brokers as values: one spec and its parse functions a module, one engine for all."""
