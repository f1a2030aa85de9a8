"""Past days and past snapshots, each as it was known then."""
