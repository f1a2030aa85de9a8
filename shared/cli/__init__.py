"""`daybias`: the same use cases on a person's own machine."""
