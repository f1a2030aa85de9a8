"""`<technology>_<port>` modules: the only importers of cloud SDKs, sqlite3 and model SDKs."""
