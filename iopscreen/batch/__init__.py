"""Rows in, decided rows out. `run.py` is the way in."""
