"""A simulated Binance: a pure state machine over scripted state and a movable clock."""
