"""Binance as a value: its spec, how its two markets are walked, and how its rows are read."""
