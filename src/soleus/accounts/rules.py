"""How long things of accounts last, and how often signing in may fail."""

from __future__ import annotations

from dataclasses import dataclass

_HOUR, _DAY = 3_600, 86_400


@dataclass(frozen=True)
class Rules:
    """Seconds, and numbers of failures.

    A session ends ``idle_s`` after its last use and ``longest_s`` after it began, whatever comes first. After
    ``slow_after`` failures the next try has to wait, after ``lock_after`` for ``lock_s``; an address may fail
    ``address_times`` as often, because a whole institution may stand behind one.
    """

    idle_s: float = 12 * _HOUR
    longest_s: float = 30 * _DAY
    slow_after: int = 5
    lock_after: int = 10
    lock_s: float = 15 * 60
    address_times: int = 5
    invitation_s: float = 7 * _DAY
    fresh_s: float = 10 * 60  # what a sign-in without a password may delete the account by

    def session_until(self, begun_at: float, seen_at: float) -> float:
        return min(begun_at + self.longest_s, seen_at + self.idle_s)

    def delay_s(self, failures: int) -> float:
        """How long after the last of so many failures nobody may try: 1, 2, 4, 8, ... seconds, then the lock-out."""
        if failures >= self.lock_after:
            return self.lock_s
        return float(2 ** (failures - self.slow_after)) if failures >= self.slow_after else 0.0
