"""Time, and what happens when it runs out: everything that may take long is given a budget, and spends it."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS_A_LOOK = 64
"""How often the clock is looked at."""


class TooTangled(Exception):
    """What is asked goes past a limit: of size, or of time."""


class OutOfTime(TooTangled):
    """The time that was given for all verdicts together is used up."""


class Budget:
    """The time for all verdicts together, in seconds; None is as long as it takes.

    Once it has run out, it stays so: whatever else is asked then is not decided either, however small it is.
    """

    def __init__(
        self, seconds: float | None, clock: Callable[[], float] = time.monotonic, part_of: Budget | None = None
    ) -> None:
        self.clock = clock
        self._part_of = part_of
        self._end = None if seconds is None else clock() + seconds
        self._rounds = ROUNDS_A_LOOK - 1  # the first round looks, so that no time at all decides nothing
        self._out = False
        self._short = False

    @property
    def out(self) -> bool:
        """Whether it has been seen to run out."""
        return self._out

    @property
    def short(self) -> bool:
        """Whether it, or a share of it, has been seen to run out: whether more time may decide more."""
        return self._short

    def spend(self, rounds: int = 1) -> None:
        """Some more rounds of work. Raises OutOfTime."""
        self._rounds += rounds
        if self._rounds >= ROUNDS_A_LOOK or self._out:
            self._rounds = 0
            self.look()

    def look(self) -> None:
        """Look at the clock. Raises OutOfTime."""
        if self._out or (self._end is not None and self.clock() >= self._end):
            self._out = True
            whole: Budget | None = self
            while whole is not None:
                whole._short = True
                whole = whole._part_of
            raise OutOfTime

    def part(self, *, share: float = 1, most: float | None = None) -> Budget:
        """A budget of its own that ends with this one: after a `share` of what is left, and `most` so many seconds.

        Where `most` ends it, more time for the whole would decide nothing more: the whole is not short then.
        """
        if self._end is None:  # never short, whatever becomes of a part
            return Budget(most, self.clock)
        left = 0 if self._out else share * (self._end - self.clock())
        if most is not None and most < left:
            return Budget(most, self.clock)
        return Budget(left, self.clock, part_of=self)


UNLIMITED = Budget(None)
"""As long as it takes; for what is small, or must be decided."""
