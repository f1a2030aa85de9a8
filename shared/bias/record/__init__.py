"""The forecasts of record: sealed into the chain before the open, scored after the close."""
