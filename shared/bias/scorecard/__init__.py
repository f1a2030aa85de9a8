"""The live scorecard: what the forecasts of record have been worth, for anybody to verify."""
