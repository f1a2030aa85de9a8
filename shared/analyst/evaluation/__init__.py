"""How good a prompt is: frozen snapshots in; validity, grounding, cost and steadiness out."""
