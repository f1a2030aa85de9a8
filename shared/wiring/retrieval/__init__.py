"""Retrieval put together: an index, an embedder, and who searches and writes."""
