"""`make demo`: a declared replay of Friday 2020-05-29 through the deployed entry points."""
