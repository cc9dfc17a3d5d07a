"""A rule set with nothing that is optional, but for a reason to choose otherwise: no `emergency`, no cases."""

BARE = """
format: 1
id: bare
version: "1.0.0"
title: Bare
policy: first
outcomes: {stay: {label: Stay}, go: {label: Go}}
questions: {safe: {ask: "Is it safe?", type: yes_no}}
rules:
  - {id: not-safe, when: {safe: no}, recommend: go, because: It is not safe., basis: site}
  - {id: all, when: {}, recommend: stay, because: It is safe., basis: site}
override_reasons: [Caller declined]
"""
