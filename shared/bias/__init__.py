"""Snapshot, pipeline, single flight: from numbers to a stored answer."""
