"""A program of somebody who uses the Python API: mypy --strict must find nothing in it, and it runs."""

import csv
from collections.abc import Iterator
from pathlib import Path

import iopscreen
from iopscreen import Decision, IopscreenError, Rules, ScreenedRow


def settled(rules: Rules, answers: dict[str, str | None]) -> str:
    decision: Decision = iopscreen.decide(rules, answers)
    if decision.recommendation is None:
        return f"ask {', '.join(decision.ask_next)}"
    return f"{rules.outcomes[decision.recommendation]}: {decision.because}"


def emergencies(rules: Rules, path: Path) -> Iterator[tuple[str, ScreenedRow]]:
    with path.open(encoding="utf-8", newline="") as file:
        calls = list(csv.DictReader(file))
    for call, row in zip(calls, iopscreen.screen_rows(rules, calls), strict=True):
        if row.recommendation in ("inpatient", "error"):
            yield call["call"], row


def main(calls: str) -> None:
    rules = iopscreen.load("iop")
    print(settled(rules, {"condition_type": "other", "detox_need": "yes", "immediate_danger": None}))
    for call, row in emergencies(rules, Path(calls)):
        print(call, row.rule, row.problem)
        written: dict[str, str] = row.columns()
        assert written["recommendation"] == row.recommendation
    try:
        iopscreen.decide(rules, {"detox": "yes"})
    except IopscreenError as error:
        print(error)
    audit = iopscreen.audit_rules(rules.path)
    print(audit.clean, audit.profiles, sorted({finding.severity.value for finding in audit.findings}))


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
