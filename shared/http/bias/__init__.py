"""The biases over HTTP: board, answer, stream, ratings, and who writes them."""
