"""Executions from files: a declared mapping, a preview, errors by line, the same log."""
