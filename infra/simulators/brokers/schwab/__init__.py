"""A simulated Charles Schwab: a pure state machine over scripted state and a movable clock."""
