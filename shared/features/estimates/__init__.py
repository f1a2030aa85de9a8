"""Statistics of prices and volumes that the steps are written with."""
