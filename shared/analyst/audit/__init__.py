"""What models were asked and what they said, kept for a while beside the answer it led to."""
