"""One run of `verify`: each record with its rules, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from iopscreen import streams
from iopscreen.errors import IopscreenError
from iopscreen.files import files_in, is_folder, is_pipe
from iopscreen.inputs import Rules, expected_digest, raw_record, read_rules, rules_of
from iopscreen.screen.verify import Checked, Verifier


def record_files(paths: Sequence[str]) -> list[str]:
    """The records at `paths`: of a folder its `*.json`, or the file itself. Raises IopscreenError.

    No command line takes as many names as a folder may hold.
    """
    found: list[str] = []
    for path in paths:
        if not path:
            raise IopscreenError("the name of a record is empty; name a record, or a folder of them")
        streams.refuse_contents(path)
        inside = _records_in(path) if is_folder(path) else [path]
        if not inside:
            raise IopscreenError(f"{path}: no record in this folder (`*.json`)")
        found += inside
    return found


def _records_in(folder: str) -> list[str]:
    """Its `*.json`. What somebody must first write into is no record, and would be waited for."""
    return [path for path in files_in(folder, ".json") if not is_pipe(path)]


def verify(paths: Sequence[str], rules: str | None, expect_digest: str | None = None) -> list[Checked]:
    """What came of each record, in order. One that cannot be read keeps no other from being verified.

    `expect_digest`: the digest that the rule file must have, whichever it is.
    """
    verifiers: dict[str, Verifier] = {}
    digest = expected_digest(expect_digest)
    if rules is not None:
        verifiers[rules] = _verifier(read_rules(rules, digest))  # its faults are no record's
    results = []
    for path in paths:
        try:
            raw = raw_record(path)
            name = rules or raw.contents["rule_set"]["id"]
            if name not in verifiers:
                verifiers[name] = _verifier(rules_of(raw, rules, digest))
        except IopscreenError as error:
            results.append(Checked(path, str(error)))
        else:
            results.append(Checked(path, verifiers[name].verify(raw)))
    return results


def _verifier(rules: Rules) -> Verifier:
    return Verifier(rules.compiled, rules.file)
