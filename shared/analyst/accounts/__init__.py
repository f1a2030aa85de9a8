"""What models cost and what came of it: noted a section at a time, summed by day."""
