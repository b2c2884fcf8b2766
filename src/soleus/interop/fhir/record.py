"""What one record says, gathered: statements with their dates, and everything that was not used.

The latest statement about a finding or contributor counts. Statements of the same time that disagree cancel out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from soleus.clinical.case import Condition, Measurement, Respondent, Unused
from soleus.clinical.timeline import days_between
from soleus.interop.fhir.shapes import Moment, items, mapping, moment, plain_reference, reference, tail, word
from soleus.interop.fhir.terms import Terms

NEVER = Moment("", "")


@dataclass(frozen=True)
class Entry:
    """One resource, with the path to it and its address in the bundle."""

    where: str
    kind: str
    body: dict[str, Any]
    url: str = ""


@dataclass(frozen=True)
class Statement:
    """What one element says of a finding (its state) or of a contributor (present, absent or resolved).

    ``lasting``: it holds until it is ended (an active condition), so that its age does not matter.
    """

    target: str
    state: str
    at: Moment
    where: str
    what: str
    number: float | None = None
    unit: str | None = None
    since: str | None = None
    lasting: bool = False


@dataclass
class Record:
    """The drop box of the resource readers."""

    terms: Terms
    as_of: str | None
    entries: tuple[Entry, ...]
    findings: list[Statement] = field(default_factory=list)
    contributors: list[Statement] = field(default_factory=list)
    onsets: list[str] = field(default_factory=list)
    durations: list[str] = field(default_factory=list)
    legs: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    respondents: set[Respondent] = field(default_factory=set)
    person: dict[str, Any] = field(default_factory=dict)  # age, sex and pregnant, as they were answered
    unknown: set[str] = field(default_factory=set)  # findings that were answered with "don't know"
    medicines: dict[str, Entry] = field(default_factory=dict)  # name -> the resource behind it
    _used: list[str] = field(default_factory=list)
    _unused: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def leave(self, where: str, what: str, why: str) -> None:
        """Note something that is not used."""
        self._unused[what, why].append(where)

    def use(self, where: str) -> None:
        """Note the place of something that entered the case."""
        self._used.append(where)

    def used(self) -> tuple[Entry, ...]:
        """The resources that told something, in the order of the record."""
        places = {e.where for w in self._used if (e := self.entry_at(w))}
        return tuple(e for e in self.entries if e.where in places)

    def entry_at(self, where: str) -> Entry | None:
        """The resource that a place lies in."""
        while where and where not in self._by_place:
            where = re.sub(r"(\.[^.]*|\s\S*|\[[^\[]*\])$", "", where) if re.search(r"[.\s\[]", where) else ""
        return self._by_place.get(where)

    @cached_property
    def _by_place(self) -> dict[str, Entry]:
        return {e.where: e for e in self.entries}

    def unused(self) -> tuple[Unused, ...]:
        """What was not used, the same things together, in an order that does not depend on the bundle's."""
        return tuple(
            Unused(where=places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else ""), what=what, why=why)
            for (what, why), places in sorted(self._unused.items())
        )

    def when(self, where: str, body: dict[str, Any], *names: str) -> Moment | None:
        """The first date that can be read among fields (``period.start`` for an inner one); bad ones are noted."""
        for name in names:
            outer, _, inner = name.partition(".")
            value = mapping(body.get(outer)).get(inner) if inner else body.get(outer)
            found = moment(value)
            if found:
                return found
            if value is not None:
                self.leave(f"{where}.{name}", f"{word(body.get('resourceType'))}, date", "it cannot be read")
        return None

    def future(self, at: Moment | None) -> bool:
        """Whether a date lies after the day of the case."""
        return bool(at and self.as_of and at.day[:10] > self.as_of and not at.day.startswith(self.as_of))

    def days_ago(self, day: str | None) -> float | None:
        """Days before the day of the case; None where one of the dates is missing."""
        if not day or not self.as_of or self.future(Moment(day, day)):
            return None
        return days_between(day, self.as_of, "as_of")

    def counts(self, contributor: str, since: str | None) -> bool:
        """Whether an event of that date still counts; without a date it does."""
        window = self.terms.compiled.contributors[contributor].window_days
        ago = self.days_ago(since)
        return window is None or ago is None or ago <= window

    def possible(self, contributor: str, sex: str | None) -> bool:
        only = self.terms.compiled.contributors[contributor].sex
        return not (only and sex and only != sex)

    def resolve(self, value: Any, entry: Entry) -> dict[str, Any]:
        """The resource that a reference names: contained, by address, by type and id, or by uuid."""
        name = reference(value)
        if name.startswith("#"):
            inside = (mapping(r) for r in items(entry.body.get("contained")))
            return next((r for r in inside if word(r.get("id")) == name[1:]), {})
        return self._by_address.get(name, {}) if name else {}

    @cached_property
    def _by_address(self) -> dict[str, dict[str, Any]]:
        out: dict[str, dict[str, Any]] = {}
        for e in self.entries:
            out.setdefault(f"{e.kind}/{word(e.body.get('id'))}", e.body)
            out.setdefault(plain_reference(e.url), e.body)
        return out

    def settled_findings(self) -> list[Statement]:
        """One statement per finding; stale, older and disagreeing ones are noted."""
        oldest = self.terms.compiled.parameter("record_oldest_days")
        fresh = []
        for s in self.findings:
            ago = self.days_ago(s.at.day)
            if ago is not None and ago > oldest and not s.lasting:
                self.leave(s.where, s.what, "too old to tell of now")
            else:
                fresh.append(s)
        if {"right", "left"} <= self.legs:
            fresh = [s for s in fresh if not (s.target == "side" and s.what.startswith("Condition") and self._side(s))]
        return self._latest(fresh)

    def _side(self, s: Statement) -> bool:
        self.leave(s.where, "the side of a complaint", "one leg is told, and so is the other")
        return True

    def settled_contributors(self, sex: str | None, implied: frozenset[str]) -> list[Condition]:
        """One condition per contributor. ``implied``: those that a medicine in use gives."""
        counted, ended = [], []
        for s in self.contributors:
            if not self.possible(s.target, sex):
                self.leave(s.where, s.what, "not possible for the sex of the record")
            elif s.state == "absent" and s.target in implied:
                self.leave(s.where, s.what, "denied, but a medicine in use says otherwise")
            elif s.state == "absent" or (s.state == "present" and self.counts(s.target, s.since)):
                counted.append(s)
            elif s.state == "resolved" and s.since and self._recent_event(s):
                counted.append(Statement(s.target, "present", s.at, s.where, s.what, since=s.since))
            else:
                ended.append(s)
        settled = {s.target: s for s in self._latest(counted)}
        for s in sorted(ended, key=lambda s: (s.target, s.since or "")):
            why = "no longer present" if s.state == "resolved" else "too long ago to count"
            if s.target in settled or s.state != "resolved":
                self.leave(s.where, s.what, why)
            else:
                settled[s.target] = s
        return [_as_condition(s) for _, s in sorted(settled.items())]

    def _recent_event(self, s: Statement) -> bool:
        return self.terms.compiled.contributors[s.target].window_days is not None and self.counts(s.target, s.since)

    def _latest(self, statements: list[Statement]) -> list[Statement]:
        groups: dict[str, list[Statement]] = defaultdict(list)
        for s in statements:
            groups[s.target].append(s)
        return [found for _, group in sorted(groups.items()) if (found := self._latest_of(group))]

    def _latest_of(self, group: list[Statement]) -> Statement | None:
        last = max(s.at.key for s in group)
        kept = [s for s in group if s.at.key == last]
        for s in group:
            if s.at.key != last and (s.number is not None or s.state != kept[0].state):
                self.leave(s.where, s.what, "older than another of the same")
        if len({s.state for s in kept}) > 1:
            for s in kept:
                self.leave(s.where, s.what, "two of the same time disagree")
            return None
        found = max(kept, key=lambda s: (s.since or "", s.number is not None, s.number or 0.0, s.unit or ""))
        self.use(found.where)
        return found


def _as_condition(s: Statement) -> Condition:
    status = "absent" if s.state == "absent" else "resolved" if s.state == "resolved" else "present"
    return Condition(name=s.target, since=s.since, status=status)  # type: ignore[arg-type]


def as_measurement(s: Statement) -> Measurement:
    """A number as the case holds it."""
    return Measurement(name=s.target, value=s.number or 0.0, unit=s.unit, date=s.at.day or None)


def person_of(body: dict[str, Any]) -> str:
    """The id of the person that a resource is about; empty where it does not say, or says it by a search."""
    name = reference(body.get("subject") or body.get("patient"))
    return "" if "?" in name or name.startswith("#") else tail(name)
