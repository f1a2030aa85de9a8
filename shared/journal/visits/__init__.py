"""A message's visit to a broker: login, accounts, runs, pages."""
