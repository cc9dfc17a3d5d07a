"""What mypy must find in a program: each line with an error says which."""

import iopscreen

rules = iopscreen.load("iop")
decision = iopscreen.decide(rules, {"detox_need": b"yes"})  # error: Dict entry
print(decision.recommendation.upper())  # error: Item "None"
decision.rule = "another"  # error: Property "rule" defined in "Decision" is read-only
print(iopscreen.decide(rules, {}).recomendation)  # error: has no attribute "recomendation"
print(iopscreen.audit_rules("iop").findings[0].line)  # error: "Finding" has no attribute "line"
