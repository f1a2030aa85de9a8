"""Interactive Brokers, simulated: the Flex Web Service."""
