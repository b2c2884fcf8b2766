"""The few things that are kept, and the Protocol that every store of them meets.

Moments are seconds since 1970 (UTC), handed in by the caller: a store has no clock. Whatever a method has returned from
is on disk and survives the loss of the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from soleus.storage.accounts import AccountStore
from soleus.storage.events import EventLog


@dataclass(frozen=True)
class Saved:
    """An interview that somebody asked to keep. ``sealed`` is encrypted with a key that only the private link holds."""

    id: str
    sealed: bytes
    saved_at: float
    expires_at: float


@dataclass(frozen=True)
class Card:
    """A CDS Hooks card that was shown: what kind it was, nothing of the patient."""

    uuid: str
    service: str
    kind: str
    shown_at: float


@dataclass(frozen=True)
class Feedback:
    """What became of a card. ``suggestions`` are the ids of those accepted; ``reason`` is the code of an override."""

    client: str
    service: str
    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_at: str
    suggestions: tuple[str, ...] = ()
    reason: str | None = None


class Repository(EventLog, AccountStore, Protocol):
    """A store, with the log of events and the accounts. Raises `StorageError` where it cannot read or write."""

    def save(self, saved: Saved) -> None:
        """Keep an interview; one with the same id is replaced."""

    def saved(self, id: str) -> Saved | None:
        """The interview with this id, None if there is none."""

    def delete(self, id: str) -> bool:
        """Delete an interview for good; False if there was none."""

    def forget(self, now: float) -> int:
        """Delete what has expired by ``now``; how many interviews that were."""

    def first_use(self, issuer: str, token: str, until: float) -> bool:
        """Whether a token is seen for the first time; it is remembered at least until ``until``."""

    def keep_cards(self, cards: tuple[Card, ...]) -> None:
        """Keep what kind of cards were shown."""

    def keep_feedback(self, given: tuple[Feedback, ...]) -> int:
        """Keep feedback, all of it or none; feedback that is kept already is not kept twice. How many were new."""

    def feedback(self) -> tuple[tuple[Feedback, str | None], ...]:
        """All feedback in the order it came, each with the kind of its card if that is known."""

    def cards_shown(self) -> dict[tuple[str, str], int]:
        """(service, kind) -> how many cards were shown."""

    def check(self) -> None:
        """Raise `StorageError` unless the store can be read and written."""

    def close(self) -> None:
        """Let go of files."""
