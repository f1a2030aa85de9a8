"""State machines that speak a foreign wire."""
