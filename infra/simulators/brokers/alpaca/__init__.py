"""A simulated Alpaca: a pure state machine over scripted state and a movable clock."""
