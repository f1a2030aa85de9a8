"""Use cases of the journal: connections, sync, store, build, reconcile, quarantine."""
