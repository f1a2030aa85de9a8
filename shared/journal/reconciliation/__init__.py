"""What the broker says is held against what the log says, and what differs."""
