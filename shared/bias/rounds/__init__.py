"""What the scheduler asks for, beside the forecasts of record."""
