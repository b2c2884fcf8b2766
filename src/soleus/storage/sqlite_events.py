"""The event log in a SQLite file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from soleus.storage.events import Event, changed_meanwhile
from soleus.storage.sqlite_file import SqliteFile


class SqliteEvents(SqliteFile):
    def append(self, event: Event, *, after: int | None = None) -> Event:
        row = (event.topic, event.subject, event.kind, event.author, event.at, json.dumps(event.body))
        with self._writing() as db:
            if after is not None:
                query = "SELECT coalesce(max(number), 0) FROM event WHERE topic = ? AND subject = ?"
                if db.execute(query, (event.topic, event.subject)).fetchone()[0] != after:
                    raise changed_meanwhile()
            names = "topic, subject, kind, author, at, body"
            number = db.execute(f"INSERT INTO event ({names}) VALUES (?, ?, ?, ?, ?, ?)", row).lastrowid
        return replace(event, number=number or 0)

    def events(
        self, topic: str, *, subject: str | None = None, author: str | None = None, since: int = 0
    ) -> tuple[Event, ...]:
        where, values = "topic = ? AND number > ?", [topic, since]
        for name, value in (("subject", subject), ("author", author)):
            if value is not None:
                where, values = f"{where} AND {name} = ?", [*values, value]
        rows = self._all(
            f"SELECT topic, subject, kind, author, at, body, number FROM event WHERE {where} ORDER BY number", *values
        )
        return tuple(_event(*row) for row in rows)

    def erase(self, topic: str, author: str) -> int:
        with self._writing() as db:
            gone = db.execute("DELETE FROM event WHERE topic = ? AND author = ?", (topic, author)).rowcount
        if gone:
            self._empty_log()
        return gone


def _event(topic: str, subject: str, kind: str, author: str, at: float, body: str, number: int) -> Event:
    told: dict[str, Any] = json.loads(body)
    return Event(topic, subject, kind, author, at, told, number)
