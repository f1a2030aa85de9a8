"""How well passages are found, measured on a set that people have labelled."""
