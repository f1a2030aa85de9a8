"""Composition root of `daybias doctor`: every door of a deployment is tried once, cheaply."""
