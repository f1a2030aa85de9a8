"""Performance reports: what the pure figures are computed from, read and put together."""
