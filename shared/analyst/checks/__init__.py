"""What may be wrong with a draft, one question a module; `grounding` asks them all."""
