"""What each fault of a file means, by its name: for whoever writes rule files and cases.

Like the documentation of a check: what it is, an example, what to do. A fault is told by its own
message first; this is the longer story behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "ambiguous-name": """A name, label or other word already means something else here.

    Example: two options with the alias `drinking`; an option called `unknown`; a setting called like a question.

    What to do: choose another word for one of the two.
    """,
    "bad-name": """A name holds something else than small letters, digits and `_`, or does not begin with a letter.

    Example: an option `Self-Harm`. Only rules, notes, cases, passages and such may hold `-`.

    What to do: write `self_harm`, and put the words that people see into `label`.
    """,
    "control-character": """The file holds a character that hides, turns text round, or steers a terminal; or a tab.

    It counts also where it is written as an escape, such as `\\u202e` in double quotes.

    Example: a zero-width space that came along with text copied from a web page.

    What to do: delete the character at the place shown, or type the line anew. For a tab, use spaces.
    """,
    "cut-text": """A text is cut off at ` #`, which begins a comment.

    Example: `help: Send them to room #3`.

    What to do: quote the text; or put a space behind `#` where a comment is meant.
    """,
    "duplicate-id": """Two things of one kind have the same name.

    Example: two rules with `id: step-down`.

    What to do: rename one of them, or delete it if it was copied by accident.
    """,
    "duplicate-key": """The same key stands twice in one place, so that one of its values would be lost.

    Example: a rule with two lines `when:`.

    What to do: join the two, or delete one.
    """,
    "empty-file": """The file is empty, or holds nothing but comments.

    Example: a file that was saved before anything was written.

    What to do: write the rules into it; `iopscreen new FILE` writes a first rule set to start from.
    """,
    "empty-value": """A key has no value.

    Example: `when:` with nothing behind it. It could mean everybody, or have been forgotten.

    What to do: write the value, or delete the key. For everybody, write `when: {}`.
    """,
    "for-notes-question": """A question that is asked for notes alone is used where it would decide something.

    Example: a rule tests `needs_interpreter`, which has `for_notes: yes`.

    What to do: test it in a note instead, or take `for_notes` away.
    """,
    "missing-key": """Something that is required is not there.

    Example: a rule without `because`; a `whole_number` question without `range`.

    What to do: add the key named in the message.
    """,
    "no-rule-set": """The file is YAML, and nothing in it is meant for this program.

    Example: the settings of another tool that lie in the folder of the rules.

    What to do: audit the rule files by name, or move the other file elsewhere. If it is to be a rule set, begin
    it with `format: 1`; `rules/README.md` has a first one to start from.
    """,
    "not-utf8": """The file is not saved as UTF-8.

    Example: an editor has saved it as Windows-1252 or UTF-16.

    What to do: save it again, with UTF-8 as the encoding.
    """,
    "several-documents": """A line `---` begins a second document in the file.

    Example: two rule sets were put into one file.

    What to do: make two files of them, or delete the line.
    """,
    "syntax": """The file is no YAML from here on.

    Example: text with `: ` in it that is not quoted; a bracket that is never closed; wrong indentation.

    What to do: as the message says; quoting the text helps most often.
    """,
    "to-fill-in": """A case still has `???` where a person must say what the caller is to be told.

    Example: a case that was pasted from a finding.

    What to do: decide it, and write it in the place of `???`.
    """,
    "too-deep": """Values are nested in one another too deeply.

    Example: a condition of thirty `not` in a row.

    What to do: write the condition more simply, or as several rules.
    """,
    "too-large": """The file is too large to be read.

    Example: a file of more than 4 MiB, or with more than 400,000 values.

    What to do: split the rule set.
    """,
    "too-many-faults": """There are so many faults that the rest was not looked at.

    Example: a file that is something else than a rule set.

    What to do: mend those that are shown, and run the audit again.
    """,
    "unknown-key": """A key is not known at this place, and would have no effect.

    Example: `hlep: Ask twice`.

    What to do: correct the spelling; the message lists what may stand here.
    """,
    "unknown-name": """A name is used that nothing in the file has.

    Example: `recommend: inpatent`, where the outcome is called `inpatient`.

    What to do: correct the spelling, or declare the name.
    """,
    "unreadable": """The file cannot be opened.

    Example: it does not exist, or you may not read it.

    What to do: check the path, and who may read the file.
    """,
    "wrong-shape": """A list stands where a mapping should be, a single value where a list should, and so on.

    Example: `when: [{detox_need: yes}, {caller: self}]`.

    What to do: as the message says; here, `all_of:` or `any_of:` before the list.
    """,
    "wrong-value": """A value is not one of those that may stand here.

    Example: `version: 1.0`; a number outside the range of its question; a test for `unknown`.

    What to do: write one of the values that the message names.
    """,
    "yaml-feature": """The file uses a feature of YAML that makes it say something else than it shows.

    Example: anchors (`&name`), aliases (`*name`), merge keys (`<<`), tags (`!name`), `%` directives.

    What to do: write the values out; quote text that begins with such a sign.
    """,
}
