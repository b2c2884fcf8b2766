"""Accounts in memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock

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


class MemoryAccounts:
    def __init__(self) -> None:
        self._lock = RLock()
        self._accounts: dict[str, Account] = {}
        self._passwords: dict[str, str | None] = {}
        self._identities: dict[tuple[str, str], str] = {}
        self._institutions: dict[str, Institution] = {}
        self._members: dict[tuple[str, str], Member] = {}
        self._sessions: dict[str, Session] = {}
        self._invitations: dict[str, Invitation] = {}
        self._attempts: dict[str, Attempts] = {}

    @contextmanager
    def together(self) -> Iterator[None]:
        with self._lock:
            before = {name: copy.copy(value) for name, value in vars(self).items() if name != "_lock"}
            try:
                yield
            except BaseException:
                vars(self).update(before)
                raise

    # --- accounts -------------------------------------------------------------------------------------------

    def add_account(self, account: Account, password: str | None) -> bool:
        with self._lock:
            if account.id in self._accounts or self._taken(account.id, account.name, account.email):
                return False
            self._accounts[account.id] = account
            self._passwords[account.id] = password
            return True

    def _taken(self, id: str, name: str, email: str | None) -> bool:
        others = [a for a in self._accounts.values() if a.id != id]
        emails = {folded(a.email) for a in others if a.email}
        return folded(name) in {folded(a.name) for a in others} or (email is not None and folded(email) in emails)

    def account(self, id: str) -> Account | None:
        return self._accounts.get(id)

    def account_named(self, word: str) -> Account | None:
        key = folded(word)
        with self._lock:
            found = [
                a for a in self._accounts.values() if key == folded(a.name) or (a.email and key == folded(a.email))
            ]
        return found[0] if found else None

    def accounts(self) -> tuple[Account, ...]:
        with self._lock:
            return tuple(sorted(self._accounts.values(), key=lambda a: folded(a.name)))

    def rename(self, id: str, name: str) -> bool:
        with self._lock:
            found = self._accounts.get(id)
            if found is None or self._taken(id, name, None):
                return False
            self._accounts[id] = replace(found, name=name)
            return True

    def set_email(self, id: str, email: str | None) -> bool:
        with self._lock:
            found = self._accounts.get(id)
            if found is None or self._taken(id, "", email):
                return False
            self._accounts[id] = replace(found, email=email)
            return True

    def password(self, id: str) -> str | None:
        return self._passwords.get(id)

    def set_password(self, id: str, password: str | None) -> None:
        with self._lock:
            if id in self._accounts:
                self._passwords[id] = password

    def grant(self, id: str, role: str) -> bool:
        with self._lock:
            found = self._accounts[id]
            self._accounts[id] = replace(found, roles=found.roles | {role})
            return role not in found.roles

    def withdraw(self, id: str, role: str) -> bool:
        with self._lock:
            found = self._accounts.get(id)
            if found is None or role not in found.roles:
                return False
            self._accounts[id] = replace(found, roles=found.roles - {role})
            return True

    def set_locked(self, id: str, locked: bool) -> bool:
        with self._lock:
            found = self._accounts.get(id)
            if found is None or found.locked == locked:
                return False
            self._accounts[id] = replace(found, locked=locked)
            return True

    def remove_account(self, id: str) -> bool:
        with self._lock:
            self._passwords.pop(id, None)
            self._identities = {k: a for k, a in self._identities.items() if a != id}
            self._members = {k: m for k, m in self._members.items() if m.account != id}
            self._sessions = {k: s for k, s in self._sessions.items() if s.account != id}
            self._invitations = {k: i for k, i in self._invitations.items() if i.account != id}
            return self._accounts.pop(id, None) is not None

    def link(self, issuer: str, subject: str, account: str) -> bool:
        with self._lock:
            if (issuer, subject) in self._identities or (issuer, account) in self._of_issuer():
                return False
            self._identities[issuer, subject] = account
            return True

    def _of_issuer(self) -> set[tuple[str, str]]:
        return {(issuer, account) for (issuer, _), account in self._identities.items()}

    def linked(self, issuer: str, subject: str) -> str | None:
        return self._identities.get((issuer, subject))

    # --- institutions ---------------------------------------------------------------------------------------

    def add_institution(self, institution: Institution) -> bool:
        with self._lock:
            if institution.id in self._institutions:
                return False
            self._institutions[institution.id] = institution
            return True

    def institution(self, id: str) -> Institution | None:
        return self._institutions.get(id)

    def institutions(self) -> tuple[Institution, ...]:
        with self._lock:
            return tuple(sorted(self._institutions.values(), key=lambda i: i.id))

    def change_institution(self, seen: Institution, new: Institution) -> None:
        with self._lock:
            if self._institutions.get(seen.id) != seen:
                raise institution_changed()
            self._institutions[seen.id] = replace(new, id=seen.id)

    def remove_institution(self, id: str) -> bool:
        with self._lock:
            self._members = {k: m for k, m in self._members.items() if m.institution != id}
            self._invitations = {k: i for k, i in self._invitations.items() if i.institution != id}
            return self._institutions.pop(id, None) is not None

    def join(self, member: Member) -> None:
        with self._lock:
            self._members[member.institution, member.account] = member

    def leave(self, institution: str, account: str) -> bool:
        with self._lock:
            return self._members.pop((institution, account), None) is not None

    def members(self, *, institution: str | None = None, account: str | None = None) -> tuple[Member, ...]:
        with self._lock:
            found = [
                m
                for m in self._members.values()
                if institution in (None, m.institution) and account in (None, m.account)
            ]
        return tuple(sorted(found, key=lambda m: (m.institution, m.account)))

    # --- sessions -------------------------------------------------------------------------------------------

    def begin_session(self, session: Session) -> None:
        with self._lock:
            self._sessions[session.id] = session

    def session(self, id: str) -> Session | None:
        return self._sessions.get(id)

    def sessions(self, account: str) -> tuple[Session, ...]:
        with self._lock:
            found = [s for s in self._sessions.values() if s.account == account]
        return tuple(sorted(found, key=lambda s: (-s.seen_at, s.id)))

    def seen(self, id: str, at: float, until: float) -> None:
        with self._lock:
            if id in self._sessions:
                self._sessions[id] = replace(self._sessions[id], seen_at=at, until=until)

    def end_session(self, id: str) -> bool:
        with self._lock:
            return self._sessions.pop(id, None) is not None

    def end_sessions(self, account: str, *, but: str | None = None) -> int:
        with self._lock:
            before = len(self._sessions)
            self._sessions = {k: s for k, s in self._sessions.items() if s.account != account or k == but}
            return before - len(self._sessions)

    # --- invitations ----------------------------------------------------------------------------------------

    def invite(self, invitation: Invitation) -> None:
        with self._lock:
            self._invitations[invitation.id] = invitation

    def invitation(self, id: str) -> Invitation | None:
        return self._invitations.get(id)

    def invitations(self) -> tuple[Invitation, ...]:
        with self._lock:
            return tuple(sorted(self._invitations.values(), key=lambda i: (-i.made_at, i.id)))

    def use_invitation(self, id: str) -> bool:
        with self._lock:
            return self._invitations.pop(id, None) is not None

    # --- attempts -------------------------------------------------------------------------------------------

    def attempts(self, key: str) -> Attempts | None:
        return self._attempts.get(key)

    def set_attempts(self, attempts: Attempts) -> None:
        with self._lock:
            self._attempts[attempts.key] = attempts

    def forget_attempts(self, key: str) -> None:
        with self._lock:
            self._attempts.pop(key, None)

    def _forget_over(self, now: float) -> None:
        """Delete sessions, invitations and failures whose time is over."""
        self._sessions = {k: s for k, s in self._sessions.items() if s.until > now}
        self._invitations = {k: i for k, i in self._invitations.items() if i.until > now}
        self._attempts = {k: a for k, a in self._attempts.items() if a.until > now}
