"""The audit: checks over a rule file, its cases and its citations. `run.py` is the way in."""
