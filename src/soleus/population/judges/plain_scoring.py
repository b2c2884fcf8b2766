"""The slow, plain twin of `bitmaps` and `judging`: the case that one person's records make, from lists and loops.

What `soleus.assess` says of this case is what `soleus.population.scoring.everyone` has to say of the person.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator

from soleus.clinical.case import Case, Condition, Measurement, Medicine, Person, Quantity
from soleus.errors import SoleusError
from soleus.population.judges.plain import Database, Exposure, observed, people
from soleus.population.scoring.layout import Days, days_of
from soleus.population.scoring.meanings import Meanings
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import observe

_OLDEST = 120
_Day = datetime.date


def day_of(database: Database, person_id: int, as_of: _Day | None) -> _Day | None:
    """The day on which a person is judged; None for somebody who is not observed (then) or not known."""
    spans = observed(database).get(person_id, []) if person_id in people(database) else []
    if as_of is None:
        return max((s.end for s in spans), default=None)
    return as_of if any(s.start <= as_of <= s.end for s in spans) else None


def case_of(
    database: Database, person_id: int, meanings: Meanings, compiled: Compiled, as_of: _Day | None = None
) -> Case | None:
    """The case of a person on the day; None for somebody who is not observed."""
    day = day_of(database, person_id, as_of)
    if day is None:
        return None
    one = _Person(database, person_id, meanings, compiled, day, days_of(compiled))
    return one.case()


class _Person:
    def __init__(
        self, database: Database, number: int, meanings: Meanings, compiled: Compiled, day: _Day, days: Days
    ) -> None:
        self.meanings, self.compiled, self.day, self.days = meanings, compiled, day, days
        self.who = people(database).get(number)
        self.events = [
            (e.concept, e.date)
            for e in database.event
            if e.person_id == number and e.concept and e.date is not None and e.date <= day
        ]
        taken = (e for e in database.exposure if e.person_id == number and e.concept)
        self.exposures = [e for e in taken if e.start is not None and e.start <= day]
        self.results = [r for r in database.result if r.person_id == number]

    def case(self) -> Case:
        conditions = any(concept not in self.meanings.tells for concept, _ in self.events)
        lists = (*(("conditions",) if conditions else ()), *(("medicines",) if self.exposures else ()))
        return Case(
            as_of=self.day.isoformat(),
            answered_by="clinician",
            person=self.person(),
            findings=dict(self.findings()),
            conditions=tuple(self.conditions()),
            medicines=tuple(self.medicines()),
            measurements=tuple(self.measurements()),
            lists=lists,
        )

    def person(self) -> Person:
        """Age and sex; a birthday that cannot be is not told."""
        birth, sex = (self.who.birth_date, self.who.sex) if self.who else (None, None)
        possible = birth is not None and birth <= self.day and (self.day - birth).days / 365.25 <= _OLDEST
        return Person(birth_date=birth.isoformat() if birth and possible else None, sex=sex)  # type: ignore[arg-type]

    def ago(self, date: _Day) -> int:
        return (self.day - date).days

    # ------------------------------------------------------------------------------------- statements

    def findings(self) -> Iterator[tuple[str, str]]:
        """The state of each finding that was told last, in the time for which it counts."""
        told = self.told(self.compiled.findings)
        legs = {leg for concept, date in self.events if self.ago(date) <= self.days.fresh
                for leg in self.meanings.legs.get(concept, ())}  # fmt: skip
        for finding, dated in told.items():
            states = last(pair for pair in dated if self.ago(pair[0]) <= self.days.fresh)
            if len(states) == 1 and not (finding == "side" and len(legs) > 1):
                yield finding, states.pop()

    def told(self, of: Iterable[str]) -> dict[str, list[tuple[_Day, str]]]:
        """Finding or contributor -> dates and what was told."""
        wanted, out = set(of), defaultdict[str, list[tuple[_Day, str]]](list)
        for concept, date in self.events:
            tells = set(self.meanings.tells.get(concept, ()))
            tells |= {(c, "present") for c in self.meanings.contributors.get(concept, ())}
            for target, state in tells:
                if target in wanted:
                    out[target].append((date, state))
        return out

    def conditions(self) -> Iterator[Condition]:
        """Each contributor by the last statement that counts; one that the person's sex rules out is left out."""
        implied = {c for m in self.medicines() if m.stopped is None for c in self.contributors(m.name)}
        for name, dated in sorted(self.told(self.compiled.contributors).items()):
            record = self.compiled.contributors[name]
            window = record.window_days
            counted = [(d, s) for d, s in dated if s != "present" or window is None or self.ago(d) <= window]
            sex = self.who.sex if self.who else None
            states = last(counted)
            if len(states) != 1 or (record.sex and sex and record.sex != sex):
                continue
            since = max(d for d, _ in counted).isoformat()
            if states == {"present"}:
                yield Condition(name=name, since=since)
            elif name not in implied:
                yield Condition(name=name, status="absent")

    def measurements(self) -> Iterator[Measurement]:
        """The last value of each test, in its unit, unless two of that day are of different states."""
        found: dict[str, list[tuple[_Day, str, float, Measurement]]] = defaultdict(list)
        for r in self.results:
            finding = self.meanings.tests.get(r.concept)
            if finding is None or r.date is None or r.value is None or not 0 <= self.ago(r.date) <= self.days.fresh:
                continue
            try:
                seen = observe(self.compiled.findings[finding], Quantity(value=r.value, unit=r.unit), "result")
            except SoleusError:
                continue
            given = Measurement(name=finding, value=r.value, unit=r.unit, date=r.date.isoformat())
            found[finding].append((r.date, seen.state, seen.number or 0.0, given))
        for values in found.values():
            newest = [v for v in values if v[0] == max(v[0] for v in values)]
            if len({v[1] for v in newest}) == 1:
                yield max(newest, key=lambda v: v[2])[3]

    # -------------------------------------------------------------------------------------- medicines

    def medicines(self) -> Iterator[Medicine]:
        """Each medicine once, with the start of its course and, if it is not taken any more, its last day."""
        taken: dict[str, list[Exposure]] = defaultdict(list)
        for e in self.exposures:
            for name in self.meanings.medicines.get(e.concept, (f"0{e.concept}",)):
                taken[name].append(e)
        for name, own in sorted(taken.items()):
            stop = max(self.until(e) for e in own)
            started = self.started(own)
            yield Medicine(
                name=name, started=started.isoformat(), stopped=None if stop >= self.day else stop.isoformat()
            )

    def until(self, e: Exposure) -> _Day:
        assert e.start is not None
        return max(e.start, e.end if e.end is not None else e.start + datetime.timedelta(days=self.days.gap))

    def started(self, own: list[Exposure]) -> _Day:
        """The first record of the last months if none before reaches it, else the first of all."""
        late = [e.start for e in own if e.start is not None and self.ago(e.start) < self.days.new]
        before = [self.until(e) for e in own if e.start is not None and self.ago(e.start) >= self.days.new]
        new = late and (not before or (min(late) - max(before)).days > self.days.gap)
        return min(late) if new else min(e.start for e in own if e.start is not None)

    def contributors(self, medicine: str) -> tuple[str, ...]:
        from soleus.reasoning.medicines import medicine_index

        index = medicine_index(self.compiled.knowledge)
        return index.contributors(index.records[medicine]) if medicine in index.records else ()


def last(dated: Iterable[tuple[_Day, str]]) -> set[str]:
    """What was told on the last day."""
    known = list(dated)
    return {state for date, state in known if date == max(d for d, _ in known)}
