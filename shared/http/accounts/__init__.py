"""One account over HTTP: held against its broker, kept in a way, erased."""
