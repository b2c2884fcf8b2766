"""What people do with their own account: name, password, a copy of all that is kept of them, deletion."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from soleus.accounts import audit, passwords
from soleus.accounts.limits import Limits
from soleus.accounts.names import name_of, taken
from soleus.accounts.people import People
from soleus.accounts.register import Register
from soleus.accounts.sessions import Sessions
from soleus.accounts.visitor import Visitor
from soleus.errors import NotAllowed
from soleus.storage import Account, Event

#: Topics of the log that hold what somebody did; the audit log is exported beside them.
TOPICS = ("learning", "review", "proposal", "correction")


@dataclass(frozen=True)
class Own:
    """Changes of password and deletion ask for the password again, as often as signing in may fail."""

    register: Register
    people: People
    sessions: Sessions
    limits: Limits

    def rename(self, visitor: Visitor, name: str) -> None:
        """Raises `InvalidValue` for a name that cannot be, or is taken. What was signed keeps the name of that day."""
        name, store = name_of(name), self.register.store
        with store.together():
            if not store.rename(visitor.id, name):
                raise taken()
            self.register.note(visitor, "name_changed", visitor.id)

    def change_password(self, visitor: Visitor, cookie: str | None, old: str, new: str, device: str) -> str:
        """All sessions end; gives the secret of a new one. Raises `NotAllowed`, `TooManyAttempts`, `InvalidValue`."""
        account = self.proven(visitor, cookie, old)
        self.people.set_password(account, new, who=visitor)
        return self.sessions.begin(account, device)

    def delete(self, visitor: Visitor, cookie: str | None, password: str) -> None:
        """Erase the account, its sessions, memberships and learning. Raises `NotAllowed`, `TooManyAttempts`.

        Reviews and corrections stay under the name as it was signed: others rely on who made them. Lines of the audit
        log stay, with an id that no name belongs to any more.
        """
        self.people.erase(self.proven(visitor, cookie, password), who=visitor)

    def proven(self, visitor: Visitor, cookie: str | None, password: str) -> Account:
        """One's account, after the password; where there is none, within minutes of a sign-in."""
        account = self.register.found(visitor.id)
        kept = self.register.store.password(account.id)
        if kept is None:
            session = self.sessions.session(cookie)
            if session is None or self.register.now() - session.begun_at > self.register.rules.fresh_s:
                raise NotAllowed("account", "a sign-in of some time ago", "a fresh one", "Sign out and in, then again.")
            return account
        keys = self.limits.keys(account, account.name, "")
        self.limits.enter(keys, self.register.now())
        if not passwords.fits(password, kept):
            raise NotAllowed("password", "one that does not fit", "your present one", "Type it again.")
        self.limits.succeeded(keys)
        return account

    def has_password(self, visitor: Visitor) -> bool:
        return self.register.store.password(visitor.id) is not None

    def export(self, account: Account, *, who: Visitor | str) -> dict[str, Any]:
        """All that is kept of somebody, as plain JSON data; moments are ISO 8601 (UTC). No hash, no secret."""
        store = self.register.store
        self.register.note(who, "exported", account.id)
        institutions = {i.id: i for i in store.institutions()}
        return {
            "exported_at": _moment(self.register.now()),
            "account": {
                "id": account.id,
                "name": account.name,
                "email": account.email,
                "roles": sorted(account.roles),
                "locked": account.locked,
                "made_at": _moment(account.made_at),
            },
            "groups": [
                {
                    "id": m.institution,
                    "name": institutions[m.institution].name,
                    "part": m.part,
                    "licensed_from": institutions[m.institution].from_day,
                    "licensed_until": institutions[m.institution].last_day,
                }
                for m in store.members(account=account.id)
            ],
            "sessions": [
                {"device": s.device, "begun_at": _moment(s.begun_at), "last_used_at": _moment(s.seen_at)}
                for s in store.sessions(account.id)
            ],
            "did": {topic: _told(store.events(topic, author=account.id)) for topic in TOPICS},
            "audit": _told(audit.entries(store, about=account.id)),
        }


def _told(events: Iterable[Event]) -> list[dict[str, Any]]:
    return [
        {"number": e.number, "at": _moment(e.at), "by": e.author, "did": e.kind, "to": e.subject, "with": e.body}
        for e in events
    ]


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
