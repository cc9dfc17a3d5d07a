"""The engine: blocks, decision diagram, decide. It knows no file, no screen and no clock.

A rule set is compiled once: each question's domain is cut into blocks (`blocks.py`),
conditions become clauses over blocks (`clauses.py`), the rules one first-match table
(`table.py`) and, for what is known so far, a decision diagram (`diagram.py`). Interview,
batch, audit and cases all decide through `decide.py`; `explain.py`, `change.py`, `unasked.py`
and `settling.py` say why, what would change it, what may be left unasked, and for which answers,
`readings.py` which other values of settings are worth a look.

What holds for every profile is found by a witness search (`search.py`), without a diagram:
`verdicts.py` (who decides, who takes whose answers), `effect.py` (what a rule or a test is good
for), `relevance.py` (whether a question matters). Counts and regions are of all profiles at once
(`counts.py`, `largest.py`); two ways to decide are compared by `difference.py`, `crossing.py` and `mutate.py`.
"""
