"""What people did, one line after the other: nothing is overwritten, so that two who write at once lose nothing.

A topic is a kind of work (``review``, ``learning``, ``audit``), a subject one thing of it. Moments are seconds since
1970 (UTC), handed in by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from soleus.errors import ChangedMeanwhile


@dataclass(frozen=True)
class Event:
    """``kind`` of ``author`` about ``subject``; ``body`` is plain JSON data.

    ``number`` is 0 until it is kept; then it counts up over all topics.
    """

    topic: str
    subject: str
    kind: str
    author: str
    at: float
    body: dict[str, Any] = field(default_factory=dict)
    number: int = 0


class EventLog(Protocol):
    """A list that only grows. Raises `StorageError` where it cannot read or write."""

    def append(self, event: Event, *, after: int | None = None) -> Event:
        """Keep an event; gives it with its number.

        ``after``: the number of the subject's last event that the author has seen, 0 for none. Raises
        `ChangedMeanwhile` if there is a newer one, and keeps nothing.
        """

    def events(
        self, topic: str, *, subject: str | None = None, author: str | None = None, since: int = 0
    ) -> tuple[Event, ...]:
        """The events of a topic in the order they came, those with a number above ``since``."""

    def erase(self, topic: str, author: str) -> int:
        """Delete what somebody did in a topic; how many events that were."""


def changed_meanwhile() -> ChangedMeanwhile:
    """What is said to somebody who has not seen the newest state."""
    return ChangedMeanwhile(
        "event", "a newer one", "the last one that you saw", "Look at what changed, then send again."
    )
