"""What holds for every possible profile, and what explains it, against brute force on small random rule sets."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations, permutations, product
from random import Random

import pytest
from oracle import holds
from random_rule_sets import made

from iopscreen.engine.budget import UNLIMITED, Budget, OutOfTime
from iopscreen.engine.compiled import NONE_MATCHES, compile_rule_set, profile_weights
from iopscreen.engine.verdicts import ANY, Taken, Taker, Verdicts
from iopscreen.ruleset import model
from iopscreen.ruleset.model import AllOf, AnyOf, Not
from iopscreen.ruleset.reader import understand

SEEDS = range(300, 330)


class Point:
    """One profile that the blocks tell from all others: its blocks, by level, and what becomes of it."""

    def __init__(self, compiled, oracle, blocks, answers):
        self.blocks = blocks
        self.answers = answers
        facts = {**compiled.rule_set.readings, **answers}
        self.entries = {at for at, one in enumerate(compiled.rule_set.impossible) if holds(one.condition, facts)}
        self.matching = [at for at, one in enumerate(compiled.rule_set.rules) if holds(one.condition, facts)]
        self.decider = self.matching[0] if self.matching else NONE_MATCHES
        self.counts = all(row[block] for row, block in zip(oracle, blocks, strict=True))
        self.facts = facts

    def passes(self, clause):
        return all(blocks >> self.blocks[level] & 1 for level, blocks in clause.items())

    def meets(self, clauses):
        return any(self.passes(clause) for clause in clauses)

    def within(self, box):
        return self.passes(dict(enumerate(box)))


class One:
    """A random rule set, its verdicts, and all its profiles in file order."""

    def __init__(self, seed, text=None):
        self.rule_set = understand((text or made(seed).text).encode(), "random.yaml").rule_set
        self.compiled = compile_rule_set(self.rule_set)
        self.verdicts = Verdicts(self.compiled, UNLIMITED)
        names = list(self.rule_set.question)
        weights = profile_weights(self.compiled)
        self.points = []
        for chosen in product(*(range(self.compiled.blocks[name].count) for name in names)):
            by_name = dict(zip(names, chosen, strict=True))
            answers = {name: self.compiled.blocks[name].example(block) for name, block in by_name.items()}
            blocks = [by_name[name] for name in self.compiled.order]
            self.points.append(Point(self.compiled, weights, blocks, answers))
        self.possible = [point for point in self.points if not point.entries]
        self.random = Random(seed)

    def rules(self):
        return range(len(self.rule_set.rules))

    def some_clauses(self):
        """Clauses of a condition of the rule set, or of none, or of everybody."""
        conditions = [one.condition for one in (*self.rule_set.rules, *self.rule_set.notes, *self.rule_set.impossible)]
        made_of = [self.compiled.maker.clauses(condition) for condition in conditions]
        return [[{}], [], *made_of]


one = cache(One)


def count(points):
    return sum(point.counts for point in points)


def check_box(mine, box, wanted):
    """A box of profiles, all of them `wanted`; none just where nobody is."""
    assert (box is None) == (not any(map(wanted, mine.points)))
    if box is not None:
        inside = [point for point in mine.points if point.within(box)]
        assert inside
        assert all(map(wanted, inside))


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_hold_whom_they_are_about(seed):
    mine, verdicts = one(seed), one(seed).verdicts
    assert verdicts.nobody_possible == (not mine.possible)
    for position in (*mine.rules(), NONE_MATCHES):
        box = verdicts.deciding_box(position)
        check_box(mine, box, lambda point, at=position: not point.entries and point.decider == at)
        assert verdicts.decides(position) == (box is not None)
    for position in mine.rules():
        box = verdicts.matching_box(position)
        check_box(mine, box, lambda point, at=position: not point.entries and at in point.matching)
        assert verdicts.matching_box(position) == box
    for clauses in mine.some_clauses():
        box = verdicts.possible_box(clauses)
        check_box(mine, box, lambda point, clauses=clauses: not point.entries and point.meets(clauses))
        assert verdicts.possible(clauses) == (box is not None)
        assert verdicts.count(clauses) == count(point for point in mine.possible if point.meets(clauses))


@pytest.mark.parametrize("seed", SEEDS)
def test_deciders_and_rules_met(seed):
    mine, verdicts = one(seed), one(seed).verdicts
    everyone = (*mine.rules(), NONE_MATCHES)
    for clauses in mine.some_clauses():
        deciders = {point.decider for point in mine.possible if point.meets(clauses)}
        assert list(verdicts.deciders(clauses, everyone)) == [at for at in everyone if at in deciders]
        for position, box in verdicts.decided(clauses, everyone):
            inside = [point for point in mine.points if point.within(box)]
            assert {(point.decider, bool(point.entries), point.meets(clauses)) for point in inside} == {
                (position, False, True)
            }
        some = mine.random.sample(mine.rules(), len(mine.rules()) // 2)
        among = sum(verdicts.bits[position] for position in some)
        met = {at for point in mine.points if point.meets(clauses) for at in point.matching}
        assert verdicts.rules_meeting(clauses, among) == sorted(met & set(some))


def test_the_entries_that_exclude_whom_another_one_does():
    seen = Counter()
    for mine in (*map(one, SEEDS), *map(crowded, range(12))):
        entries = range(len(mine.rule_set.impossible))
        for position in entries:
            whom = [point for point in mine.points if position in point.entries]
            others = [at for at in entries if at != position and mine.random.random() < 0.9]
            if not whom:
                continue
            found = mine.verdicts.covering(position, others)
            expected = all(point.entries & set(others) for point in whom)
            assert (found is not None) == expected
            for needless in found or ():
                assert not all(point.entries & (set(found) - {needless}) for point in whom)
            if found is not None:
                assert set(found) <= set(others)
                assert all(point.entries & set(found) for point in whom)
            seen[expected] += 1
    assert min(seen[True], seen[False]) > 5, seen


@pytest.mark.parametrize("seed", SEEDS)
def test_the_profile_in_a_box_and_who_decides_it(seed):
    mine, verdicts = one(seed), one(seed).verdicts
    for clauses in mine.some_clauses():
        box = verdicts.possible_box(clauses)
        if box is None:
            continue
        [point] = [one for one in mine.points if one.answers == verdicts.in_box(box)]
        assert point.within(box)
        assert list(verdicts.in_box(box)) == list(mine.rule_set.question)
        assert verdicts.decider_in(box) == point.decider
        some = mine.random.sample(mine.rules(), len(mine.rules()) // 2)
        assert verdicts.decider_in(box, some) == next((at for at in some if at in point.matching), NONE_MATCHES)


def first_by_hand(mine, clauses, avoided):
    """The first profile of the first clause that has one, with `any` where, from the last question on, all would do."""
    good = {tuple(point.blocks): not avoided(point) for point in mine.points}
    for clause in clauses:
        point = next((one for one in mine.points if one.passes(clause) and good[tuple(one.blocks)]), None)
        if point is None:
            continue
        fixed = dict(enumerate(point.blocks))
        for name in reversed(mine.rule_set.question):
            rest = {level: block for level, block in fixed.items() if level != mine.compiled.level[name]}
            like = [one for one in good if all(one[level] == block for level, block in rest.items())]
            if mine.compiled.level[name] not in clause and all(good[one] for one in like):
                fixed = rest
        return {name: answer if mine.compiled.level[name] in fixed else ANY for name, answer in point.answers.items()}
    return None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_witness_is_the_first_in_file_order(seed):
    mine, verdicts = one(seed), one(seed).verdicts
    for clauses in mine.some_clauses():
        found = verdicts.witness(clauses, verdicts.excluded)
        assert found == first_by_hand(mine, clauses, lambda point: point.entries)
        assert found is None or list(found) == list(mine.rule_set.question)
    for position in mine.rules():
        [*own] = verdicts.clauses[position]
        shown = verdicts.deciding_witness(position)
        assert shown == first_by_hand(
            mine, own, lambda point, at=position: point.entries or min(point.matching, default=at) < at
        )
    shown = verdicts.deciding_witness(NONE_MATCHES)
    assert shown == first_by_hand(mine, [{}], lambda point: point.entries or point.matching)


def everybody_out(mine, clauses, entries, also=()):
    """Whether these impossible entries (and rules) leave nobody who meets one of `clauses`."""
    return all(
        point.entries & set(entries) or set(point.matching) & set(also) for point in mine.points if point.meets(clauses)
    )


def test_excluding_entries_leave_nobody_and_none_is_needless():
    seen = Counter()
    for seed in range(300, 360):
        mine = one(seed) if seed in SEEDS else One(seed)
        verdicts, entries = mine.verdicts, range(len(mine.rule_set.impossible))
        for clauses in mine.some_clauses():
            rule = mine.random.choice(mine.rules())
            for also in ((), (rule,)):
                if not everybody_out(mine, clauses, entries, also):
                    continue
                found = verdicts.excluding(clauses, sum(verdicts.bits[at] for at in also))
                assert everybody_out(mine, clauses, found, also)
                for needless in found:
                    assert not everybody_out(mine, clauses, set(found) - {needless}, also)
                seen[len(found), len(also)] += 1
    assert min(seen[1, 0], seen[2, 0], seen[1, 1]) > 5


def taken_by_hand(mine, position, *, smallest=True):
    """Who takes the callers of a rule, with sets of profiles: of all sets of earlier rules the smallest that does.

    Else by Batfish's rule. (The witness is left out.)
    """
    own = [point for point in mine.possible if position in point.matching]
    met = {at: [point for point in own if at in point.matching] for at in range(position)}
    weighed = sorted((at for at in met if met[at]), key=lambda at: (-count(met[at]), at))
    deciding = [at for at in weighed if any(point.decider == at for point in own)]
    outcome = mine.rule_set.rules[position].recommend
    elsewhere = [at for at in weighed if mine.rule_set.rules[at].recommend != outcome]
    takers = smallest_by_hand(own, met, weighed) if smallest else by_weight(own, deciding)
    others = [] if set(takers) & set(elsewhere) else [at for at in deciding if at in elsewhere][:1]
    decider = min(deciding, key=lambda at: (at not in others, at not in takers, at not in elsewhere, weighed.index(at)))
    told = {at: Taker(at, count(met[at])) for at in weighed}
    listed = tuple(told[at] for at in weighed if at in takers)
    return Taken(count(own), listed, told[others[0]] if others else None, decider, {})


def smallest_by_hand(own, met, weighed):
    """The smallest set of rules one of which every one of the profiles meets; of these the heaviest."""
    sets = [chosen for size in range(len(weighed) + 1) for chosen in combinations(weighed, size)]
    enough = [chosen for chosen in sets if all(set(chosen) & set(point.matching) for point in own)]
    return min(enough, key=lambda chosen: (len(chosen), -sum(count(met[at]) for at in chosen)))


def by_weight(own, deciding):
    """The heaviest rules that leave nothing, without those that the others make needless."""
    chosen, left = [], own
    for at in deciding:
        if left:
            chosen.append(at)
            left = [point for point in left if at not in point.matching]
    for at in chosen[-2::-1]:
        if all((set(chosen) - {at}) & set(point.matching) for point in own):
            chosen.remove(at)
    return chosen


CROWDED = """\
format: 1
id: crowded
version: "1.0.0"
title: Rules in one another's way
policy: first
outcomes: {low: {label: Low}, middle: {label: Middle}, high: {label: High}}
questions:
  a: {ask: A, type: whole_number, range: [0, 3]}
  b: {ask: B, type: whole_number, range: [0, 3]}
  c: {ask: C, type: yes_no}
"""


def crowded(seed):
    """A rule set of many rules that meet one another, few of which test much."""
    random = Random(f"crowded {seed}")
    tests = [f"{name}: {{{word}: {at}}}" for name in "ab" for word in ("is", "at_least", "at_most") for at in range(4)]
    tests += ["c: yes", "c: no"]
    lines = [f"impossible: [{{id: i, when: {{{random.choice(tests[:-2])}, c: no}}, because: x}}]\n" if seed % 2 else ""]
    lines.append("rules:\n")
    for number in range(9):
        some = {test[0]: test for test in random.sample(tests, random.choice([1, 1, 2]))}
        either = f"{{any_of: [{{{random.choice(tests)}}}, {{{', '.join(some.values())}}}]}}"
        when = random.choice([f"{{{', '.join(some.values())}}}"] * 3 + [either])
        outcome = random.choice(["low", "middle", "high"])
        lines.append(f"  - {{id: r{number}, when: {when}, recommend: {outcome}, because: x, basis: site}}\n")
    return One(seed, CROWDED + "".join(lines))


def test_rules_that_meet_any_of_several_clauses_are_met():
    not_the_last = 0
    for mine in map(crowded, range(12)):
        verdicts, everyone = mine.verdicts, sum(mine.verdicts.bits)
        for clauses in mine.some_clauses():
            met = {at for point in mine.points if point.meets(clauses) for at in point.matching}
            assert verdicts.rules_meeting(clauses, everyone) == sorted(met)
            not_the_last += verdicts.rules_meeting(clauses[-1:], everyone) != sorted(met)
    assert not_the_last > 5


def silent_rules():
    """The rules that match somebody and decide nobody, of many rule sets."""
    for mine in (*map(one, SEEDS), *map(crowded, range(60))):
        for position in mine.rules():
            own = [point for point in mine.possible if position in point.matching]
            if own and all(point.decider != position for point in own):
                yield mine, position, own


def test_who_takes_the_callers_of_a_rule():
    seen = Counter()
    for mine, position, own in silent_rules():
        taken, expected = mine.verdicts.taken(position), taken_by_hand(mine, position)
        assert taken._replace(witness={}) == expected
        shown = {name: answer for name, answer in taken.witness.items() if answer != ANY}
        like = [point for point in mine.points if shown.items() <= point.answers.items()]
        assert like
        assert all(point in own and point.decider == taken.decider for point in like)
        seen[len(taken.takers)] += 1
        seen["other"] += taken.other is not None
        seen["fewer"] += len(taken.takers) < len(taken_by_hand(mine, position, smallest=False).takers)
    assert min(seen[1], seen[2], seen[3], seen["other"], seen["fewer"]) > 5


def test_with_too_many_sets_to_look_at_the_heaviest_rules_take_the_callers_of_a_rule(monkeypatch):
    monkeypatch.setattr("iopscreen.engine.verdicts.MAX_SETS", 0)
    sizes = Counter()
    for mine, position, _ in silent_rules():
        taken = mine.verdicts.taken(position)
        assert taken._replace(witness={}) == taken_by_hand(mine, position, smallest=False)
        sizes[len(taken.takers)] += 1
    assert min(sizes[1], sizes[2], sizes[3]) > 5


def test_so_many_sets_of_rules_are_looked_at_for_the_smallest(monkeypatch):
    """Six rules, each for one row or one column of three by three: three of one kind are the smallest set."""
    lines = [f"{{{name}: {{is: {at}}}}}" for name in "ab" for at in range(3)] + ["{a: {at_most: 2}, b: {at_most: 2}}"]
    rules = (
        f"  - {{id: r{at}, when: {when}, recommend: low, because: x, basis: site}}\n" for at, when in enumerate(lines)
    )
    mine = One("square", f"{CROWDED}rules:\n{''.join(rules)}")
    clauses, takers = mine.verdicts.clauses[6], [Taker(at, 1) for at in range(6)]
    monkeypatch.setattr("iopscreen.engine.verdicts.MAX_SETS", 6 + 15 + 20)
    assert mine.verdicts._smallest_cover(clauses, takers, 6) == takers[:3]
    assert mine.verdicts._smallest_cover(clauses, takers, 2) is None
    # The columns are more by one, but for two that are not counted: these count as none.
    weighed = [Taker(3, 2), *takers[:3], Taker(4, None), Taker(5, None)]
    assert mine.verdicts._smallest_cover(clauses, weighed, 6) == takers[:3]
    assert mine.verdicts._smallest_cover(clauses, [Taker(3, 4), *weighed[1:]], 6) == [Taker(3, 4), *weighed[4:]]
    monkeypatch.setattr("iopscreen.engine.verdicts.MAX_SETS", 6 + 15 + 20 - 1)
    assert mine.verdicts._smallest_cover(clauses, takers, 6) is None


def conjuncts(condition):
    """The parts of a condition, every one of which must hold."""
    match condition:
        case AllOf(parts) if parts:
            return [one for part in parts for one in conjuncts(part)]
        case Not(AnyOf(parts)) if parts:
            return [one for part in parts for one in conjuncts(Not(part))]
        case Not(Not(part)):
            return conjuncts(part)
    return [condition]


def subjects(condition):
    """What a condition tests."""
    return [test.subject for test in model.tests_of(condition)]


def test_parts_that_clash_exclude_everybody_and_none_is_needless():
    sizes = Counter()
    for seed in SEEDS:
        mine = one(seed)
        conditions = [rule.condition for rule in mine.rule_set.rules]
        for first, second, third in permutations(conditions[:4], 3):
            condition = AllOf((Not(AnyOf((first, AnyOf(())))), AllOf((second, Not(Not(third))))))
            if any(holds(condition, point.facts) for point in mine.points):
                continue

            def nobody(parts, mine=mine):
                return not any(all(holds(part, point.facts) for part in parts) for point in mine.points)

            parts = mine.verdicts.clash(condition)
            settings = mine.rule_set.readings.keys()
            steady = [one for one in conjuncts(condition) if settings.isdisjoint(subjects(one))]
            assert set(map(repr, parts)) <= set(map(repr, steady)) or not nobody(steady)
            named = list(map(repr, parts))
            assert named == [repr(one) for one in conjuncts(condition) if repr(one) in named]
            assert nobody(parts)
            for part in parts:
                rest = [other for other in parts if other is not part]
                assert not rest or not nobody(rest)
            sizes[min(len(parts), 3)] += 1
    assert min(sizes[1], sizes[2]) > 20


def test_a_count_ends_with_the_time_while_its_clauses_are_made_disjoint():
    mine = One("no entries", CROWDED + "rules: [{id: r, when: {}, recommend: low, because: x, basis: site}]\n")
    assert mine.verdicts.count([{0: 1}, {0: 2}]) == 1
    with pytest.raises(OutOfTime):
        mine.verdicts.within(Budget(0)).count([{0: 1}, {0: 2}])


def test_explanations_end_with_the_time_and_not_with_fewer_words():
    """Whatever raises OutOfTime is not taken for what is too tangled to be counted."""
    mine = one(SEEDS[0])
    late = mine.verdicts.within(Budget(0))
    for ask in (
        lambda: late.count([{}]),
        lambda: late.taken(1),
        lambda: late.clash(mine.rule_set.rules[0].condition),
        lambda: late.excluding([{}]),
        lambda: late.witness([{}], late.excluded),
    ):
        with pytest.raises(OutOfTime):
            ask()
