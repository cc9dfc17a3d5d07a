"""What waits at the keyboard: keys that arrive together never answer, however many reads they take."""

from types import SimpleNamespace

import pytest

from iopscreen.screen import console
from iopscreen.screen.prompts import MOVING, TYPING, _only_deliberate_keys


class Keyboard:
    """A source of keys whose reads, and the times of these, are written down beforehand.

    A read may say that more waits behind it.
    """

    def __init__(self, monkeypatch, reads):
        self.reads = iter(reads)
        self.now = 0.0
        self.more: list[bool] = []
        monkeypatch.setattr(console, "clock", lambda: self.now)
        monkeypatch.setattr(console, "key_waits", lambda: bool(self.more))

    def read_keys(self):
        self.now, keys, *self.more = next(self.reads)
        return [SimpleNamespace(key=key) for key in keys]


def taken(monkeypatch, reads, together=MOVING):
    source = Keyboard(monkeypatch, reads)
    _only_deliberate_keys(source, together, console.Burst())
    return ["".join(press.key for press in source.read_keys()) for _ in reads]


@pytest.mark.parametrize(
    ("reads", "answers"),
    [
        ([(1.0, "y")], ["y"]),
        ([(1.0, "y"), (1.001, "n")], ["y", "n"]),
        ([(1.0, "yes"), (1.001, "n")], ["", ""]),
        ([(1.0, "yes"), (1.02, "n"), (1.04, "y"), (1.06, "n")], ["", "", "", ""]),
        ([(1.0, "yes"), (1.5, "n")], ["", "n"]),
        ([(1.0, ""), (1.001, "n")], ["", "n"]),
        ([(1.0, ["up", "up"]), (1.01, ["up"]), (1.02, "y"), (1.5, "y")], ["upup", "up", "", "y"]),
        ([(1.0, "yes"), (1.01, ["c-c"])], ["", "c-c"]),
        ([(1.0, "yes", True), (9.0, "n"), (9.5, "n")], ["", "", "n"]),  # whoever reads was held up
        ([(1.0, "yes", True), (9.0, "n", True), (99.0, "y"), (99.5, "y")], ["", "", "", "y"]),
        ([(1.0, "y", True), (1.5, "n")], ["y", "n"]),
    ],
)
def test_keys_that_follow_a_burst_at_once_belong_to_it(monkeypatch, reads, answers):
    assert taken(monkeypatch, reads) == answers


def test_digits_of_a_burst_are_typed_where_a_number_is_asked_for(monkeypatch):
    assert taken(monkeypatch, [(1.0, "4 y"), (1.01, "4"), (1.02, "y")], TYPING) == ["4", "4", ""]


def test_the_size_is_that_of_the_terminal_on_stderr(monkeypatch):
    sizes = {2: (40, 10)}

    def size_of(handle):
        if handle not in sizes:
            raise OSError
        return console.os.terminal_size(sizes[handle])

    monkeypatch.setattr(console.os, "get_terminal_size", size_of)
    monkeypatch.setattr(console.sys, "stderr", SimpleNamespace(fileno=lambda: 2))
    assert tuple(console.size()) == (40, 10)
    sizes[2] = (0, 0)
    monkeypatch.setenv("COLUMNS", "70")
    assert console.size().columns == 70
