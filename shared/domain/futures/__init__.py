"""Futures: what their contracts are, and how positions roll from one month to another."""
