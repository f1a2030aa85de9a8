"""SQLite: documents and a bus in files of one folder."""
