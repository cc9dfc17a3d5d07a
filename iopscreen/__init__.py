"""iopscreen: which next step fits a caller, why, and on which passage that rests.

The map of the house (imports run downwards only):

    cli.py      arguments -> one call -> print -> exit code
    formats.py  results as text, in the format that was asked for
    calls.py    one run of `screen`: the interview put together, kept and told
    batching.py, verifying.py   one run of `batch`, of `verify`
    inputs.py   what a run begins with: rules, answers, records
    report/     how results look               export/   a rule set for other systems
    screen/     the interview, its records     batch/    rows in, decided rows out
    audit/      checks of a rule set, citations, cases; change/: what a change of it means
    engine/     blocks, decision diagram, decide: knows no file and no screen
    ruleset/    the rule file: YAML with places, the model, the reader, text -> value

Beside them, for all: errors.py, files.py (written whole or not at all), text.py (safe to print);
streams.py (stdin, stdout, the terminal of a run) is for these runs and cli.py alone.
"""

__version__ = "0.1.0"
