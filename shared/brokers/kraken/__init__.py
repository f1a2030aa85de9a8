"""Kraken as a value: its spec, how its trades and its ledger are joined, how rows are read."""
