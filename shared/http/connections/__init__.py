"""Connections over HTTP, and what a user does with what they bring."""
