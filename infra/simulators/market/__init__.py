"""Market data providers on the wire, each a pure state machine over scripted prints."""
