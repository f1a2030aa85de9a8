"""A user's connections to brokers: how one is made, sealed, kept in health and deleted."""
