"""A simulated Tradovate: a pure state machine over scripted state and a movable clock."""
