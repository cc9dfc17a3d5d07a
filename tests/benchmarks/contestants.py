"""The rules of `batch-rules.yaml` as others would write them: one function each, from a CSV file to a CSV file.

    python tests/benchmarks/contestants.py NAME IN OUT

Each appends three columns: recommendation, rule, because. What is not known fails every test: nobody here
tells undecided callers, checks cells or keeps bad rows, except where that comes for free.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TextIO

TREATED = ("eating_disorder", "bipolar_1", "bipolar_2", "mania", "self_harm", "chemical_dependency")
RULES = (
    ("child", "referral", "Too young for this program"),
    ("detox", "inpatient", "Detox comes first"),
    ("recent-unsafe", "inpatient", "Discharged days ago into an unsafe home"),
    ("minor-self-harm", "inpatient", "A minor who harms themselves"),
    ("mania-young", "inpatient", "Mania in a young person"),
    ("dual", "inpatient", "Two conditions that need a ward"),
    ("unsafe", "inpatient", "There is no safe place to live"),
    ("senior", "referral", "Another service has a group for seniors"),
    ("discharge-month", "iop", "A step down from the ward"),
    ("treated", "iop", "A condition that the program treats"),
    ("discharge", "iop", "Discharged within the year"),
    ("rest", "referral", "Nothing here that the program treats"),
)
APPENDED = ["recommendation", "rule", "because"]
YES = ("yes", "y", "true", "t", "1")
NO = ("no", "n", "false", "f", "0")


def _read(path: str) -> TextIO:
    return Path(path).open(newline="", encoding="utf-8")


def _written(path: str) -> TextIO:
    return Path(path).open("w", newline="", encoding="utf-8")


def copy(source: str, target: str) -> None:
    """Nothing but reading and writing."""
    with _read(source) as rows, _written(target) as out:
        csv.writer(out).writerows(csv.reader(rows))


def _facts(row: dict[str, str]) -> dict[str, object]:
    """A row's answers as values; None for what is not known."""
    number = {name: int(row[name]) if (row[name] or "").isdigit() else None for name in ("age", "days_since_discharge")}
    text = {name: (row[name] or "").strip().lower() for name in row if name}
    yes_no = {name: True if text[name] in YES else False if text[name] in NO else None for name in YES_NO_COLUMNS}
    conditions = [part.strip().replace(" ", "_") for part in text["condition_type"].split(";")]
    return {**number, **yes_no, "conditions": conditions}


YES_NO_COLUMNS = ("detox_need", "safe_living_environment", "recent_psychiatric_discharge")


def _first_match(facts: dict[str, object]) -> int:  # noqa: C901 - it is what everybody writes first
    """A chain of tests."""
    age = facts["age"] if facts["age"] is not None else 40
    days = facts["days_since_discharge"] if facts["days_since_discharge"] is not None else 9999
    conditions = facts["conditions"]
    unsafe, discharged = facts["safe_living_environment"] is False, facts["recent_psychiatric_discharge"] is True
    if age < 12:
        return 0
    if facts["detox_need"] is True:
        return 1
    if discharged and days < 8 and unsafe:
        return 2
    if age < 18 and "self_harm" in conditions:
        return 3
    if "mania" in conditions and age < 25:
        return 4
    if "chemical_dependency" in conditions and "self_harm" in conditions:
        return 5
    if unsafe:
        return 6
    if age >= 75:
        return 7
    if discharged and days <= 30:
        return 8
    if any(condition in TREATED for condition in conditions):
        return 9
    if discharged and days <= 365:
        return 10
    return 11


def _row_by_row(source: str, target: str, rule_of) -> None:
    with _read(source) as rows, _written(target) as out:
        reader = csv.DictReader(rows)
        writer = csv.writer(out)
        writer.writerow([*reader.fieldnames, *APPENDED])
        for row in reader:
            name, outcome, because = RULES[rule_of(_facts(row))]
            row.pop(None, None)
            writer.writerow([*row.values(), outcome, name, because])


def dict_reader(source: str, target: str) -> None:
    _row_by_row(source, target, _first_match)


def pandas(source: str, target: str) -> None:
    import numpy as np
    import pandas as pd

    rows = pd.read_csv(source, dtype=str, keep_default_na=False)
    detox, safe, discharged = (rows[name].str.strip().str.lower() for name in YES_NO_COLUMNS)
    age, days = (pd.to_numeric(rows[name], errors="coerce") for name in ("age", "days_since_discharge"))
    conditions = ";" + rows["condition_type"].str.strip().str.lower().str.replace(" ", "_", regex=False) + ";"
    has = {name: conditions.str.contains(f";{name};", regex=False) for name in TREATED}
    unsafe, was_in = safe.isin(NO), discharged.isin(YES)
    tests = [
        age < 12,
        detox.isin(YES),
        was_in & (days < 8) & unsafe,
        (age < 18) & has["self_harm"],
        has["mania"] & (age < 25),
        has["chemical_dependency"] & has["self_harm"],
        unsafe,
        age >= 75,
        was_in & (days <= 30),
        np.logical_or.reduce(list(has.values())),
        was_in & (days <= 365),
    ]
    for place, column in enumerate(("rule", "recommendation", "because")):
        rows[column] = np.select(tests, [rule[place] for rule in RULES[:-1]], RULES[-1][place])
    rows.to_csv(target, index=False)


def polars(source: str, target: str) -> None:
    import polars as pl

    rows = pl.scan_csv(source, infer_schema=False, truncate_ragged_lines=True)
    detox, safe, discharged = (pl.col(name).str.strip_chars().str.to_lowercase() for name in YES_NO_COLUMNS)
    age, days = (pl.col(name).cast(pl.Int64, strict=False) for name in ("age", "days_since_discharge"))
    written = pl.col("condition_type").str.to_lowercase().str.replace_all(" ", "_", literal=True)
    conditions = pl.concat_str(pl.lit(";"), written.str.strip_chars("_"), pl.lit(";"))
    has = {name: conditions.str.contains(f";{name};", literal=True) for name in TREATED}
    unsafe, was_in = safe.is_in(NO), discharged.is_in(YES)
    tests = [
        age < 12,
        detox.is_in(YES),
        was_in & (days < 8) & unsafe,
        (age < 18) & has["self_harm"],
        has["mania"] & (age < 25),
        has["chemical_dependency"] & has["self_harm"],
        unsafe,
        age >= 75,
        was_in & (days <= 30),
        pl.any_horizontal(*has.values()),
        was_in & (days <= 365),
    ]
    number = pl.when(tests[0]).then(0)
    for place, test in enumerate(tests[1:], 1):
        number = number.when(test).then(place)
    rows = rows.with_columns(number.otherwise(11).alias("number"))
    for place, column in ((1, "recommendation"), (0, "rule"), (2, "because")):
        texts = {at: rule[place] for at, rule in enumerate(RULES)}
        rows = rows.with_columns(pl.col("number").replace_strict(texts, return_dtype=pl.String).alias(column))
    rows.drop("number").sink_csv(target)


CASE = """
    WHEN age < 12 THEN 0
    WHEN detox THEN 1
    WHEN discharged AND days < 8 AND unsafe THEN 2
    WHEN age < 18 AND conditions LIKE '%;self_harm;%' THEN 3
    WHEN conditions LIKE '%;mania;%' AND age < 25 THEN 4
    WHEN conditions LIKE '%;chemical_dependency;%' AND conditions LIKE '%;self_harm;%' THEN 5
    WHEN unsafe THEN 6
    WHEN age >= 75 THEN 7
    WHEN discharged AND days <= 30 THEN 8
    WHEN {treated} THEN 9
    WHEN discharged AND days <= 365 THEN 10
    ELSE 11
"""


def duckdb(source: str, target: str) -> None:
    import duckdb as engine

    treated = " OR ".join(f"conditions LIKE '%;{name};%'" for name in TREATED)
    texts = [", ".join("'" + rule[place] + "'" for rule in RULES) for place in (1, 0, 2)]
    appended = ", ".join(f"[{text}][number + 1] AS {name}" for text, name in zip(texts, APPENDED, strict=True))
    # Some lines of a messy file are short, and cells hold line ends: together, no reading in parallel.
    messy = "messy" in source
    read = f"strict_mode = false, null_padding = true, parallel = {not messy}" if messy else "strict_mode = true"
    engine.execute(f"""
        COPY (
            SELECT * EXCLUDE (age_number, days, detox, unsafe, discharged, conditions, number), {appended} FROM (
                SELECT *, CASE {CASE.format(treated=treated).replace("age ", "age_number ")} END AS number FROM (
                    SELECT *, try_cast(age AS INTEGER) AS age_number, try_cast(days_since_discharge AS INTEGER) AS days,
                        lower(trim(detox_need)) IN {YES} AS detox,
                        lower(trim(safe_living_environment)) IN {NO} AS unsafe,
                        lower(trim(recent_psychiatric_discharge)) IN {YES} AS discharged,
                        ';' || replace(lower(trim(condition_type)), ' ', '_') || ';' AS conditions
                    FROM read_csv('{source}', all_varchar = true, header = true, delim = ',', quote = '"',
                        escape = '"', {read})
                )
            )
        ) TO '{target}' (HEADER, DELIMITER ',')
    """)


EXPRESSIONS = (
    "age != null and age < 12",
    "detox_need == true",
    "recent_psychiatric_discharge == true and days < 8 and safe_living_environment == false",
    "age < 18 and 'self_harm' in conditions",
    "'mania' in conditions and age < 25",
    "'chemical_dependency' in conditions and 'self_harm' in conditions",
    "safe_living_environment == false",
    "age >= 75",
    "recent_psychiatric_discharge == true and days <= 30",
    " or ".join(f"'{name}' in conditions" for name in TREATED),
    "recent_psychiatric_discharge == true and days <= 365",
)


def _numbers_known(facts: dict[str, object]) -> dict[str, object]:
    """These engines compare no null: what is not known is a number that passes no test."""
    age, days = facts["age"], facts["days_since_discharge"]
    return {**facts, "age": 40 if age is None else age, "days": 9999 if days is None else days}


def rule_engine(source: str, target: str) -> None:
    import rule_engine as engine

    rules = [engine.Rule(text.replace("age != null and ", "")) for text in EXPRESSIONS]

    def rule_of(facts: dict[str, object]) -> int:
        known = _numbers_known(facts)
        return next((at for at, rule in enumerate(rules) if rule.matches(known)), 11)

    _row_by_row(source, target, rule_of)


def zen_engine(source: str, target: str) -> None:
    import zen

    tests = [text.replace("age != null and ", "") for text in EXPRESSIONS]
    number = "11"
    for at, test in reversed(list(enumerate(tests))):
        number = f"({test}) ? {at} : ({number})"
    content = {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
            {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 2, "y": 0}},
            {
                "id": "table",
                "name": "table",
                "type": "expressionNode",
                "position": {"x": 1, "y": 0},
                "content": {"expressions": [{"id": "number", "key": "number", "value": number}]},
            },
        ],
        "edges": [
            {"id": "a", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "b", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(content))
    _row_by_row(source, target, lambda facts: int(decision.evaluate(_numbers_known(facts))["result"]["number"]))


CONTESTANTS = {
    "csv copy": copy,
    "DictReader, if/elif": dict_reader,
    "pandas np.select": pandas,
    "polars when/then": polars,
    "DuckDB CASE": duckdb,
    "zen-engine": zen_engine,
    "rule-engine": rule_engine,
}

if __name__ == "__main__":
    CONTESTANTS[sys.argv[1]](sys.argv[2], sys.argv[3])
