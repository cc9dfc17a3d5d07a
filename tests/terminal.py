"""A real terminal for the tests: a program in a pseudo-terminal, its screen as pyte draws it."""

import fcntl
import os
import signal
import sys
import termios
import time
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120
"""Seconds to wait for something that should come at once; only a failing test waits them."""

TIOCGPTN = 0x80045430
"""Asks Linux for the number of a pseudo-terminal."""


class Terminal:
    """`iopscreen` in a terminal. Every wait is for what the screen shows, never for a time."""

    def __init__(self, *arguments, lines=40, columns=80, cwd=None, env=None, program=None):
        command = program or [sys.executable, "-m", "iopscreen"]
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **(env or {})}
        self.child = pexpect.spawn(
            command[0],
            [*command[1:], *arguments],
            dimensions=(lines, columns),
            env=environment,
            cwd=str(cwd) if cwd else None,
            timeout=PATIENCE,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.close(force=True)

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).strip()

    def _read(self):
        try:
            data = self.child.read_nonblocking(65536, timeout=0.05)
        except pexpect.TIMEOUT:
            return
        self.raw += data
        self.stream.feed(data)

    def until(self, *wanted, gone=()):
        """Read until the screen shows all of `wanted` and none of `gone`."""
        return self._until(
            lambda: all(text in self.text for text in wanted) and not any(text in self.text for text in gone), wanted
        )

    def _until(self, holds, wanted):
        deadline = time.monotonic() + PATIENCE
        while not holds() and time.monotonic() < deadline:
            try:
                self._read()
            except pexpect.EOF:
                break
        assert holds(), f"waited for {wanted}; the screen shows:\n{self.text}"
        return self

    def until_line(self, *wanted):
        """Read until one line of the screen shows all of `wanted`."""
        return self._until(lambda: any(all(part in line for part in wanted) for line in self.text.split("\n")), wanted)

    def insist(self, key, *wanted):
        """Send a key that does no harm when it comes twice until the screen shows all of `wanted`."""
        deadline = time.monotonic() + PATIENCE
        while not all(text in self.text for text in wanted) and time.monotonic() < deadline:
            self.send(key)
            for _ in range(10):
                self._read()
        return self.until(*wanted)

    def send(self, keys):
        """Type `keys` together, apart from those before: keys that the program reads at once count as pasted."""
        deadline = time.monotonic() + PATIENCE
        while self._unread() and time.monotonic() < deadline:
            self._read()
        self.child.send(keys)
        return self

    def _unread(self):
        """How many bytes the program has not read yet; nothing of a line without its end. Told on Linux only."""
        if sys.platform != "linux":
            return 0
        slave = os.open(f"/dev/pts/{self._asked(self.child.fileno(), TIOCGPTN)}", os.O_RDWR | os.O_NOCTTY)
        try:
            return self._asked(slave, termios.FIONREAD)
        finally:
            os.close(slave)  # held open, it would keep the end from being seen

    @staticmethod
    def _asked(descriptor, what):
        return int.from_bytes(fcntl.ioctl(descriptor, what, bytes(4)), sys.byteorder)

    def end(self):
        """Wait for the end; the exit status."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self._read()
            except pexpect.EOF:
                break
        self.child.close()
        return self.child.exitstatus if self.child.signalstatus is None else -self.child.signalstatus

    def kill(self, number=signal.SIGTERM):
        os.kill(self.child.pid, number)


DOWN = "\x1b[B"
UP = "\x1b[A"
