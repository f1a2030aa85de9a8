"""What a stored page leaves: entries of the log, rows that could not be read, and no remains."""
