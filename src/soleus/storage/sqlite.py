"""The store in one SQLite file."""

from __future__ import annotations

import json
from typing import Any

from soleus.storage.repository import Card, Feedback, Saved
from soleus.storage.sqlite_accounts import SqliteAccounts
from soleus.storage.sqlite_events import SqliteEvents


class SqliteRepository(SqliteAccounts, SqliteEvents):
    """One file, used by any number of threads and processes at once."""

    # --- interviews -----------------------------------------------------------------------------------------

    def save(self, saved: Saved) -> None:
        with self._writing() as db:
            db.execute(
                "REPLACE INTO saved VALUES (?, ?, ?, ?)", (saved.id, saved.sealed, saved.saved_at, saved.expires_at)
            )

    def saved(self, id: str) -> Saved | None:
        row = self._one("SELECT id, sealed, saved_at, expires_at FROM saved WHERE id = ?", id)
        return Saved(*row) if row else None

    def delete(self, id: str) -> bool:
        with self._writing() as db:
            found = db.execute("DELETE FROM saved WHERE id = ?", (id,)).rowcount > 0
        self._empty_log()
        return found

    def forget(self, now: float) -> int:
        with self._writing() as db:
            old = db.execute("DELETE FROM saved WHERE expires_at <= ?", (now,)).rowcount
            db.execute("DELETE FROM token WHERE until <= ?", (now,))
            self._forget_over(db, now)
        if old:
            self._empty_log()
        return old

    # --- hooks ----------------------------------------------------------------------------------------------

    def first_use(self, issuer: str, token: str, until: float) -> bool:
        with self._writing() as db:
            return (
                db.execute("INSERT INTO token VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (issuer, token, until)).rowcount
                > 0
            )

    def keep_cards(self, cards: tuple[Card, ...]) -> None:
        rows = [(c.uuid, c.service, c.kind, c.shown_at) for c in cards]
        with self._writing() as db:
            db.executemany("INSERT INTO card VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def keep_feedback(self, given: tuple[Feedback, ...]) -> int:
        rows = [
            (f.client, f.service, f.card, f.outcome, f.outcome_at, json.dumps(f.suggestions), f.reason or "")
            for f in given
        ]
        names = "client, service, card, outcome, outcome_at, suggestions, reason"
        with self._writing() as db:
            return db.executemany(
                f"INSERT INTO feedback ({names}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            ).rowcount

    def feedback(self) -> tuple[tuple[Feedback, str | None], ...]:
        rows = self._all(
            "SELECT client, f.service, f.card, outcome, outcome_at, suggestions, reason, kind "
            "FROM feedback f LEFT JOIN card c ON c.uuid = f.card ORDER BY number"
        )
        return tuple((_feedback(*row[:7]), row[7]) for row in rows)

    def cards_shown(self) -> dict[tuple[str, str], int]:
        rows = self._all("SELECT service, kind, count(*) FROM card GROUP BY service, kind ORDER BY service, kind")
        return {(service, kind): number for service, kind, number in rows}


def _feedback(client: str, service: str, card: str, outcome: Any, at: str, suggestions: str, reason: str) -> Feedback:
    return Feedback(client, service, card, outcome, at, tuple(json.loads(suggestions)), reason or None)
