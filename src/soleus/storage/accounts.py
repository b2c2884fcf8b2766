"""Accounts as they are kept: people, roles, institutions, sessions, invitations, failed attempts.

Each field is changed by itself, so that two administrators who edit the same account lose nothing; the period of an
institution's licence is two fields that belong together and is changed only by somebody who saw the present one. What
a method gives as False was not there, or is taken; the caller says it in words.
"""

from __future__ import annotations

import unicodedata
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from soleus.errors import ChangedMeanwhile

Part = Literal["member", "instructor"]


def folded(text: str) -> str:
    """A name or address as it is compared: width, case and blanks do not tell two apart."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


@dataclass(frozen=True)
class Account:
    """``id`` never changes. ``email`` is set by administrators alone; None where there is none."""

    id: str
    name: str
    email: str | None
    roles: frozenset[str]
    locked: bool
    made_at: float


@dataclass(frozen=True)
class Institution:
    """A group with a licence from the first to the last day, both included (2026-11-29)."""

    id: str
    name: str
    from_day: str
    last_day: str

    def licensed(self, day: str) -> bool:
        return self.from_day <= day <= self.last_day


@dataclass(frozen=True)
class Member:
    """An account in an institution; an instructor sees how the group's course goes."""

    institution: str
    account: str
    part: Part


@dataclass(frozen=True)
class Session:
    """``id`` is the SHA-256 (hex) of the secret in the cookie; ``device`` a coarse word such as "Firefox on Linux"."""

    id: str
    account: str
    device: str
    begun_at: float
    seen_at: float
    until: float


@dataclass(frozen=True)
class Invitation:
    """A link that is good for one use. ``id`` is the SHA-256 (hex) of its secret.

    With ``account`` it sets a password of an account that there is; else it makes one with these roles, in this
    institution.
    """

    id: str
    made_by: str
    made_at: float
    until: float
    account: str | None = None
    email: str | None = None
    roles: frozenset[str] = frozenset()
    institution: str | None = None
    part: Part = "member"


@dataclass(frozen=True)
class Attempts:
    """How often signing in failed for an account or an address, and when last; forgotten at ``until``."""

    key: str
    failures: int
    last_at: float
    until: float


class AccountStore(Protocol):
    """Raises `StorageError` where it cannot read or write."""

    def together(self) -> AbstractContextManager[None]:
        """What is done within is kept whole or not at all, and no other writer comes between."""

    def add_account(self, account: Account, password: str | None) -> bool:
        """Keep a new account with the hash of its password; False where name or address is taken."""

    def account(self, id: str) -> Account | None: ...

    def account_named(self, word: str) -> Account | None:
        """The account with this name or e-mail address."""

    def accounts(self) -> tuple[Account, ...]:
        """All accounts by name."""

    def rename(self, id: str, name: str) -> bool:
        """False where the name is taken, or there is no such account."""

    def set_email(self, id: str, email: str | None) -> bool:
        """False where the address is taken, or there is no such account."""

    def password(self, id: str) -> str | None:
        """The hash of an account's password; None without one."""

    def set_password(self, id: str, password: str | None) -> None: ...

    def grant(self, id: str, role: str) -> bool:
        """False where the account has the role already."""

    def withdraw(self, id: str, role: str) -> bool:
        """False where the account lacks the role."""

    def set_locked(self, id: str, locked: bool) -> bool:
        """False where that is so already."""

    def remove_account(self, id: str) -> bool:
        """Delete an account with its roles, sessions, memberships and links for good."""

    def link(self, issuer: str, subject: str, account: str) -> bool:
        """Let an identity of another service sign in here; False where either is linked already."""

    def linked(self, issuer: str, subject: str) -> str | None:
        """The id of the account of an identity."""

    def add_institution(self, institution: Institution) -> bool:
        """False where the id is taken."""

    def institution(self, id: str) -> Institution | None: ...

    def institutions(self) -> tuple[Institution, ...]:
        """All institutions by id."""

    def change_institution(self, seen: Institution, new: Institution) -> None:
        """Replace what was seen. Raises `ChangedMeanwhile` where it is not so any more."""

    def remove_institution(self, id: str) -> bool: ...

    def join(self, member: Member) -> None:
        """Keep a membership; one of the same account in the same institution is replaced."""

    def leave(self, institution: str, account: str) -> bool: ...

    def members(self, *, institution: str | None = None, account: str | None = None) -> tuple[Member, ...]:
        """Memberships, by institution and account."""

    def begin_session(self, session: Session) -> None: ...

    def session(self, id: str) -> Session | None: ...

    def sessions(self, account: str) -> tuple[Session, ...]:
        """Those of an account, the latest use first."""

    def seen(self, id: str, at: float, until: float) -> None:
        """A session was used."""

    def end_session(self, id: str) -> bool: ...

    def end_sessions(self, account: str, *, but: str | None = None) -> int:
        """End all sessions of an account, save one; how many."""

    def invite(self, invitation: Invitation) -> None: ...

    def invitation(self, id: str) -> Invitation | None: ...

    def invitations(self) -> tuple[Invitation, ...]:
        """All that wait, the newest first."""

    def use_invitation(self, id: str) -> bool:
        """Delete an invitation; True for the one caller who finds it."""

    def attempts(self, key: str) -> Attempts | None: ...

    def set_attempts(self, attempts: Attempts) -> None: ...

    def forget_attempts(self, key: str) -> None: ...


def institution_changed() -> ChangedMeanwhile:
    """What is said to somebody who has not seen the present licence."""
    return ChangedMeanwhile("institution", "another period or name", "the one that you saw", "Look again, then change.")
