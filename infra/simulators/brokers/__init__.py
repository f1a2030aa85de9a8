"""Brokers as state machines over scripted accounts and a movable clock."""
