"""People who sign in at another service (OpenID Connect), and the accounts that they have here.

An identity is an issuer and a subject; names and addresses may change hands. The first sign-in links it: to the
account with the same address, if the other service has verified that address, or to a new account. Nobody chooses an
address here (administrators set them), so none can be taken in advance of its owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from soleus.accounts.names import MOST_NAME, name_of
from soleus.accounts.people import PLAIN_ROLES, People
from soleus.accounts.register import Register
from soleus.accounts.visitor import Role
from soleus.errors import InvalidValue, NotAllowed
from soleus.storage import Account

_MOST_NAMESAKES = 50


@dataclass(frozen=True)
class Identity:
    """What another service says of somebody. ``email`` only where it is verified there.

    ``roles``: role -> whether the person has it there; roles that are not in it are none of that service's business.
    """

    issuer: str
    subject: str
    name: str
    email: str | None = None
    roles: Mapping[Role, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Identities:
    register: Register
    people: People

    def account_of(self, identity: Identity, *, create: bool) -> Account:
        """The account of an identity, with the roles that it has there. Raises `NotAllowed` where there is none."""
        store = self.register.store
        with store.together():
            linked = store.linked(identity.issuer, identity.subject)
            id = linked or self._first(identity, create).id
            self._follow(id, identity)
            return self.register.found(id)

    def _first(self, identity: Identity, create: bool) -> Account:
        store = self.register.store
        found = store.account_named(identity.email) if identity.email else None
        if found is None and create:
            found = self._made(identity)
        if found is None:
            raise NotAllowed(
                "account", "none with a verified address of yours", "one that was made for you", "Ask an administrator."
            )
        if not store.link(identity.issuer, identity.subject, found.id):
            raise NotAllowed(
                "account", "one that another identity signs in to", "one of your own", "Ask an administrator."
            )
        self.register.note(found.id, "identity_linked", found.id)
        return found

    def _made(self, identity: Identity) -> Account:
        """A new account without a password; namesakes get a number."""
        name = _shown(identity.name)
        for n in range(1, _MOST_NAMESAKES):
            try:
                told = name if n == 1 else f"{name[: MOST_NAME - 4]} {n}"
                return self.people.add(told, identity.email, PLAIN_ROLES, None, who="openid")
            except InvalidValue:
                continue
        raise NotAllowed("account", "too many of the same name", "another name", "Ask an administrator.")

    def _follow(self, id: str, identity: Identity) -> None:
        for role, has in identity.roles.items():
            (self.people.grant if has else self.people.withdraw)(id, role, who="openid")


def _shown(told: str) -> str:
    """A name that can be, out of what another service says."""
    try:
        return name_of("".join(c for c in told if c.isprintable() and c != "@")[:MOST_NAME])
    except InvalidValue:
        return "Member"
