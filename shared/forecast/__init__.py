"""Calibrated probabilities, the label by lift, and the score of past forecasts."""
