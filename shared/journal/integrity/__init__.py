"""Every invariant of a user's store, checked against the store itself."""
