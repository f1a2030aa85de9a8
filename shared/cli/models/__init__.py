"""Commands about the models that write: their prompts, what they cost, what is tried."""
