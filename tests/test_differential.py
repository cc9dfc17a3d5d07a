"""Every way to a decision against the oracle: a fixed share of what `differential.py` does for hours."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import TESTS
from differential import WAYS, Disagreement, Told, by_engine, by_jobs, compared, run, site_of

from iopscreen.batch import jobs

CHUNKS = 8
EACH = 25


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_way_says_what_the_oracle_says(chunk):
    count = run(range(EACH * chunk, EACH * (chunk + 1)))
    assert count["rule sets"] == EACH
    assert all(count[way] > EACH for way in WAYS if way not in ("SQL", "jobs")), count


def test_a_way_that_errs_once_is_noticed():
    """Whatever is told otherwise: an outcome, the rules, the next questions, that the answers cannot be."""

    def erring(change):
        def way(site):
            first, *others = by_engine(site)
            return [change(first), *others]

        return {"engine": way}

    errors = {
        "an outcome less": lambda told: told._replace(possible=told.possible[1:]),
        "another rule": lambda told: told._replace(rules=("no-such-rule",)),
        "a question more": lambda told: told._replace(ask_next=("no_such_question",)),
        "nobody": lambda told: Told(),
    }
    seed = next(seed for seed in range(20) if by_engine(site_of(seed))[0].possible)
    for change in errors.values():
        with pytest.raises(Disagreement, match="right is"):
            compared(site_of(seed), erring(change))
    assert compared(site_of(seed), {"engine": by_engine})["engine"] > 0


def test_several_processes_share_the_rows(monkeypatch):
    crews = []
    real = jobs._started

    def watched(*arguments, **named):
        crews.append(real(*arguments, **named))
        return crews[-1]

    monkeypatch.setattr(jobs, "_started", watched)
    sites = [site for site in map(site_of, range(60)) if site.file.digest.endswith("1")]
    assert sum(compared(site, {"jobs": by_jobs})["jobs"] for site in sites) > 5
    assert len(crews) == len(sites) and all(len(crew) > 1 for crew in crews)


def test_the_command_says_how_much_was_compared():
    command = [sys.executable, TESTS / "differential.py", "--seconds", "0", "--processes", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "no disagreement: 100 rule sets" in done.stdout
