"""A budget that runs out after so many steps: what a clock does, without a clock."""

from __future__ import annotations

from iopscreen.engine.budget import Budget, OutOfTime


class Steps(Budget):
    """`left` rounds or looks, and then it is out. Parts of it end with it, and with it alone."""

    def __init__(self, left: int) -> None:
        super().__init__(None)
        self.left = left
        self.taken = 0

    def spend(self, rounds: int = 1) -> None:
        self.look()

    def look(self) -> None:
        if self.left <= 0:
            self._out = self._short = True
            raise OutOfTime
        self.left -= 1
        self.taken += 1

    def part(self, *, share: float = 1, most: float | None = None) -> Budget:
        return self
