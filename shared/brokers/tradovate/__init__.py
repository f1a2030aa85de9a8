"""Tradovate as a value: its spec, how its session and ledger are walked, how rows are read."""
