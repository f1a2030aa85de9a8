"""Who writes a section: the rules, or a model whose words are checked against the numbers."""
