"""The audit log: who did what to what, and when. Never what was typed: neither a password nor a word of a patient.

People stand in it by the id of their account, so that a deleted account leaves no name.
"""

from __future__ import annotations

import re

from soleus.accounts.visitor import Visitor
from soleus.storage import Event, EventLog

TOPIC = "audit"
NOBODY = "nobody"  # who is not signed in, and the subject that has no account
COMMAND_LINE = "command-line"
_WHAT = re.compile(r"[a-z][a-z_]{1,39}")
_ID = re.compile(r"[\w.:/-]{1,200}")


def note(log: EventLog, who: Visitor | str, what: str, subject: str, at: float, **more: str) -> Event:
    """Keep one line. ``who`` and ``subject`` are ids (of an account, an institution, a record), ``what`` one of our
    words such as ``role_granted``, ``more`` words of ours or ids. Raises `ValueError` for anything that could be text.
    """
    author = who.id if isinstance(who, Visitor) else who
    if not _WHAT.fullmatch(what) or not all(map(_ID.fullmatch, (author, subject, *more.values()))):
        raise ValueError("the audit log holds ids and words of our own")
    return log.append(Event(TOPIC, subject, what, author, at, dict(more)))


def entries(log: EventLog, *, about: str | None = None) -> tuple[Event, ...]:
    """All lines, the newest first; with ``about`` those by or about one account."""
    if about is None:
        return log.events(TOPIC)[::-1]
    found = {e.number: e for e in (*log.events(TOPIC, author=about), *log.events(TOPIC, subject=about))}
    return tuple(found[number] for number in sorted(found, reverse=True))
