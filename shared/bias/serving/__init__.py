"""One bias for everybody: cached, stored, or computed once while others wait."""
