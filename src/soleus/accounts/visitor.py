"""Who is signed in, as the pages see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from soleus.errors import NotAllowed, NotSignedIn

#: reader: reads and proposes corrections; learner: takes the course and keeps a record; reviewer: reviews records;
#: administrator: invites, locks, sees the audit log. An administrator is no reviewer unless made one.
Role = Literal["reader", "learner", "reviewer", "administrator"]


@dataclass(frozen=True)
class Visitor:
    """An account with a valid session. ``id`` never changes; ``name`` is shown beside what the person does.

    ``group``: the id of the institution whose licence is valid today, None without one; ``instructor``: whether the
    person sees how its course goes.
    """

    id: str
    name: str
    roles: frozenset[Role]
    group: str | None = None
    instructor: bool = False


def allowed(visitor: Visitor | None, role: Role) -> Visitor:
    """The visitor, who has the role. Raises `NotSignedIn`, `NotAllowed`."""
    if visitor is None:
        raise NotSignedIn("account", "nobody signed in", "somebody who is", "Sign in, then come back to this page.")
    if role not in visitor.roles:
        raise NotAllowed("account", "an account without that role", f"the role {role}", "Ask an administrator for it.")
    return visitor
