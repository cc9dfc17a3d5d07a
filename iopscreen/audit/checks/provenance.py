"""What the rules rest on: are there citations, do they name something, does the source still say so?"""

from __future__ import annotations

from collections.abc import Iterator

from iopscreen.audit.citations import Fate, Found, digest, digests
from iopscreen.audit.references import all_cites
from iopscreen.audit.subject import Subject, Told
from iopscreen.audit.telling import (
    named,
    verb,
)
from iopscreen.ruleset.findings import Related
from iopscreen.ruleset.shape import did_you_mean


def missing_citation(subject: Subject) -> Iterator[Told]:
    """A rule does not say what it rests on: it has no `cite`.

    Example: a rule with `basis: site` and no `cite: [house_rules]`.

    What to do: name a passage of a source, or an external source. Where there is none, accept the finding
    on the rule, with the reason.
    """
    for rule in subject.rule_set.rules:
        if not rule.cite:
            yield Told(rule.place, f"rule `{rule.id}` has no `cite`; name the passage or external source it rests on")


def unknown_source(subject: Subject) -> Iterator[Told]:
    """A `cite` names neither a passage nor an external source.

    Example: `cite: [no-dtox]`, where the passage is called `no-detox`; or the name of a source that has a
    text, of which a passage must be cited.

    What to do: correct the name, or declare the passage or source under `sources`.
    """
    documents = {source.id for source in subject.documents}
    known = subject.rule_set.passage
    for cite in all_cites(subject.rule_set):
        if cite.id in documents:
            yield Told(cite.place, f"`{cite.id}` is a source with a text; cite a passage of it")
        elif cite.id not in known:
            hint = did_you_mean(cite.id, known)
            yield Told(cite.place, f"`{cite.id}` is neither a passage nor an external source{hint}")


def stale_citation(subject: Subject) -> Iterator[Told]:
    """A passage has changed, moved or gone since its digest was taken; seen with `--source`.

    Told at each rule that rests on it, or at the passage where none does. Letter case, spaces and the
    kind of quotes do not count.

    Example: the handbook now says "six weeks" where it said "four".

    What to do: read the passage again, decide whether the rule still stands, and then take over the
    digest shown. Where the same words were found at another place, take over that place; the digest stays.
    """
    for found in subject.found_passages.values():
        if not found.stale:
            continue
        passage = found.passage
        resting = [rule for rule in subject.rule_set.rules if any(cite.id == passage.id for cite in rule.cite)]
        fate = _fate_words(found)
        there = (subject.related(passage.place, f"passage `{passage.id}`: {passage.says}"), *_now(subject, found))
        for rule in resting:
            yield Told(rule.place, f"rule `{rule.id}` rests on passage `{passage.id}`, which {fate}", there)
        if not resting:
            yield Told(passage.place, f"passage `{passage.id}` {fate}", there)


def source_changed(subject: Subject) -> Iterator[Told]:
    """The text of a source has changed since its digest was taken, but no passage that is cited.

    Example: a new closing paragraph in the article.

    What to do: look whether the new text bears on the rules; then take over the digest shown.
    """
    stale = {found.passage.id for found in subject.found_passages.values() if found.stale}
    for source in subject.documents:
        text = subject.texts.get(source.id)
        if text is None or source.digest is None or source.digest in digests(text):
            continue
        if not any(passage.id in stale for passage in source.passages):
            now = (subject.related(source.place, f"its digest: {digest(text)}"),)
            yield Told(source.place, f"the text of source `{source.id}` has changed, outside its passages", now)


def unverified_citations(subject: Subject) -> Iterator[Told]:
    """Citations were not compared with their source; said once for the file.

    Example: the audit was run without `--source article=article.txt`, or a passage has no `digest`.

    What to do: give the text with `--source`. Where a passage has no digest, the text that stands there
    and its digest are shown: read the one, then take over the other.
    """
    to_verify = [source.id for source in subject.documents if source.passages or source.digest]
    missing = [source for source in to_verify if source not in subject.texts]
    bare = [found for found in subject.found_passages.values() if found.fate is Fate.UNDIGESTED]
    undigested = [found.passage.id for found in bare]
    reasons = []
    if missing:
        options = " ".join(f"--source {name}=FILE" for name in missing)
        reasons.append(f"the text of {named('source', 'sources', missing)} is not at hand; give it with `{options}`")
    if undigested:
        reasons.append(f"{named('passage', 'passages', undigested)} {verb(undigested, 'has', 'have')} no digest")
    if reasons:
        now = tuple(line for found in bare for line in _now(subject, found))
        yield Told(subject.rule_set.place, f"citations were not verified: {'; '.join(reasons)}", now)


def unused_source(subject: Subject) -> Iterator[Told]:
    """A source, or a passage of one, that nothing cites.

    Example: `detox-guideline` stands under `sources`, and no `cite` names it.

    What to do: cite it where a rule rests on it, or delete it.
    """
    cited = {cite.id for cite in all_cites(subject.rule_set)}
    for source in subject.rule_set.sources:
        named_by = {source.id, *(passage.id for passage in source.passages)}
        if not named_by & cited:
            what = "it" if source.external or not source.passages else "a passage of it"
            yield Told(source.place, f"source `{source.id}` is unused: nothing cites {what}")
            continue
        for passage in source.passages:
            if passage.id not in cited:
                yield Told(passage.place, f"passage `{passage.id}` is unused: nothing cites it")


def review_overdue(subject: Subject) -> Iterator[Told]:
    """The day named by `review_by` has passed.

    Example: `review_by: 2026-06-30`, and it is July.

    What to do: review the rules, and set `reviewed` and `review_by` anew. `--today` judges by another day.
    """
    due = subject.rule_set.review_by
    if due is not None and subject.today is not None and subject.today > due:
        yield Told(subject.rule_set.review_by_place, f"the rule set was to be reviewed by {due}")


def _now(subject: Subject, found: Found) -> tuple[Related, ...]:
    """The text that stands at the place of a passage now, and the digest to take over once it was read.

    Of a passage that has moved: that its digest stays. The text at its old place is another one.
    """
    place = found.passage.place
    if found.moved_to is not None:
        section, paragraph = found.moved_to
        words = f"write section `{section}`, paragraph {paragraph} here; its digest stays"
        return (subject.related(place, words),)
    if found.text_now is None:
        return ()
    return (
        subject.related(place, f"there now: {found.text_now}"),
        subject.related(place, f"its digest: {digest(found.text_now)}"),
    )


def _fate_words(found: Found) -> str:
    passage = found.passage
    here = f"section `{passage.section}`, paragraph {passage.paragraph}"
    match found.fate:
        case Fate.CHANGED:
            return f"has changed ({here})"
        case Fate.MOVED:
            assert found.moved_to is not None
            section, paragraph = found.moved_to
            return f"has moved from {here} to section `{section}`, paragraph {paragraph}"
        case _:
            return f"is gone ({here})"
