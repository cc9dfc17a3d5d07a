"""The engine: blocks, decision diagram, decide. It knows no file, no screen and no clock.

A rule set is compiled once: each question's domain is cut into blocks (`blocks.py`),
conditions become clauses over blocks (`clauses.py`), the rules one first-match table
(`table.py`) and, for what is known so far, a decision diagram (`diagram.py`). Interview,
batch, audit and cases all decide through `decide.py`.
"""
