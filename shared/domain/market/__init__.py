"""Markets: what an instrument is, its bars, and the calendar events that move it."""
