"""How trading went: statistics, curves, groups, rules of prop firms, conversion; all pure."""
