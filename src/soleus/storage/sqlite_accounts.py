"""Accounts in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from soleus.storage.accounts import (
    Account,
    Attempts,
    Institution,
    Invitation,
    Member,
    Session,
    folded,
    institution_changed,
)
from soleus.storage.sqlite_file import SqliteFile

_ACCOUNT = (
    "SELECT id, name, email, locked, made_at, (SELECT group_concat(role) FROM role WHERE account = account.id) "
    "FROM account"
)
_INVITATION = "SELECT id, made_by, made_at, until, account, email, roles, institution, part FROM invitation"


class SqliteAccounts(SqliteFile):
    @contextmanager
    def together(self) -> Iterator[None]:
        with self._writing():
            yield

    # --- accounts -------------------------------------------------------------------------------------------

    def add_account(self, account: Account, password: str | None) -> bool:
        email = account.email
        row = (account.id, account.name, folded(account.name), email, folded(email) if email else None)
        with self._writing() as db:
            sql = "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            if not db.execute(sql, (*row, password, account.locked, account.made_at)).rowcount:
                return False
            db.executemany("INSERT INTO role VALUES (?, ?)", [(account.id, r) for r in sorted(account.roles)])
        return True

    def account(self, id: str) -> Account | None:
        row = self._one(f"{_ACCOUNT} WHERE id = ?", id)
        return _account(*row) if row else None

    def account_named(self, word: str) -> Account | None:
        row = self._one(f"{_ACCOUNT} WHERE ? IN (name_key, email_key)", folded(word))
        return _account(*row) if row else None

    def accounts(self) -> tuple[Account, ...]:
        return tuple(_account(*row) for row in self._all(f"{_ACCOUNT} ORDER BY name_key"))

    def rename(self, id: str, name: str) -> bool:
        return self._change("UPDATE OR IGNORE account SET name = ?, name_key = ? WHERE id = ?", name, folded(name), id)

    def set_email(self, id: str, email: str | None) -> bool:
        sql = "UPDATE OR IGNORE account SET email = ?, email_key = ? WHERE id = ?"
        return self._change(sql, email, folded(email) if email else None, id)

    def password(self, id: str) -> str | None:
        row = self._one("SELECT password FROM account WHERE id = ?", id)
        return row[0] if row else None

    def set_password(self, id: str, password: str | None) -> None:
        self._change("UPDATE account SET password = ? WHERE id = ?", password, id)

    def grant(self, id: str, role: str) -> bool:
        return self._change("INSERT INTO role VALUES (?, ?) ON CONFLICT DO NOTHING", id, role)

    def withdraw(self, id: str, role: str) -> bool:
        return self._change("DELETE FROM role WHERE account = ? AND role = ?", id, role)

    def set_locked(self, id: str, locked: bool) -> bool:
        return self._change("UPDATE account SET locked = ? WHERE id = ? AND locked <> ?", locked, id, locked)

    def remove_account(self, id: str) -> bool:
        found = self._change("DELETE FROM account WHERE id = ?", id)
        self._empty_log()
        return found

    def link(self, issuer: str, subject: str, account: str) -> bool:
        return self._change("INSERT INTO identity VALUES (?, ?, ?) ON CONFLICT DO NOTHING", issuer, subject, account)

    def linked(self, issuer: str, subject: str) -> str | None:
        row = self._one("SELECT account FROM identity WHERE issuer = ? AND subject = ?", issuer, subject)
        return row[0] if row else None

    # --- institutions ---------------------------------------------------------------------------------------

    def add_institution(self, institution: Institution) -> bool:
        i = institution
        sql = "INSERT INTO institution VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        return self._change(sql, i.id, i.name, i.from_day, i.last_day)

    def institution(self, id: str) -> Institution | None:
        row = self._one("SELECT id, name, from_day, last_day FROM institution WHERE id = ?", id)
        return Institution(*row) if row else None

    def institutions(self) -> tuple[Institution, ...]:
        rows = self._all("SELECT id, name, from_day, last_day FROM institution ORDER BY id")
        return tuple(Institution(*row) for row in rows)

    def change_institution(self, seen: Institution, new: Institution) -> None:
        sql = (
            "UPDATE institution SET name = ?, from_day = ?, last_day = ? "
            "WHERE id = ? AND name = ? AND from_day = ? AND last_day = ?"
        )
        was = (seen.id, seen.name, seen.from_day, seen.last_day)
        if not self._change(sql, new.name, new.from_day, new.last_day, *was):
            raise institution_changed()

    def remove_institution(self, id: str) -> bool:
        return self._change("DELETE FROM institution WHERE id = ?", id)

    def join(self, member: Member) -> None:
        self._change("REPLACE INTO member VALUES (?, ?, ?)", member.institution, member.account, member.part)

    def leave(self, institution: str, account: str) -> bool:
        return self._change("DELETE FROM member WHERE institution = ? AND account = ?", institution, account)

    def members(self, *, institution: str | None = None, account: str | None = None) -> tuple[Member, ...]:
        sql = (
            "SELECT institution, account, part FROM member "
            "WHERE institution = coalesce(?, institution) AND account = coalesce(?, account) "
            "ORDER BY institution, account"
        )
        return tuple(Member(*row) for row in self._all(sql, institution, account))

    # --- sessions -------------------------------------------------------------------------------------------

    def begin_session(self, session: Session) -> None:
        s = session
        row = (s.id, s.account, s.device, s.begun_at, s.seen_at, s.until)
        self._change("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", *row)

    def session(self, id: str) -> Session | None:
        row = self._one("SELECT * FROM session WHERE id = ?", id)
        return Session(*row) if row else None

    def sessions(self, account: str) -> tuple[Session, ...]:
        rows = self._all("SELECT * FROM session WHERE account = ? ORDER BY seen_at DESC, id", account)
        return tuple(Session(*row) for row in rows)

    def seen(self, id: str, at: float, until: float) -> None:
        self._change("UPDATE session SET seen_at = ?, until = ? WHERE id = ?", at, until, id)

    def end_session(self, id: str) -> bool:
        return self._change("DELETE FROM session WHERE id = ?", id)

    def end_sessions(self, account: str, *, but: str | None = None) -> int:
        with self._writing() as db:
            return db.execute("DELETE FROM session WHERE account = ? AND id IS NOT ?", (account, but)).rowcount

    # --- invitations ----------------------------------------------------------------------------------------

    def invite(self, invitation: Invitation) -> None:
        i = invitation
        names = "id, made_by, made_at, until, account, email, roles, institution, part"
        row = (i.id, i.made_by, i.made_at, i.until, i.account, i.email, ",".join(sorted(i.roles)))
        sql = f"INSERT INTO invitation ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._change(sql, *row, i.institution, i.part)

    def invitation(self, id: str) -> Invitation | None:
        row = self._one(f"{_INVITATION} WHERE id = ?", id)
        return _invitation(row) if row else None

    def invitations(self) -> tuple[Invitation, ...]:
        return tuple(_invitation(row) for row in self._all(f"{_INVITATION} ORDER BY made_at DESC, id"))

    def use_invitation(self, id: str) -> bool:
        return self._change("DELETE FROM invitation WHERE id = ?", id)

    # --- attempts -------------------------------------------------------------------------------------------

    def attempts(self, key: str) -> Attempts | None:
        row = self._one("SELECT key, failures, last_at, until FROM attempts WHERE key = ?", key)
        return Attempts(*row) if row else None

    def set_attempts(self, attempts: Attempts) -> None:
        a = attempts
        self._change("REPLACE INTO attempts VALUES (?, ?, ?, ?)", a.key, a.failures, a.last_at, a.until)

    def forget_attempts(self, key: str) -> None:
        self._change("DELETE FROM attempts WHERE key = ?", key)

    def _forget_over(self, db: sqlite3.Connection, now: float) -> None:
        """Delete sessions, invitations and failures whose time is over."""
        for table in ("session", "invitation", "attempts"):
            db.execute(f"DELETE FROM {table} WHERE until <= ?", (now,))

    def _change(self, sql: str, *values: object) -> bool:
        """Whether a statement changed anything."""
        with self._writing() as db:
            return db.execute(sql, values).rowcount > 0


def _account(id: str, name: str, email: str | None, locked: int, made_at: float, roles: str | None) -> Account:
    return Account(id, name, email, _words(roles), bool(locked), made_at)


def _invitation(row: tuple[object, ...]) -> Invitation:
    id, made_by, made_at, until, account, email, roles, institution, part = row
    return Invitation(id, made_by, made_at, until, account, email, _words(roles), institution, part)  # type: ignore[arg-type]


def _words(told: object) -> frozenset[str]:
    return frozenset(str(told).split(",")) if told else frozenset()
