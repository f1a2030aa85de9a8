"""Qdrant's engine in this process, and its server."""
