"""Groups: institutions with a licence for a period, and who belongs to them.

What a licence gives: the course as a group, with an instructor who sees how it goes. It gives nothing to read:
reference pages, interview and judgement are open to everybody. When it has ended its members still sign in and keep
what they learnt; they have no group. The period is changed only by somebody who saw the present one
(`ChangedMeanwhile`); memberships are changed one by one.
"""

from __future__ import annotations

import datetime
import re
from typing import get_args

from soleus.accounts.names import name_of
from soleus.accounts.register import Register
from soleus.accounts.visitor import Visitor
from soleus.errors import InvalidValue, UnknownName
from soleus.storage import Institution, Member
from soleus.storage.accounts import Part

PARTS: tuple[Part, ...] = get_args(Part)


class Institutions(Register):
    """``id``: small letters, digits and hyphens; dates such as 2026-11-29, first and last day included."""

    def add(self, id: str, name: str, from_day: str, last_day: str, *, who: Visitor | str) -> Institution:
        """Raises `InvalidValue` for an id, name or period that cannot be, or an id that is taken."""
        made = _institution(id, name, from_day, last_day)
        with self.store.together():
            if not self.store.add_institution(made):
                raise InvalidValue("id", "one that is taken", "another one", "Choose another.")
            self.note(who, "group_made", made.id)
        return made

    def change(self, seen: Institution, *, name: str, from_day: str, last_day: str, who: Visitor | str) -> Institution:
        """Another name or period of a group that is as it was seen. Raises `ChangedMeanwhile`, `InvalidValue`."""
        new = _institution(seen.id, name, from_day, last_day)
        with self.store.together():
            self.store.change_institution(seen, new)
            self.note(who, "group_changed", new.id, from_day=from_day, last_day=last_day)
        return new

    def remove(self, id: str, *, who: Visitor | str) -> bool:
        """Delete a group; its members keep their accounts."""
        with self.store.together():
            gone = self.store.remove_institution(id)
            if gone:
                self.note(who, "group_removed", id)
        return gone

    def named(self, id: str) -> Institution:
        """Raises `UnknownName`."""
        found = self.store.institution(id)
        if found is None:
            raise UnknownName("group", "no such group", "one that there is", "`soleus account group` lists them.")
        return found

    def join(self, id: str, account: str, part: str, *, who: Visitor | str) -> None:
        """Make an account a member or an instructor. Raises `UnknownName`, `InvalidValue`."""
        member = Member(self.named(id).id, self.found(account).id, _part(part))
        with self.store.together():
            self.store.join(member)
            self.note(who, "group_joined", account, group=id, part=part)

    def leave(self, id: str, account: str, *, who: Visitor | str) -> bool:
        with self.store.together():
            gone = self.store.leave(id, account)
            if gone:
                self.note(who, "group_left", account, group=id)
        return gone

    def members(self, id: str) -> tuple[Member, ...]:
        """Who belongs to a group, licensed or not."""
        return self.store.members(institution=id)

    def licensed(self, id: str) -> bool:
        """Whether the licence of a group is valid today."""
        found = self.store.institution(id)
        return found is not None and found.licensed(self.today())


def _institution(id: str, name: str, from_day: str, last_day: str) -> Institution:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", id):
        raise InvalidValue("id", "one that cannot be", "small letters, digits, hyphens", "Write it as sleep-clinic.")
    for field, day in (("from", from_day), ("until", last_day)):
        if not _is_day(day):
            raise InvalidValue(field, "no date", "a date such as 2026-11-29", "Write year, month and day.")
    if last_day < from_day:
        raise InvalidValue("until", "a day before the first", "the last day of the licence", "Exchange the two.")
    return Institution(id, name_of(name), from_day, last_day)


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _part(text: str) -> Part:
    if text in PARTS:
        return text
    raise InvalidValue("part", "a part that is none", "member or instructor", "Choose one of them.")
