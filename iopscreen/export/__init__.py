"""A rule set for other systems. Nothing yet: its formats come with later versions."""
