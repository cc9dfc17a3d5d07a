"""What the program says of itself as a whole: the first steps, exit statuses, the environment, files.

The command line tells the first steps; the manual page and the command reference, which the tests write,
tell all of it. What one option does is said where the option is.
"""

from __future__ import annotations

from typing import NamedTuple

WRITTEN = "2026-11-26"
"""The day that the manual page bears: when somebody last read it through."""

ABOUT = "screen callers for an intensive outpatient program, and say why"
"""What the manual page is found by."""

DESCRIPTION = """
Screens a caller for an intensive outpatient program (IOP): asks the questions that can still change the answer,
recommends IOP, inpatient or referral, and says why and on which passage of the source that rests. Not knowing never
counts as "no": where what is open could change the result, the outcomes still possible are told, and what to ask.

It is a provisional screen by trained staff, and no diagnosis: it names the next step, and a clinician decides.

Results go to standard output, or to the file that -o names; questions, progress and warnings go to standard error. A
file that exists is replaced with --force alone. Answers are health data: they are never options, and reach no log, no
message, no network, and no file that was not named.
"""


class Reader(NamedTuple):
    """Somebody who has come to use the program: who they are, and what they type, each with what it does."""

    who: str
    steps: tuple[tuple[str, str], ...]


READERS = (
    Reader("You talk with people", (("iopscreen screen", "ask, and recommend the next step"),)),
    Reader(
        "You have a spreadsheet (save it as CSV)",
        (
            ("iopscreen batch calls.csv --dry-run", "see how it would be read"),
            ("iopscreen batch calls.csv -o screened.csv", "screen every row"),
        ),
    ),
    Reader(
        "You write or review rules",
        (
            ("iopscreen show iop", "read those that come along"),
            ("iopscreen new my-clinic.yaml", "begin your own"),
            ("iopscreen audit my-clinic.yaml", "find what is wrong with them"),
        ),
    ),
)
"""What to type first, for each of the three."""


def first_steps() -> list[str]:
    """The lines for somebody who has typed the name of the program and nothing else."""
    lines = ["What to type first:"]
    for reader in READERS:
        lines += ["", reader.who]
        lines += [f"  {command:<43}{purpose}" for command, purpose in reader.steps]
    return [*lines, "", "All commands: iopscreen --help. One of them: iopscreen screen --help"]


EXIT_STATUSES = {
    0: "Done, whatever the recommendation is; undecided is no failure either.",
    1: "Done, and there is something to look at: findings from --fail-on on, rows with problems, a difference "
    "under --exit-code, a record that does not verify or, beside others, cannot be read.",
    2: "Could not be done: usage, an unreadable or faulty file. No output file was written.",
    3: "The analysis did not finish within its budget; what is undecided is listed.",
    130: "Interrupted.",
    143: "Ended by a signal.",
}

ENVIRONMENT = {
    "ACCESSIBLE": "When set to anything but 0, screen prints questions once and reads lines, as with --plain.",
    "NO_COLOR": "When set, nothing is coloured.",
    "TERM": "Where it is dumb or empty, nothing is coloured or redrawn, and screen is as with --plain.",
    "JAVA_HOME": "With batch --engine spark: where Java is.",
    "IOPSCREEN_DEBUG": "For developers: when set to 1, a fault of the program itself shows its traceback, "
    "which may hold answers.",
}
"""What the program reads of the environment, by name."""

FILES = {
    "NAME.yaml": "A rule set. The shipped ones, iop and iop-site-example, go by name from any directory.",
    "NAME.cases.yaml": "Callers and what each is to be told, beside the rule set; audit decides them.",
    "*.json under --save": "Records of calls. They hold answers, which are health data, and are readable by their "
    "owner alone.",
}
