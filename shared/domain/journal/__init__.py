"""What follows from the execution log: positions, round trips, days, performance; all pure."""
