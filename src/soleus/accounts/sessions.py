"""Who is signed in: a random secret in a cookie, of which only the hash is kept."""

from __future__ import annotations

from typing import cast

from soleus.accounts.register import Register
from soleus.accounts.tokens import id_of, new_secret
from soleus.accounts.visitor import Role, Visitor
from soleus.errors import NotAllowed
from soleus.storage import Account, Institution, Member, Session

_SEEN_EVERY_S = 60  # a use is written down no more often than this


class Sessions(Register):
    def visitor(self, cookie: str | None) -> Visitor | None:
        """The person whose session the cookie holds; None where it is over, ended, or its account locked."""
        session = self.session(cookie)
        account = self.store.account(session.account) if session else None
        if session is None or account is None or account.locked:
            return None
        now = self.now()
        if now - session.seen_at >= _SEEN_EVERY_S:
            self.store.seen(session.id, now, self.rules.session_until(session.begun_at, now))
        return self.shown(account)

    def session(self, cookie: str | None) -> Session | None:
        """The session of a cookie that has not ended."""
        found = self.store.session(id_of(cookie)) if cookie else None
        return found if found and self.now() < found.until else None

    def shown(self, account: Account) -> Visitor:
        """An account as the pages see it."""
        member = self._licensed(account)
        roles = frozenset(cast(Role, r) for r in account.roles)
        if member is None:
            return Visitor(account.id, account.name, roles)
        return Visitor(account.id, account.name, roles, member.institution, member.part == "instructor")

    def _licensed(self, account: Account) -> Member | None:
        """The first membership in an institution whose licence is valid today."""
        today = self.today()
        for member in self.store.members(account=account.id):
            institution = self.store.institution(member.institution)
            if isinstance(institution, Institution) and institution.licensed(today):
                return member
        return None

    def begin(self, account: Account, device: str, *, old: str | None = None, way: str = "password") -> str:
        """A new session; gives its secret. The one of the ``old`` cookie ends, so that none outlives a sign-in.

        Raises `NotAllowed` for an account that is locked.
        """
        if account.locked:
            raise NotAllowed("account", "one that is locked", "one that is not", "Ask an administrator to unlock it.")
        secret, now = new_secret(), self.now()
        self.store.forget(now)  # what is over elsewhere goes with it
        with self.store.together():
            if old:
                self.store.end_session(id_of(old))
            until = self.rules.session_until(now, now)
            self.store.begin_session(Session(id_of(secret), account.id, device, now, now, until))
            self.note(account.id, "signed_in", account.id, way=way)
        return secret

    def end(self, cookie: str | None) -> None:
        """Sign out."""
        found = self.session(cookie)
        if found is not None:
            with self.store.together():
                self.store.end_session(found.id)
                self.note(found.account, "signed_out", found.account)

    def end_of(self, visitor: Visitor, id: str) -> bool:
        """End one session of one's own; False where it is none of one's own."""
        if id not in {s.id for s in self.store.sessions(visitor.id)}:
            return False
        return self.store.end_session(id)

    def end_others(self, visitor: Visitor, cookie: str | None) -> int:
        """End all of one's sessions but that of the cookie; how many."""
        with self.store.together():
            ended = self.store.end_sessions(visitor.id, but=id_of(cookie) if cookie else None)
            self.note(visitor, "sessions_ended", visitor.id)
        return ended
