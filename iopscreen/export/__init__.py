"""A rule set for other systems: JSON Schema for editors, SQL for warehouses, Mermaid; and a first one to start from."""
