"""Two rule sets over common blocks, against both of them caller by caller."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import chain, permutations, product
from random import Random

import pytest
from oracle import holds
from random_rule_sets import EDITS, add_question
from test_diff import Pointwise, deciding, edition, knows, pairs

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime
from iopscreen.engine.compiled import FIRST_IMPOSSIBLE, NONE_MATCHES
from iopscreen.engine.joint import ABSENT, EXCLUDED, OPEN, Pair, join
from iopscreen.engine.lacking import lacking
from iopscreen.engine.verdicts import ANY
from iopscreen.ruleset.model import NO_RULE, Guarantee

OTHER_ANSWERS = next(edit for edit in EDITS if edit.__name__ == "_edit_answers")
OTHER_TYPE = next(edit for edit in EDITS if edit.__name__ == "_retype_question")


class Both:
    """Two rule sets, and every caller that either can have, with what becomes of them."""

    def __init__(self, seed, old, new):
        self.old, self.new = old.rule_set, new.rule_set
        self.point = Pointwise(self.old, self.new)
        self.callers = list(self.point)
        self.joint = join(self.old, self.new)
        self.halves = ((self.joint.old, self.old), (self.joint.new, self.new))
        self.random = Random(seed)

    def asks(self, rule_set, caller):
        """Whether one side knows all answers of a caller."""
        return self.point.profile_of(rule_set, caller) is not None

    def label(self, rule_set, caller):
        """By the oracle, what decides on one side, as the tables of both name it."""
        profile = self.point.profile_of(rule_set, caller)
        if profile is None:
            return ABSENT
        facts = {**rule_set.readings, **profile}
        held = [holds(condition, facts) for condition in deciding(rule_set)]
        if True not in held:
            return NONE_MATCHES
        entries = len(rule_set.impossible)
        return FIRST_IMPOSSIBLE - held.index(True) if held.index(True) < entries else held.index(True) - entries

    def outcome(self, rule_set, caller):
        fate = self.point.fate(rule_set, caller)
        return fate.outcome if fate else EXCLUDED

    def meant_by(self, witness):
        """Every caller whom a witness stands for."""
        values = []
        for name, owners in self.point.questions.items():
            known = [one for one in self.point.values(name) if any(knows(question, one) for _, question in owners)]
            values.append(known if witness[name] == ANY else [witness[name]])
        return [dict(zip(self.point.questions, chosen, strict=True)) for chosen in product(*values)]

    def conditions(self):
        """The conditions of rules of both sides, as both have them in common."""
        return [rule.condition for half, _ in self.halves for rule in half.rule_set.rules]


@cache
def one(seed, edits):
    """A rule set and an edited one; with every second seed, the edited one is the old one."""
    return next((Both(seed, *sides[:: -1 if seed % 2 else 1]) for _, *sides in pairs(seed, seed + 1, *edits)), None)


def some(start, *edits):
    """Two rule sets each, those of one seed after the other; with some seeds an edit leaves no valid one."""
    return filter(None, (one(seed, edits) for seed in range(start, start + 6)))


def several():
    """Two rule sets each, with every kind of difference."""
    yield from some(100, OTHER_ANSWERS, OTHER_ANSWERS)
    yield from some(200, OTHER_ANSWERS, OTHER_TYPE)
    yield from some(300, add_question)
    yield from some(400, *EDITS)
    yield from some(500, EDITS[-1], EDITS[-1])


OPTIONS = """\
format: 1
id: options
version: "1.0.0"
title: Options
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions: {q: {ask: Q, type: %s, options: {%s}}}
rules: [{id: r, when: {q: a}, recommend: high, because: x, basis: site}]
"""
RANGED = """\
format: 1
id: ranged
version: "1.0.0"
title: Ranged
policy: first
outcomes: {low: {label: Low}}
questions: {q: {ask: Q, type: whole_number, range: [%d, %d]}}
impossible: [{id: i, when: {q: {below: %d}}, because: x}]
rules: [{id: r, when: {}, recommend: low, because: x, basis: site}]
"""
ALONE, BESIDE = "{label: %s, alone: yes}", "{label: %s}"


def options(kind, *alone):
    named = (f"{name}: {(ALONE if one else BESIDE) % name}" for name, one in zip("abcd", alone, strict=False))
    return edition(OPTIONS % (kind, ", ".join(named)))


def other_options():
    """Two or more options that one side lacks, and those that exclude all others on one side only."""
    few = [
        options("many", *alone) for alone in [(0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1), (0, 0, 0, 0), (0, 0, 1, 1)]
    ]
    few += [options("one", *alone) for alone in [(0, 0), (0, 0, 0, 0)]]
    return (Both(0, old, new) for old, new in permutations(few, 2))


def test_each_side_decides_as_it_does_alone():
    for both in chain(several(), other_options()):
        compiled = both.joint.compiled
        for half, rule_set in both.halves:
            assert [clause for clause, _ in half.table.rows] == [compiled.rules.rows[at][0] for at, _ in half.rows]
            assert [label for _, label in half.table.rows] == [label for _, label in half.rows]
            assert half.written == rule_set
            for caller, *_ in both.callers:
                known = compiled.known(caller)
                met = (
                    label
                    for clause, label in half.table.rows
                    if all(blocks >> known[level] & 1 for level, blocks in clause.items())
                )
                label = next(met, half.table.otherwise)
                assert label == both.label(rule_set, caller)
                assert half.outcome_of(label) == both.outcome(rule_set, caller)
                assert half.excludes(label) == (half.outcome_of(label) == EXCLUDED)


def test_the_diagrams_of_both_hold_what_each_side_says():
    for both in several():
        joint, labels = both.joint, Counter()
        for caller, *_ in both.callers:
            known = joint.compiled.known(caller)
            pair = Pair(*(both.label(rule_set, caller) for _, rule_set in both.halves))
            ends = Pair(*(both.outcome(rule_set, caller) for _, rule_set in both.halves))
            for (diagram, *roots), expected in ((joint.roots, pair), (joint.outcomes, ends)):
                assert [diagram.label(diagram.restrict(root, known)) for root in roots] == list(expected)
            whole = joint.whole
            assert whole.diagram.label(whole.diagram.restrict(whole.root, known)) == pair
            labels[pair] += 1
        # Why a side does not know an answer is told apart more finely than the callers here are.
        counted = {pair: number for pair, number in joint.whole.counts.items() if ABSENT not in pair}
        assert counted == {pair: number for pair, number in labels.items() if ABSENT not in pair}


def test_without_the_new_questions_an_outcome_is_open_where_they_can_change_it():
    seen = Counter()
    for both in several():
        added = [name for name, owners in both.point.questions.items() if [one for one, _ in owners] == [both.new]]
        possible = {}
        for caller, *_ in both.callers:
            rest = tuple((name, value) for name, value in caller.items() if name not in added)
            possible.setdefault(rest, set()).add(both.outcome(both.new, caller))
        diagram, root = both.joint.without(added)
        for caller, *_ in both.callers:
            outcomes = possible[tuple((name, value) for name, value in caller.items() if name not in added)] - {
                EXCLUDED
            }
            new = OPEN if len(outcomes) > 1 else next(iter(outcomes), EXCLUDED)
            label = diagram.label(diagram.restrict(root, both.joint.compiled.known(caller)))
            assert label == Pair(both.outcome(both.old, caller), new)
            seen[new] += 1
    assert min(seen[OPEN], seen[EXCLUDED], seen[NO_RULE]) > 5


def test_for_each_two_outcomes_one_caller_who_changes_between_them():
    for both in several():
        pairs_of_rules = {}
        for caller, left, right in both.callers:
            if left and right and left.outcome != right.outcome:
                rules = tuple(both.label(rule_set, caller) for _, rule_set in both.halves)
                pairs_of_rules.setdefault((left.outcome, right.outcome), set()).add(rules)
        found = list(both.joint.differing(UNLIMITED))
        first = {
            ends: min(rules, key=lambda two: [(at == NONE_MATCHES, at) for at in two])
            for ends, rules in pairs_of_rules.items()
        }
        assert sorted((one.old, one.new) for one in found) == sorted(first.values())
        for one in found:
            for caller in both.meant_by(one.witness):
                assert (one.old, one.new) == tuple(both.label(rule_set, caller) for _, rule_set in both.halves)


def test_a_caller_whom_only_one_side_can_have():
    seen = Counter()
    small_and_impossible = Both(0, edition(RANGED % (0, 9, 1)), edition(RANGED % (3, 9, 5)))
    for both in chain(several(), [small_and_impossible]):
        for (half, mine), (_, other) in (both.halves, both.halves[::-1]):
            for by_answer in (True, False):

                def only(caller, both=both, mine=mine, other=other, by_answer=by_answer):
                    there, here = both.point.fate(other, caller), both.point.fate(mine, caller)
                    return here and not there and both.asks(other, caller) != by_answer

                found = both.joint.only(half, UNLIMITED, by_answer=by_answer)
                assert (found is not None) == any(only(caller) for caller, *_ in both.callers)
                assert found is None or all(map(only, both.meant_by(found)))
                seen[half is both.joint.new, by_answer, found is not None] += 1
    assert len(seen) == 8
    assert min(seen.values()) > 1


def test_a_condition_implies_another_where_all_who_meet_it_meet_that():
    seen = Counter()
    for both in several():
        blocks, conditions = both.joint.compiled.blocks, both.conditions()
        examples = [[mine.example(at) for at in range(mine.count)] for mine in blocks.values()]
        everybody = [dict(zip(blocks, values, strict=True)) for values in product(*examples)]
        for condition, other in [both.random.choices(conditions, k=2) for _ in range(3)] if conditions else ():
            implied = all(holds(other, caller) for caller in everybody if holds(condition, caller))
            assert both.joint.implies(condition, other) == implied
            seen[implied] += 1
    assert min(seen.values()) > 5


def promising(rule_set):
    """The rule set with what its notes are about as guarantees."""
    found = (Guarantee(note.id, note.condition, frozenset(), None, (), note.place) for note in rule_set.notes)
    return rule_set._replace(guarantees=tuple(found))


def test_guarantees_are_about_the_callers_that_they_were_about():
    seen = Counter()
    for old, new in ((both.old, both.new) for both in several()):
        for sides in ((old, new), (promising(old), new), (old, promising(new))):
            joint, point = join(*sides), Pointwise(*sides)
            callers = list(point) if any(rule_set.guarantees for rule_set in sides) else ()
            for half, rule_set in zip((joint.old, joint.new), sides, strict=True):
                for mine, written in zip(half.rule_set.guarantees, rule_set.guarantees, strict=True):
                    clauses = joint.compiled.maker.clauses(mine.condition)
                    assert mine._replace(condition=None) == written._replace(condition=None)
                    for profile, known in in_side(joint, point, rule_set, callers):
                        met = any(all(blocks >> known[at] & 1 for at, blocks in one.items()) for one in clauses)
                        assert met == holds(written.condition, {**rule_set.readings, **profile})
                        seen[met] += 1
    assert min(seen.values()) > 20


def in_side(joint, point, rule_set, callers):
    """The answers of the callers whom one side can have, and the blocks of these."""
    for caller, *_ in callers:
        profile = point.profile_of(rule_set, caller)
        if profile is not None:
            yield profile, joint.compiled.known(caller)


def test_diagrams_of_both_are_made_in_the_time_that_is_given():
    both = next(several())
    late = join(both.old, both.new, Budget(0))
    for ask in ("roots", "outcomes", "whole"):
        with pytest.raises(OutOfTime):
            getattr(late, ask)


def test_questions_have_the_answers_of_both_sides():
    ranges = [edition(RANGED % (low, high, low + 1)) for low in (0, 2) for high in (6, 9)]
    other_ranges = (Both(0, old, new) for old, new in permutations(ranges, 2))
    for both in chain(several(), other_options(), other_ranges):
        for name, question in both.joint.compiled.rule_set.question.items():
            sides = [side for _, side in both.point.questions[name]]
            ids = dict.fromkeys(option for side in reversed(sides) for option in side.option_ids)
            assert list(question.option_ids) == list(ids)
            for option in question.options:
                assert option.alone == all(one.alone for side in sides for one in side.options if one.id == option.id)
            assert question.low == min(side.low for side in sides)
            assert question.high == max(side.high for side in sides)


def test_questions_stand_in_the_new_order_and_an_old_one_after_what_it_followed():
    seen = 0
    for both in several():
        old, new = (list(half.rule_set.question) for half, _ in both.halves)
        order = list(both.joint.compiled.rule_set.question)
        assert [name for name in order if name in new] == new
        assert set(order) == {*old, *new}
        for name in set(old) - set(new):
            followed = old[old.index(name) - 1] if old.index(name) else None
            assert (order[order.index(name) - 1] if order.index(name) else None) == followed
            seen += 1
    assert seen > 5


def test_who_is_undecided_without_an_answer_to_the_new_questions():
    seen = Counter()
    for both in chain(several(), some(600, add_question), some(700, add_question, add_question)):
        added = [name for name, owners in both.point.questions.items() if [one for one, _ in owners] == [both.new]]
        possible, before = {}, {}
        for caller, *_ in both.callers:
            rest = tuple((name, value) for name, value in caller.items() if name not in added)
            possible.setdefault(rest, set()).add(both.outcome(both.new, caller))
            before[rest] = both.outcome(both.old, caller)
        open_ones = [rest for rest in before if before[rest] != EXCLUDED and len(possible[rest] - {EXCLUDED}) > 1]
        found = lacking(both.joint, added, UNLIMITED)
        seen[bool(added), found is not None] += 1
        assert (found is not None) == bool(open_ones)
        if found:
            assert list(found.answers) == [name for name in both.joint.compiled.rule_set.question if name not in added]
            callers = both.meant_by({**dict.fromkeys(added, ANY), **found.answers})
            outcomes = {both.outcome(both.new, caller) for caller in callers} - {EXCLUDED}
            assert found.possible == tuple(one for one in (*both.new.outcome, NO_RULE) if one in outcomes)
            assert {both.outcome(both.old, caller) for caller in callers} == {found.old}
            assert len(outcomes) > 1
            assert found.old != EXCLUDED
    assert min(seen[True, True], seen[True, False], seen[False, False]) > 3


ASKED = """\
format: 1
id: asked
version: "1.0.0"
title: Asked
policy: first
outcomes: {low: {label: Low}, high: {label: High}}
questions: {a: {ask: A, type: yes_no}, c: {ask: C, type: yes_no}%s}
rules: [%s{id: rest, when: {}, recommend: low, because: x, basis: site}]
"""


@pytest.mark.parametrize(
    ("impossible", "undecided"),
    [("ac", None), ("ca", None), ("a", {"a": "no", "c": "yes"}), ("c", {"a": "yes", "c": "no"})],
)
def test_who_was_impossible_before_is_not_undecided(impossible, undecided):
    entries = ", ".join(f"{{id: i{name}, when: {{{name}: yes}}, because: x}}" for name in impossible)
    old = edition(ASKED % ("", "") + f"impossible: [{entries}]\n")
    when = "{any_of: [{a: yes}, {c: yes}], b: yes}"
    rule = f"{{id: r, when: {when}, recommend: high, because: x, basis: site}}, "
    new = edition(ASKED % (", b: {ask: B, type: yes_no}", rule))
    found = lacking(join(old.rule_set, new.rule_set), ["b"], UNLIMITED)
    assert (found and found.answers) == undecided
