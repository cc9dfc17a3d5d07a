"""The rule file: YAML with places, the model, the reader, and text -> value (`values.py`)."""
