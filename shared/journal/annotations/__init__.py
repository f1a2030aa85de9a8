"""What traders say of their trades: kept by the row of the log that they spoke of."""
