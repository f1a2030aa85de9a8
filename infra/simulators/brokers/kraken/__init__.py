"""A simulated Kraken: spot, on margin too, with its ledger, nonces and call counters."""
