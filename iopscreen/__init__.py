"""iopscreen: which next step fits a caller, why, and on which passage that rests.

The map of the house (imports run downwards only):

    cli.py      arguments -> one call -> print -> exit code
    report/     how results look               export/   a rule set for other systems
    screen/     the interview                  batch/    rows in, decided rows out
    audit/      checks of a rule set, citations, cases
    engine/     blocks, decision diagram, decide: knows no file and no screen
    ruleset/    the rule file: YAML with places, the model, the reader, text -> value
"""

__version__ = "0.1.0"
