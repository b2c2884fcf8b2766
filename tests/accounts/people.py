"""Somebody with an account, and a clock that can be set, for tests."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from soleus.accounts import audit
from soleus.accounts.rules import Rules
from soleus.accounts.service import Accounts
from soleus.storage import Account, MemoryRepository, Repository

NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.UTC)
PASSWORD = "grass violin teapot harbour"
ANOTHER = "lantern gravel tulip copper"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime.datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += datetime.timedelta(**time)


def accounts(store: Repository | None = None, clock: Clock | None = None, rules: Rules | None = None) -> Accounts:
    return Accounts(store or MemoryRepository(), clock or Clock(), rules or Rules(), lambda: b"k" * 32)


def made(
    found: Accounts, name: str = "Ann Example", roles: Iterable[str] = ("reader",), email: str | None = None
) -> Account:
    """An account with the password of these tests."""
    return found.people.add(name, email, roles, PASSWORD, who=audit.COMMAND_LINE)


def signed(found: Accounts, login: str = "Ann Example", password: str = PASSWORD, address: str = "192.0.2.1") -> str:
    """The secret of a new session."""
    return found.signing_in.sign_in(login, password, address=address, device="Firefox on Linux")
