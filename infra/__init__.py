"""Tools around the code; never deployed."""
