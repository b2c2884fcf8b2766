"""A store in memory: for tests, and where nothing may touch the disk."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from soleus.storage.events import Event, changed_meanwhile
from soleus.storage.memory_accounts import MemoryAccounts
from soleus.storage.repository import Card, Feedback, Saved


class MemoryRepository(MemoryAccounts):
    """Forgets everything with its process."""

    def __init__(self) -> None:
        super().__init__()
        self._saved: dict[str, Saved] = {}
        self._tokens: dict[tuple[str, str], float] = {}
        self._cards: dict[str, Card] = {}
        self._feedback: dict[Feedback, None] = {}
        self._events: list[Event] = []
        self._last = 0

    def save(self, saved: Saved) -> None:
        with self._lock:
            self._saved[saved.id] = saved

    def saved(self, id: str) -> Saved | None:
        return self._saved.get(id)

    def delete(self, id: str) -> bool:
        with self._lock:
            return self._saved.pop(id, None) is not None

    def forget(self, now: float) -> int:
        with self._lock:
            old = [s.id for s in self._saved.values() if s.expires_at <= now]
            for id in old:
                del self._saved[id]
            self._tokens = {t: until for t, until in self._tokens.items() if until > now}
            self._forget_over(now)
        return len(old)

    def first_use(self, issuer: str, token: str, until: float) -> bool:
        with self._lock:
            if (issuer, token) in self._tokens:
                return False
            self._tokens[issuer, token] = until
            return True

    def keep_cards(self, cards: tuple[Card, ...]) -> None:
        with self._lock:
            for card in cards:
                self._cards.setdefault(card.uuid, card)

    def keep_feedback(self, given: tuple[Feedback, ...]) -> int:
        with self._lock:
            before = len(self._feedback)
            self._feedback |= dict.fromkeys(given)
            return len(self._feedback) - before

    def feedback(self) -> tuple[tuple[Feedback, str | None], ...]:
        with self._lock:
            return tuple((f, self._cards[f.card].kind if f.card in self._cards else None) for f in self._feedback)

    def cards_shown(self) -> dict[tuple[str, str], int]:
        with self._lock:
            return dict(Counter((c.service, c.kind) for c in self._cards.values()))

    def append(self, event: Event, *, after: int | None = None) -> Event:
        with self._lock:
            newest = max(
                (e.number for e in self._events if (e.topic, e.subject) == (event.topic, event.subject)), default=0
            )
            if after is not None and newest != after:
                raise changed_meanwhile()
            self._last += 1
            kept = replace(event, number=self._last)
            self._events.append(kept)
        return kept

    def events(
        self, topic: str, *, subject: str | None = None, author: str | None = None, since: int = 0
    ) -> tuple[Event, ...]:
        with self._lock:
            return tuple(
                e
                for e in self._events
                if e.topic == topic and e.number > since and subject in (None, e.subject) and author in (None, e.author)
            )

    def erase(self, topic: str, author: str) -> int:
        with self._lock:
            before = len(self._events)
            self._events = [e for e in self._events if (e.topic, e.author) != (topic, author)]
            return before - len(self._events)

    def check(self) -> None:
        return None

    def close(self) -> None:
        return None
