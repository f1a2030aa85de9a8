"""Interactive Brokers: reports of its Flex Web Service."""
