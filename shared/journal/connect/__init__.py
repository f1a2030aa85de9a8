"""How a user connects to a broker in the browser."""
