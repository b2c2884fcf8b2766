"""What a database tells of each person on a day as bitmaps: one expression for DuckDB and Spark.

    person   day, age in days, sex      the day asked for, else the last on which the person was observed
    events   bits of what counts on the day, by its window                                 bit_or
    exposure bits of medicines taken on the day, and of those once taken                   bit_or
    course   bits of medicines begun or stopped lately: first start, last end              by person and medicine
    dated    bits of what was stated or measured last                                      by person and target

Records without a date or a code, and those after the day, say nothing. A medicine is taken up to the last day of its
record; one whose end is not told counts as taken for as long as two records of a medicine may lie apart and be one
course. It is new if its first record of the last months does not join an earlier one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from soleus.population.databases.engine import Expr, Table, day, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import clipped, people
from soleus.population.scoring.atoms import NEW, Atom, kinds_of
from soleus.population.scoring.layout import CONDITIONS, MEDICINES, Layout
from soleus.population.scoring.patterns import SEXES

#: A chunk of people: identifiers from .. to, both included; None: all.
Ids = tuple[int, int] | None
_STEPS = 12  # ids are counted in so many powers of two at a time
EPOCH = datetime.date(1970, 1, 1)
_ROOM = 64  # more than there are bits in a word
_PERSONAL = ("person", "period", "exposure", "event", "result", "death")


def within(source: Source, ids: Ids) -> Source:
    """The records of these people alone."""
    if ids is None:
        return source
    kept = {name: t.filter(t.person_id.between(*ids)) for name, t in source.tables.items() if name in _PERSONAL}
    return replace(source, tables=dict(source.tables) | kept)


def days_of(source: Source, as_of: datetime.date | None) -> Table:
    """person_id, day, birth_date, sex: everybody of the table of people who is observed on the day, or at all."""
    import ibis

    t = clipped(source)
    if as_of is not None:
        t = t.filter(t.start <= day(as_of), t.end >= day(as_of))
    last = t.end.max() if as_of is None else ibis.literal(as_of)
    return t.group_by("person_id").aggregate(day=last.cast("date")).inner_join(people(source), "person_id")


def plus(date: Expr, days: int) -> Expr:
    """The date so many days later. DuckDB makes a moment of it, of which Ibis does not know."""
    import ibis

    return (date + ibis.interval(days=days)).cast("timestamp").cast("date")


@dataclass(frozen=True)
class Bitmaps:
    """The expressions of one layout on one source."""

    layout: Layout
    source: Source
    as_of: datetime.date | None = None

    def table(self) -> Table:
        """person_id, day, age_days, sex, w0 .. wn: one row a person; whole numbers without missing ones.

        An age that is not known is -1; the sex is its place in `SEXES`.
        """
        import ibis

        who = days_of(self.source, self.as_of)
        t = who.filter(who.day.notnull())  # all have a day; a join of its own would be asked for, and who they are anew
        for part in (self.events(who), self.exposures(who), self.courses(who), self.dated(who)):
            t = t.left_join(part, "person_id").drop("person_id_right")
        words = {f"w{n}": ibis.coalesce(t[f"w{n}"], 0).cast("int64") for n in range(self.layout.words)}
        age = ibis.coalesce(days_between(t.day, t.birth_date).cast("int64"), -1)
        sex = t.sex.cases(*((name, n) for n, name in enumerate(SEXES) if name), else_=0)
        return t.select("person_id", "day", sex=sex.cast("int64"), age_days=age.cast("int64"), **words)

    # ------------------------------------------------------------------------------------------ parts

    def _words(self, part: str) -> list[int]:
        return list(self.layout.parts[part])

    def _map(
        self, columns: dict[str, str], rows: Iterable[tuple[Sequence[object], Iterable[Atom]]], part: str
    ) -> Table:
        """A small table: the columns, and a column of bits for each word of the part."""
        words = self._words(part)
        made = []
        for key, atoms in rows:
            bits = self.layout.bits(atoms)
            made.append((*key, *(bits.get(w, 0) for w in words)))
        return self.source.engine.table(columns | {f"b{w}": "int" for w in words}, made)

    def _known(self, who: Table, table: Table, date: str, days: int | None = None) -> Table:
        """Records of people with a day, dated on it or before; at most so many ``days`` before.

        Days are counted, not compared: DuckDB then looks people up in an array, where two dates would be a part of the
        join and need a hash table.
        """
        t = table.inner_join(who, "person_id")
        ago = days_between(t.day, t[date])
        return t.filter(ago >= 0, *([] if days is None else [ago <= days]))

    def events(self, who: Table) -> Table:
        """person_id and the words of events."""
        import ibis

        rows = [((e.concept, e.window), e.atoms) for e in self.layout.events]
        listed = {e.concept for e in self.layout.events} - self.layout.complaints
        rows += [((concept, None), self._list()) for concept in sorted(listed)]
        rows += [((concept, None), ()) for concept in sorted(self.layout.complaints)]
        known = self._map({"its": "int", "window": "int"}, rows, "event")
        event = self.source.event
        t = self._known(who, event.filter(event.concept != 0), "date")
        t = t.left_join(known, t.concept == known.its)
        counts = t.window.isnull() | (days_between(t.day, t.date) <= t.window)
        bits = self.layout.bits(self._list())
        return t.group_by("person_id").aggregate(**{
            f"w{w}": self.source.engine.bit_or(
                ibis.ifelse(t.its.isnull(), bits.get(w, 0), ibis.ifelse(counts, t[f"b{w}"], 0)).cast("int64")
            )
            for w in self._words("event")
        })  # fmt: skip

    def _list(self) -> tuple[Atom, ...]:
        """What a diagnosis tells of the list that it stands in; where diagnoses are missing no list has spoken."""
        lacks = any(x.table == "event" and x.column == "condition_occurrence" for x in self.source.lacks)
        return () if lacks else (CONDITIONS,)

    def exposures(self, who: Table) -> Table:
        """person_id and the words of medicines taken on the day, or once."""
        import ibis

        kinds = kinds_of(self.layout.reader.compiled)
        takes = {c: [Atom("takes", kinds.takes[m]) for m in ms if m in kinds.takes] for c, ms in self._medicines()}
        took = {c: [Atom("took", kinds.took[m]) for m in ms if m in kinds.took] for c, ms in self._medicines()}
        words = self._words("exposure")
        rows = []
        for concept in takes:
            now, once = self.layout.bits(takes[concept]), self.layout.bits((MEDICINES, *took[concept]))
            rows.append((concept, *(now.get(w, 0) for w in words), *(once.get(w, 0) for w in words)))
        columns = {"its": "int"} | {f"now{w}": "int" for w in words} | {f"once{w}": "int" for w in words}
        known = self.source.engine.table(columns, rows)
        t = self._known(who, self._exposure(), "start")
        t = t.left_join(known, t.concept == known.its)
        some = self.layout.bits((MEDICINES,))
        current = t.end >= t.day
        return t.group_by("person_id").aggregate(**{
            f"w{w}": self.source.engine.bit_or(
                ibis.ifelse(
                    t.its.isnull(), some.get(w, 0), ibis.ifelse(current, t[f"now{w}"] | t[f"once{w}"], t[f"once{w}"])
                ).cast("int64")
            )
            for w in words
        })  # fmt: skip

    def _medicines(self) -> Iterable[tuple[int, tuple[str, ...]]]:
        return self.layout.medicines.items()

    def _exposure(self) -> Table:
        """Exposures with an end."""
        import ibis

        t = self.source.exposure.filter(self.source.exposure.concept != 0)
        told = ibis.coalesce(t.end, plus(t.start, self.layout.days.gap))
        return t.select("person_id", "concept", "start", end=ibis.greatest(told, t.start))

    def courses(self, who: Table) -> Table:
        """person_id and the words of medicines begun or stopped lately."""
        import ibis

        days, kinds = self.layout.days, kinds_of(self.layout.reader.compiled)
        numbers = {m: n for n, m in enumerate(sorted({m for _, ms in self._medicines() for m in ms}), 1)}
        rows: list[tuple[Sequence[object], Iterable[Atom]]] = []
        for concept, medicines in self._medicines():
            for m in medicines:
                stopped = kinds.stopped.get(m)
                atoms = (Atom("stopped", stopped[0]),) if stopped else ()
                rows.append(((concept, -numbers[m], stopped[1] if stopped else -1), atoms))
        known = self._map({"its": "int", "medicine": "int", "lasting": "int"}, rows, "course")
        t = self._known(who, self._exposure(), "start")
        t = t.filter(days_between(t.day, t.end) <= max(days.new + days.gap, days.stopped))
        t = t.left_join(known, t.concept == known.its)
        late = days_between(t.day, t.start) < days.new
        t = t.mutate(medicine=ibis.coalesce(t.medicine, t.concept), late=late)
        words = self._words("course")
        t = t.group_by("person_id", "medicine").aggregate(
            begun=t.start.min(where=t.late),
            before=t.end.max(where=~t.late),
            last=t.end.max(),
            day=t.day.max(),
            lasting=t.lasting.max(),
            **{f"b{w}": t[f"b{w}"].max() for w in words},
        )
        new = t.begun.notnull() & (t.before.isnull() | (days_between(t.begun, t.before) > days.gap))
        gone = (t.last < t.day) & (days_between(t.day, t.last) <= t.lasting)
        bits = self.layout.bits((Atom("new", NEW),))
        return t.group_by("person_id").aggregate(**{
            f"w{w}": self.source.engine.bit_or(
                (ibis.ifelse(new, bits.get(w, 0), 0) | ibis.ifelse(gone, ibis.coalesce(t[f"b{w}"], 0), 0)).cast("int64")
            )
            for w in words
        })  # fmt: skip

    def dated(self, who: Table) -> Table:
        """person_id and the words of what was stated or measured last.

        Of several statements of the last day the first and the last in order are kept: where they say the same, so do
        all between them.
        """
        import ibis

        t = self._stated(who).union(self._measured(who))
        at = days_between(t.date, day(EPOCH)) * _ROOM
        t = t.group_by("person_id", "target").aggregate(most=(at + t.nth).max(), least=(at + _ROOM - 1 - t.nth).max())
        one = ibis.literal(1, "int8").cast("int64")  # a plain 1 is of 32 bits on Spark
        last, first = t.most & (_ROOM - 1), _ROOM - 1 - (t.least & (_ROOM - 1))  # of days before 1970 as well
        start = t.target & (_ROOM - 1)
        t = t.mutate(bits=(one << (start + last)) | (one << (start + first)), at=t.target - start)
        return t.group_by("person_id").aggregate(**{
            f"w{w}": self.source.engine.bit_or(ibis.ifelse(t["at"] == w * _ROOM, t.bits, 0).cast("int64"))
            for w in self._words("dated")
        })  # fmt: skip

    def _target(self, first: Atom) -> int:
        """Word and first bit of what a statement is about, as one number."""
        place = self.layout.place[first]
        return place.word * _ROOM + place.bit

    def _stated(self, who: Table) -> Table:
        rows = []
        for s in self.layout.statements:
            first = self.layout.first[s.target]
            nth = self.layout.place[s.atom].bit - self.layout.place[first].bit
            rows.append((s.concept, self._target(first), s.window, nth))
        columns = {"its": "int", "target": "int", "window": "int", "nth": "int"}
        known = self.source.engine.table(columns, rows)
        t = self.source.event
        t = self._known(who, t.inner_join(known, t.concept == known.its), "date")
        t = t.filter(t.window.isnull() | (days_between(t.day, t.date) <= t.window))
        return t.select("person_id", "target", "date", "nth")

    def _measured(self, who: Table) -> Table:
        import ibis

        most = max((len(r.bins.cuts) for r in self.layout.results), default=0)
        columns = {"its": "int", "its_unit": "str", "target": "int", "factor": "float", "offset": "float",
                   "low": "float", "high": "float"} | {f"cut{n}": "float" for n in range(most)}  # fmt: skip
        rows = []
        for r in self.layout.results:
            cuts = (*r.bins.cuts, *[None] * (most - len(r.bins.cuts)))
            target = self._target(r.bins.atom(0))
            rows.append((r.concept, r.unit or "", target, r.factor, r.offset, *r.plausible, *cuts))
        known = self.source.engine.table(columns, rows)
        result = self.source.result
        t = self._known(who, result.filter(result.value.notnull()), "date", self.layout.days.fresh)
        t = t.inner_join(known, [t.concept == known.its, ibis.coalesce(t.unit, "") == known.its_unit])
        t = t.mutate(number=t.value * t.factor + t.offset)
        t = t.filter(t.number >= t.low, t.number <= t.high)
        nth = ibis.literal(0, "int64")
        for n in range(most):
            nth = nth + ibis.ifelse(t.number >= t[f"cut{n}"], 1, 0)
        return t.select("person_id", "target", "date", nth=nth.cast("int64"))


#: Stand in a query for the ends of a range; no database has people of these numbers.
_LOW, _HIGH = 4_611_686_018_427_387_701, 4_611_686_018_427_387_809


class Ranged:
    """The table of `Bitmaps` for one range of people after another.

    Ibis takes a tenth of a second to turn an expression of this size into a query: it is done once, and each range is
    put into its text.
    """

    def __init__(self, layout: Layout, source: Source, as_of: datetime.date | None) -> None:
        self.engine = source.engine
        expression = Bitmaps(layout, within(source, (_LOW, _HIGH)), as_of).table()
        self.query, self.schema = self.engine.query(expression), expression.schema()

    def arrow(self, ids: tuple[int, int]) -> Any:
        """The table of the people of a range, ends included, as Arrow."""
        query = self.query.replace(str(_LOW), str(ids[0])).replace(str(_HIGH), str(ids[1]))
        return self.engine.arrow_of(query, self.schema)


def ranges_of(source: Source, most: int) -> list[tuple[int, int]]:
    """Ranges of ids that cover everybody with a period, each of about ``most`` people at the most, in order."""
    t = source.period
    span = source.engine.one(t.aggregate(low=t.person_id.min(), high=t.person_id.max()))
    return [] if span["low"] is None else _ranges(source, (span["low"], span["high"]), most)


def _ranges(source: Source, span: tuple[int, int], most: int) -> list[tuple[int, int]]:
    t = source.period.filter(source.period.person_id.between(*span))
    shift = max(0, (span[1] - span[0]).bit_length() - _STEPS)
    t = t.group_by(step=t.person_id >> shift).aggregate(people=t.count())
    steps = sorted((row["step"], row["people"]) for row in source.engine.rows(t))
    out: list[list[int]] = []
    room = 0
    for step, count in steps:
        ends = max(step << shift, span[0]), min(((step + 1) << shift) - 1, span[1])
        if count > 2 * most and shift:
            out += map(list, _ranges(source, ends, most))
            room = 0
        elif count <= room:
            out[-1][1] = ends[1]
            room -= count
        else:
            out.append(list(ends))
            room = most - count
    return [(low, high) for low, high in out]
