"""Accounts as one thing: what the service makes once, and pages and commands call."""

from __future__ import annotations

from collections.abc import Callable

from soleus.accounts import tokens
from soleus.accounts.identities import Identities
from soleus.accounts.institutions import Institutions
from soleus.accounts.limits import Limits
from soleus.accounts.own import Own
from soleus.accounts.people import People
from soleus.accounts.register import Clock, Register
from soleus.accounts.rules import Rules
from soleus.accounts.sessions import Sessions
from soleus.accounts.signing_in import SigningIn
from soleus.accounts.visitor import Visitor
from soleus.storage import Repository


class Accounts:
    """``secret`` gives the key of the installation; it is asked for only when somebody signs in."""

    def __init__(self, store: Repository, clock: Clock, rules: Rules, secret: Callable[[], bytes]) -> None:
        register, limits = Register(store, clock, rules), Limits(store, rules, secret)
        self.rules = rules
        self.sessions = Sessions(store, clock, rules)
        self.people = People(store, clock, rules)
        self.institutions = Institutions(store, clock, rules)
        self.identities = Identities(register, self.people)
        self.signing_in = SigningIn(register, self.sessions, limits)
        self.own = Own(register, self.people, self.sessions, limits)

    def visitor(self, cookie: str | None) -> Visitor | None:
        """Who is signed in with this cookie, None if nobody is."""
        return self.sessions.visitor(cookie)

    def form_token(self, cookie: str | None) -> str:
        """What the forms of this session carry."""
        return tokens.form_token(cookie or "")
