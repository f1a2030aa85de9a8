"""The forecaster over past years: walked forward, held to rivals, leaks, inputs and bars."""
