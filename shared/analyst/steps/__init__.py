"""What the rules write, one module a step: text chosen by what is notable today."""
