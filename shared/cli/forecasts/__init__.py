"""Commands about forecasts: what past ones would have been worth, what live ones have been."""
