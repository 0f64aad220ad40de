"""What the tests share: databases, the network guard, and the rule about missing parts."""
