"""One SQLite file: connections, transactions, its form.

Write-ahead log with full synchronisation: a method returns after the disk has the data. Deleted data are overwritten
(``secure_delete``) and the log is emptied, so that they cannot be found in the files either.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from soleus.errors import StorageError

_WAIT_S = 10.0  # for another process that writes
_AGAIN_S = 0.005


def migrations() -> tuple[tuple[int, str], ...]:
    """(number, SQL) of every step, in order. A step that has shipped is never changed; a new one is added."""
    folder = files("soleus.storage").joinpath("migrations")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple((int(f.name.split("_", 1)[0]), f.read_text(encoding="utf-8")) for f in found)


class SqliteFile:
    """One file, used by any number of threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._migrate()

    def check(self) -> None:
        with self._writing() as db:
            db.execute("SELECT count(*) FROM saved")

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._threads = threading.local()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            # Each thread has its own; the check is off so that `close` may close them all.
            found = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            _log_ahead(found)
            for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
                found.execute(f"PRAGMA {pragma}")
            self._threads.connection = found
            with self._lock:
                self._open.append(found)
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that has the file to itself: all of it is kept, or nothing. Within another it is a part."""
        with _translated(self._path):
            db = self._connection()
            if db.in_transaction:
                yield db
                return
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            if getattr(self._threads, "log_to_empty", False):
                self._threads.log_to_empty = False
                self._empty_log()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        with _translated(self._path):
            return self._connection().execute(sql, values).fetchone()  # type: ignore[no-any-return]

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with _translated(self._path):
            return self._connection().execute(sql, values).fetchall()

    def _empty_log(self) -> None:
        with _translated(self._path):
            if self._connection().in_transaction:
                self._threads.log_to_empty = True  # when it is over
            else:
                self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _migrate(self) -> None:
        """Bring the file to the newest form; several processes may start at once."""
        steps = migrations()
        with self._writing() as db:
            have = db.execute("PRAGMA user_version").fetchone()[0]
            if have > steps[-1][0]:
                raise StorageError(self._path.name, f"form {have}", f"form {steps[-1][0]} or older", _NEWER)
            for number, sql in steps:
                if number > have:
                    _run(db, sql)
                    db.execute(f"PRAGMA user_version = {number}")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn to the write-ahead log. Where several turn a new file in the same moment, SQLite refuses all but one without
    the wait that it gives to other statements: so the wait is here."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)


_NEWER = "A newer Soleus wrote it: use that version, or another folder."


def _run(db: sqlite3.Connection, script: str) -> None:
    """Each statement by itself: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        told = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise StorageError(
            path.name, told, "a file that can be read and written", "Check the folder and its space."
        ) from None
