"""A rule set for other systems: JSON Schema for editors; and a first one to start from."""
