"""Watching connections on a person's own machine: news come early, the log stays REST's."""
