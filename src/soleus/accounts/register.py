"""What all parts of accounts work on: the store, the clock, the rules."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

from soleus.accounts import audit
from soleus.accounts.rules import Rules
from soleus.accounts.visitor import Visitor
from soleus.errors import UnknownName
from soleus.storage import Account, Repository

Clock = Callable[[], datetime.datetime]


@dataclass(frozen=True)
class Register:
    """``clock`` gives the moment (UTC)."""

    store: Repository
    clock: Clock
    rules: Rules = field(default_factory=Rules)

    def now(self) -> float:
        return self.clock().timestamp()

    def today(self) -> str:
        return self.clock().date().isoformat()

    def note(self, who: Visitor | str, what: str, subject: str, **more: str) -> None:
        """One line of the audit log."""
        audit.note(self.store, who, what, subject, self.now(), **more)

    def found(self, id: str) -> Account:
        """The account with this id. Raises `UnknownName`."""
        account = self.store.account(id)
        if account is None:
            raise UnknownName("account", "no such account", "one that there is", "`soleus account list` lists them.")
        return account
