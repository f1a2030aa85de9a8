"""A user's documents outside of any store: written, verified, brought back."""
