"""Documents that follow from the log, and how far a build had read it."""
