"""What waits at the keyboard: keys that arrive together never answer, however many reads they take."""

from types import SimpleNamespace

import pytest

from iopscreen.screen import console
from iopscreen.screen.prompts import PASTED, _name, _only_deliberate_keys


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
        return [SimpleNamespace(key=key, data=key) for key in keys]


def taken(monkeypatch, reads):
    """The keys that come of each read; a text that came at once stands in `<>`."""
    source = Keyboard(monkeypatch, reads)
    _only_deliberate_keys(source, console.Burst())
    return [
        "".join(f"<{press.data}>" if _name(press) == PASTED else press.key for press in source.read_keys())
        for _ in reads
    ]


@pytest.mark.parametrize(
    ("reads", "answers"),
    [
        ([(1.0, "y")], ["y"]),
        ([(1.0, "y"), (1.001, "n")], ["y", "n"]),
        ([(1.0, "yes"), (1.001, "n")], ["<yes>", "<n>"]),
        ([(1.0, "yes"), (1.02, "n"), (1.04, "y"), (1.06, "n")], ["<yes>", "<n>", "<y>", "<n>"]),
        ([(1.0, "yes"), (1.5, "n")], ["<yes>", "n"]),
        ([(1.0, ""), (1.001, "n")], ["", "n"]),
        ([(1.0, ["up", "up"]), (1.01, ["up"]), (1.02, "y"), (1.5, "y")], ["upup", "up", "<y>", "y"]),
        ([(1.0, "yes"), (1.01, ["c-c"])], ["<yes>", "c-c"]),
        ([(1.0, "yes", True), (9.0, "n"), (9.5, "n")], ["<yes>", "<n>", "n"]),  # whoever reads was held up
        ([(1.0, "yes", True), (9.0, "n", True), (99.0, "y"), (99.5, "y")], ["<yes>", "<n>", "<y>", "y"]),
        ([(1.0, "y", True), (1.5, "n")], ["y", "n"]),
        ([(1.0, [*"10", "c-h", *" d", "c-m", "c-o"])], ["<10>c-h< d >"]),
        ([(1.0, [PASTED, "c-m"])], [f"<{PASTED} >"]),
    ],
)
def test_keys_that_follow_a_burst_at_once_belong_to_it(monkeypatch, reads, answers):
    assert taken(monkeypatch, reads) == answers


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
