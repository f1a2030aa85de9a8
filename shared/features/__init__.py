"""Bars and events in, named numbers out; pure."""
