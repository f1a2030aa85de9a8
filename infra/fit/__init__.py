"""Offline fitting and generated tables; seeded, committed, never deployed."""
