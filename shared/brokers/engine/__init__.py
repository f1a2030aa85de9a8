"""What serves every broker alike: logins, ways of walking a history, the asking itself."""
