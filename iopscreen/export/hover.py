"""What an editor shows about each key: the words of `rules/README.md`, the format's reference, in short."""

from __future__ import annotations

from collections.abc import Mapping

_CITE = "What this rests on: a passage, or an external source; one name or a list."
_ACCEPT = "Findings of the audit that a person has looked at and stands by."
_DIGEST = "A checksum that shows whether the text has changed: `sha256:` and 64 hexadecimal digits."
_WHEN = "Whom this is about: questions or settings, each with a test; all of them must hold. `{}` is everyone."
_UNLESS = "And not these: a condition of several tests excepts only the callers for whom all of them hold."
_ID = "A name: small letters, digits, `_` and `-`, a letter first."

HOVER: Mapping[str, Mapping[str, str]] = {
    "rule set": {
        "format": "Always `1`: the edition of this format.",
        "id": f"The rule set's name, on every result. {_ID}",
        "version": 'Three numbers in quotes, such as `"1.0.0"`; on every result.',
        "title": "A heading, on every result.",
        "policy": "`first`: the first rule that fits speaks. `unique`: at most one may fit; an overlap is an error.",
        "outcomes": "What may be recommended, by name; the least intensive first.",
        "questions": "What is asked, by name, in this order. Only what can still change the recommendation is asked.",
        "rules": "Tried from the top: a condition, the outcome it leads to, why, and what that rests on.",
        "owner": "Who answers for the rules.",
        "reviewed": "The day the rules were last looked at, such as 2026-11-23.",
        "review_by": "Past this day the audit warns: `review-overdue`.",
        "disclosure": "A notice for every exported record.",
        "sources": "On what the rules rest, by name: documents with their passages, and external sources.",
        "undecided": "For calls that end without a recommendation.",
        "emergency": "One key away at every question of the interview.",
        "settings": "What the site has decided once, for all callers, by name. Tested like a question, never asked.",
        "impossible": "Combinations of answers that cannot occur.",
        "notes": "Lines for the hand-over; they never change the outcome.",
        "guarantees": "What must hold for every possible caller: the audit proves it, or shows one who breaks it.",
        "override_reasons": "Reasons for which staff may depart from a recommendation.",
        "spellings": "More ways to write `yes`, `no`, `unknown` and `declined`.",
        "accept": f"{_ACCEPT} `at` names what each is about; without it, it is about the file.",
    },
    "source": {
        "title": "The source's title.",
        "kind": "`document` (the default) has passages, and they are cited. `external`: its text need not be at hand.",
        "digest": _DIGEST,
        "passages": "Places in the source on which rules rest, by name.",
    },
    "passage": {
        "section": "The text of the heading above the passage; `opening` before the first heading.",
        "paragraph": "Which block of text below that heading, counted from 1.",
        "says": "What stands there, in your own words. The text itself is never copied.",
        "digest": _DIGEST,
    },
    "outcome": {
        "label": "Its name on every result.",
        "say": "What is read to the caller.",
        "staff": "The next steps, in order, each a text or `{say: ..., cite: ...}`.",
        "cite": _CITE,
        "accept": _ACCEPT,
    },
    "staff line": {"say": "The next step.", "cite": _CITE},
    "undecided": {
        "say": "What is read to the caller; `{question}` becomes the words of the first question still open.",
        "staff": "The next steps, in order, each a text or `{say: ..., cite: ...}`.",
    },
    "emergency": {
        "say": "What is read to the caller.",
        "contacts": "Whom to reach.",
        "cite": f"{_CITE} Whoever is decided by a rule that cites it, too, is taken to be in danger.",
    },
    "contact": {"name": "Whom to reach.", "reach": "How: a number, in quotes."},
    "setting": {
        "means": "What the setting says.",
        "type": "`yes_no`; `one` (exactly one option); `whole_number`.",
        "value": "What the site has decided.",
        "options": "For `one`: the values it can have, by name.",
        "cite": _CITE,
    },
    "question": {
        "ask": "The words to read aloud.",
        "type": "`yes_no`; `one` (exactly one option); `many` (one or more options); `whole_number`.",
        "ask_other": "The words when the caller speaks for somebody else (`screen --other`); else `ask`.",
        "help": "How to mark the answer, shown below the question.",
        "means": "What counts as which answer, and how the source was read.",
        "options": "For `one` and `many`: the answers, by name.",
        "groups": "For `one` and `many`: a name for several options, usable in conditions wherever an option is.",
        "range": "For `whole_number`: smallest and largest answer; anything outside is refused as an answer.",
        "unit": "For `whole_number`: what is counted, such as `days`.",
        "column": "The header that the answer has in this site's files, besides the question's own name.",
        "for_notes": "`yes`: asked last, for notes alone; no rule may test it. Default `no`.",
        "if_unanswered": "What to do at once when the answer is not known and can still matter.",
        "when_no_column": "Files without such a column: assume this answer. It is shown on every row.",
        "header_hints": "Beginnings of words. An unmapped header that holds such a word stops the batch.",
        "cite": _CITE,
        "accept": _ACCEPT,
    },
    "option": {
        "label": "What people see.",
        "aliases": "Other words for it. They must mean this option only.",
        "help": "When to mark it.",
        "cite": _CITE,
        "alone": '`yes`: it excludes all others, as "none of these" does. For `many` alone.',
    },
    "rules": {
        "id": _ID,
        "when": _WHEN,
        "recommend": "The outcome it leads to.",
        "because": "The reason, in words that may be read to the caller.",
        "basis": "The ground it stands on.",
        "unless": _UNLESS,
        "cite": _CITE,
        "accept": _ACCEPT,
    },
    "impossible": {
        "id": _ID,
        "when": _WHEN,
        "because": "Why these answers cannot occur together.",
        "unless": _UNLESS,
        "cite": _CITE,
    },
    "notes": {
        "id": _ID,
        "when": f"{_WHEN} The note shows when this holds however the unknowns turn out.",
        "say": "The line for the hand-over.",
        "unless": _UNLESS,
        "for": "`staff` (the default) or `caller`.",
        "cite": _CITE,
    },
    "guarantees": {
        "id": _ID,
        "when": _WHEN,
        "unless": _UNLESS,
        "never": "An outcome, or a list of them, that these callers are never recommended.",
        "always": "The one outcome that these callers are recommended.",
        "because": "Why that must hold.",
        "cite": _CITE,
    },
    "spellings": {
        "yes": "More ways to write `yes`.",
        "no": "More ways to write `no`.",
        "unknown": "More ways to write that it is not known.",
        "declined": "More ways to write that the caller prefers not to say.",
    },
    "accept": {
        "finding": "The finding's name, in brackets at the end of its message.",
        "because": "Why it may stay. Without a reason it is an error itself.",
        "by": "Who has accepted it.",
        "until": "Its last day; later the finding counts again.",
        "at": "At the top of the file: what it is about, such as a setting, note, guarantee, case or passage.",
        "at_most": "The size at which it was accepted, such as the profiles of a gap; when it grows, it counts again.",
    },
    "condition": {
        "any_of": "One of these conditions holds, or several.",
        "all_of": "All of these conditions hold.",
        "not": "These tests do not all hold.",
    },
    "one": {"not": "It is another option than these."},
    "many": {
        "any": "One or more of these are named.",
        "all": "All of these are named.",
        "none": "None of these is named.",
    },
    "whole_number": {
        "at_least": "This number or more.",
        "above": "More than this number.",
        "at_most": "This number or less.",
        "below": "Less than this number.",
        "is": "Just this number.",
    },
    "cases": {
        "format": "Always `1`: the edition of this format.",
        "rules": "The rule file beside this one.",
        "cases": "Answers of one caller each, and what that caller must be told.",
    },
    "case": {
        "id": _ID,
        "answers": "By question. One that is not named is unknown. No case names a real caller.",
        "expect": "One or more of `recommend`, `rule`, `possible` and `ask_next`.",
        "title": "For people: what the case shows.",
        "source": "For people: where it comes from.",
        "confirmed_by": "For people: who has decided that this is right.",
    },
    "expect": {
        "recommend": "The outcome, or `no_rule`.",
        "rule": "The rule that decides; the right outcome by another rule is a failure.",
        "possible": "All outcomes still possible.",
        "ask_next": "All questions that can still matter.",
    },
}
"""By what a key belongs to, and by key."""

BASIS = {
    "stated": "a source says so",
    "inferred": "our conclusion from what a source says",
    "external": "other sources, such as law or public practice",
    "site": "our own policy",
}
