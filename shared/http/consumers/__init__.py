"""What stands behind a push subscription or the scheduler: envelopes in, 204 or 503 out."""
