"""Rows in, decided rows out. `run.py` is the way in.

`lines.py` reads a file as lines and records, `header.py` finds its columns. `cells.py` turns cells into
classes and classes into tails, made by a `Deciding` (`tails.py`: one rule set); `rows.py` puts
rows together into parts (`parts.py`), and `run.py` adds the parts up, in order.

Beyond CSV: `typed.py` screens record batches, which `tables.py` brings and takes on one machine and
`spark.py` in the workers of a cluster (`spark_run.py` is the command).
"""
