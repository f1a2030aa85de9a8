"""Round trips: from flat to flat, how one grows, and what rolls link."""
