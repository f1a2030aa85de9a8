"""Service levels of each broker and day, from run records and coverage."""
