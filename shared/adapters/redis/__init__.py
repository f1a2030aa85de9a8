"""Redis, for what several instances share and can do without for a while."""
