"""Keeping a journal right by hand: unread rows replayed, ranges read again, a sync rehearsed."""
