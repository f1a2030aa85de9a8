"""What stands before a model provider: turns at its limit, its day's money, and a breaker."""
