"""Keeping up with a broker: the connection, when it is asked, and how well that went."""
