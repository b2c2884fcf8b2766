"""What one database says of numbers of the knowledge base, as counts: new presentations, people who have something, and
laboratory values of people with a leg complaint. One engine answers like the other; small cells leave neither.

    rates         people whose first record ever of an explanation falls into time at risk, and that time; by sex, age
    prevalences   people under observation on the index day, and those who have a contributor then
    backgrounds   people with a leg complaint and a laboratory value near it, by state of the finding

A record that may mean one of several explanations, or a state without a complaint, tells none of them: where such
records are in use, the rates of these explanations are not learnt. Silence is not absence: of findings only laboratory
values count, of those measured.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from soleus.clinical.case import Quantity
from soleus.errors import InputError
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import Kind, NotLearnt
from soleus.knowledge.schema.core import Background, Contributor, Explanation, Finding, Rate
from soleus.knowledge.schema.records import ResultCode
from soleus.population.cohorts.prevalence import DAYS_PER_YEAR, by_year, calendar_years, with_person
from soleus.population.cohorts.value_sets import expand
from soleus.population.databases.engine import Expr, Row, Table, day, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, chosen, observed, people
from soleus.population.results.manifest import SMALLEST_CELL
from soleus.reasoning.intake import observe

#: Sex and first age of the cells of the knowledge base, as its fields name them.
RATE_BANDS = (("0_17", 0), ("18_39", 18), ("40_64", 40), ("65_79", 65), ("80_plus", 80))
PREVALENCE_BANDS = (("0_17", 0), ("18_39", 18), ("40_64", 40), ("65_plus", 65))


@dataclass(frozen=True)
class LearningSettings:
    """Choices of method; days. ``index_day`` None: the last 1 July on which half as many as at most are observed.

    ``open_ended_days``: how long a prescription without an end lasts. ``result_days``: how far from the first record of
    a complaint a laboratory value may be. ``least_sensitivity``: of records for a contributor, below which their
    silence hides too much.
    """

    prior_observation_days: int = 365
    index_day: datetime.date | None = None
    open_ended_days: int = 90
    result_days: int = 90
    least_sensitivity: float = 0.5
    smallest_cell: int = SMALLEST_CELL


@dataclass(frozen=True)
class LocalCount:
    """``n`` of ``of`` person-years or people; ``cell``: sex and ages, or the state of a finding."""

    kind: Kind
    id: str
    cell: tuple[str, ...]
    n: int
    of: float
    people: int  # behind ``of``

    @property
    def field(self) -> str:
        """As the knowledge base names the number."""
        return f"{_FIELDS[self.kind]}.{'_'.join(self.cell)}"


_FIELDS: dict[str, str] = {"rate": "per_100k", "contributor": "prevalence", "background": "p"}


@dataclass(frozen=True)
class LocalCounts:
    """Every cell that could be counted, and what could not, with the reason. Small cells are in it: it stays here."""

    counts: tuple[LocalCount, ...]
    not_counted: tuple[NotLearnt, ...]
    people: int
    first_day: datetime.date
    last_day: datetime.date
    index_day: datetime.date


@dataclass(frozen=True)
class _Site:
    source: Source
    knowledge: Knowledge
    concepts: Mapping[str, frozenset[int]]
    settings: LearningSettings
    counts: list[LocalCount] = field(default_factory=list)
    missing: list[NotLearnt] = field(default_factory=list)

    def lacks(self, kind: str, id: str | None, why: str) -> None:
        self.missing.append(NotLearnt(kind=kind, id=id, why=why))


def count_locally(
    source: Source,
    knowledge: Knowledge,
    settings: LearningSettings | None = None,
    step: Callable[[str], None] = lambda _: None,
    concepts: Mapping[str, Collection[int]] | None = None,
) -> LocalCounts:
    """Everything that this database can say; ``step`` hears what is being counted.

    ``concepts``: value set -> concepts, for those of explanations and contributors; None: expanded against the
    vocabulary. Raises `InputError` where nobody is observed.
    """
    asked, seen = settings or LearningSettings(), observed(source)
    span = source.engine.one(
        seen.aggregate(first=seen.start.min(), last=seen.end.max(), people=seen.person_id.nunique())
    )
    if span["first"] is None:
        mend = "See `soleus population quality`."
        raise InputError(source.where, "nobody under observation", "people and periods of observation", mend)
    step("Looking for value sets")
    found = _expanded(source, knowledge) if concepts is None else concepts
    site = _Site(source, knowledge, {name: frozenset(c) for name, c in found.items()}, asked)
    index_day = asked.index_day or _index_day(source, span["last"])
    step("Counting new presentations")
    _count_rates(site)
    step("Counting causes")
    _count_prevalences(site, index_day)
    step("Counting laboratory values")
    _count_backgrounds(site)
    site.lacks("likelihood", None, "A database does not tell who was asked: what is not recorded is not absent.")
    return LocalCounts(
        tuple(site.counts), tuple(site.missing), int(span["people"]), span["first"], span["last"], index_day
    )


def _expanded(source: Source, knowledge: Knowledge) -> Mapping[str, frozenset[int]]:
    names = [f"explanation.{e.id}" for e in knowledge.all(Explanation)]
    names += [f"contributor.{c.id}" for c in knowledge.all(Contributor)]
    return expand(source, knowledge, names).concepts


def _index_day(source: Source, last: datetime.date) -> datetime.date:
    """The last 1 July on which half as many as at most are observed; the last day of all where no 1 July is."""
    seen, years = observed(source), _years(source)
    t = seen.inner_join(years, [seen.start <= years.middle, seen.end >= years.middle])
    rows = source.engine.rows(t.group_by("middle").aggregate(people=t.person_id.nunique()))
    most = max((row["people"] for row in rows), default=0)
    return max((row["middle"] for row in rows if 2 * row["people"] >= most), default=last)


def _years(source: Source) -> Table:
    years = calendar_years(source)
    assert years is not None  # somebody is observed
    return years


def _banded(age: Expr, bands: Sequence[tuple[str, int]]) -> Expr:
    import ibis

    return ibis.cases(*((age >= low, name) for name, low in reversed(bands)), else_=None)


def _numbered(source: Source, wanted: Mapping[str, Collection[int]]) -> tuple[Table, list[str]]:
    """concept, thing: which things a concept means, by their number; and their names."""
    names = sorted(name for name, found in wanted.items() if found)
    rows = [(c, n) for n, name in enumerate(names) for c in sorted(wanted[name])]
    return source.engine.table({"concept": "int", "thing": "int"}, rows), names


# ------------------------------------------------------------------------------------------- rates


def _count_rates(site: _Site) -> None:
    wanted = dict(_unambiguous(site))
    means, names = _numbered(site.source, wanted)
    risk = at_risk(site.source, site.settings.prior_observation_days)
    first = first_events(site.source, means)
    base = {(r["sex"], r["band"]): r for r in _person_time(site, risk)}
    lost, cases = _lost(site, risk, first), _cases(site, risk, first)
    for n, name in enumerate(names):
        if not any(cases.get((n, *cell), 0) for cell in base):
            site.lacks("rate", name, "Nothing of it is recorded as new.")
            continue
        for (sex, band), row in base.items():
            days = row["days"] - lost.get((n, sex, band), 0)
            cell = (sex[0], band)
            count = LocalCount("rate", name, cell, cases.get((n, sex, band), 0), days / DAYS_PER_YEAR, row["people"])
            site.counts.append(count)


def _unambiguous(site: _Site) -> Iterator[tuple[str, frozenset[int]]]:
    """Explanations whose records mean nothing else; of the others it is said why not."""
    rates = site.knowledge.by_id(Rate)
    sets = {e.id: site.concepts.get(f"explanation.{e.id}", frozenset()) for e in site.knowledge.all(Explanation)}
    used = _in_use(site, frozenset().union(*sets.values()))
    owners: dict[int, set[str]] = defaultdict(set)
    for name, found in sets.items():
        for concept in found & used:
            owners[concept].add(name)
    for e in site.knowledge.all(Explanation):
        others = sorted({o for c in sets[e.id] & used for o in owners[c]} - {e.id})
        if e.id not in rates:
            continue
        if not e.codes:
            site.lacks("rate", e.id, "No code names it.")
        elif not sets[e.id]:
            site.lacks("rate", e.id, "The vocabulary of the database knows none of its codes.")
        elif others:
            site.lacks("rate", e.id, f"Records that may mean it may also mean {', '.join(others)}.")
        elif states := _states_of(site.knowledge, e):
            site.lacks("rate", e.id, f"A record of it may mean the state without a complaint ({', '.join(states)}).")
        elif not sets[e.id] & used:
            site.lacks("rate", e.id, "Nothing of it is recorded.")
        else:
            yield e.id, sets[e.id] & used


def _states_of(knowledge: Knowledge, explanation: Explanation) -> list[str]:
    """Contributors that are recorded under a code of the explanation."""
    codes = {(c.system, c.code) for c in explanation.codes}
    known = (c for c in knowledge.all(Contributor) if c.kind != "medicine")
    return sorted(c.id for c in known if codes & {(x.system, x.code) for x in c.codes})


def _in_use(site: _Site, concepts: frozenset[int]) -> frozenset[int]:
    t = chosen(site.source, site.source.event, concepts)
    return frozenset(row["concept"] for row in site.source.engine.rows(t.select("concept").distinct()))


def at_risk(source: Source, prior_days: int) -> Table:
    """person_id, start, end: observation after so many days of it."""
    import ibis

    t = observed(source)
    t = t.mutate(start=(t.start + ibis.interval(days=prior_days)).cast("date"))
    return t.filter(t.start <= t.end)


def first_events(source: Source, means: Table) -> Table:
    """person_id, thing, began: the first record ever of each thing; ``means``: concept, thing."""
    t = source.event.filter(source.event.date.notnull()).inner_join(means, "concept")
    return t.group_by("person_id", "thing").aggregate(began=t.date.min())


def _by_cell(site: _Site, spans: Table) -> Table:
    """Spans cut at the turns of the years, with sex and band in each; where both are known."""
    t = with_person(by_year(spans, _years(site.source)), site.source)
    t = t.mutate(band=_banded(t.age, RATE_BANDS))
    return t.filter(t.sex.notnull(), t.band.notnull())


def _person_time(site: _Site, risk: Table) -> list[Row]:
    t = _by_cell(site, risk)
    t = t.group_by("sex", "band").aggregate(days=(days_between(t.end, t.start) + 1).sum(), people=t.person_id.nunique())
    return site.source.engine.rows(t.order_by("sex", "band"))


_Sums = dict[tuple[int, str, str], int]  # number of the thing, sex, band


def _lost(site: _Site, risk: Table, first: Table) -> _Sums:
    """Days at risk after the first record, on which nobody can begin anew."""
    import ibis

    t = risk.inner_join(first, "person_id")
    after = (t.began + ibis.interval(days=1)).cast("date")
    t = t.mutate(start=ibis.greatest(t.start, after))
    t = _by_cell(site, t.filter(t.start <= t.end).select("person_id", "thing", "start", "end"))
    t = t.group_by("thing", "sex", "band").aggregate(n=(days_between(t.end, t.start) + 1).sum())
    return _sums(site, t)


def _cases(site: _Site, risk: Table, first: Table) -> _Sums:
    t = risk.inner_join(first, "person_id")
    t = t.filter(t.began >= t.start, t.began <= t.end)
    t = _by_cell(site, t.select("person_id", "thing", start="began", end="began"))
    return _sums(site, t.group_by("thing", "sex", "band").aggregate(n=t.count()))


def _sums(site: _Site, t: Table) -> _Sums:
    return {(r["thing"], r["sex"], r["band"]): int(r["n"]) for r in site.source.engine.rows(t)}


# ------------------------------------------------------------------------------------------- prevalences


def _count_prevalences(site: _Site, index_day: datetime.date) -> None:
    who = _present(site, index_day)
    rows = site.source.engine.rows(who.group_by("sex", "band").aggregate(people=who.count()).order_by("sex", "band"))
    base = {(r["sex"], r["band"]): int(r["people"]) for r in rows}
    taken, recorded = (dict(_recordable(site, medicines=m)) for m in (True, False))
    for wanted, table in ((taken, _taking(site, index_day)), (recorded, _having(site, recorded, index_day))):
        means, names = _numbered(site.source, wanted)
        found = _having_cells(site, table(means), who)
        for n, name in enumerate(names):
            if not any(found.get((n, *cell)) for cell in base):
                site.lacks("contributor", name, "Nobody has a record of it on the day.")
                continue
            for (sex, band), people_there in base.items():
                n_there = found.get((n, sex, band), 0)
                site.counts.append(LocalCount("contributor", name, (sex, band), n_there, people_there, people_there))


def _recordable(site: _Site, medicines: bool) -> Iterator[tuple[str, frozenset[int]]]:
    """Contributors that records show well enough; of the others it is said why not."""
    for c in site.knowledge.all(Contributor):
        if (c.kind == "medicine") != medicines:
            continue
        found = site.concepts.get(f"contributor.{c.id}")
        if found is None:
            site.lacks("contributor", c.id, "No code names it.")
        elif not found:
            site.lacks("contributor", c.id, "The vocabulary of the database knows none of its codes.")
        elif not medicines and c.recorded_sensitivity < site.settings.least_sensitivity:
            site.lacks("contributor", c.id, "Records show too few of those who have it.")
        else:
            yield c.id, found


def _present(site: _Site, index_day: datetime.date) -> Table:
    """person_id, sex, band: who is observed on the day, and was for long enough before."""
    import ibis

    seen, today = observed(site.source), day(index_day)
    since = day(index_day - datetime.timedelta(days=site.settings.prior_observation_days))
    t = seen.filter(seen.start <= since, seen.end >= today).select("person_id").distinct()
    t = t.left_join(people(site.source), "person_id").drop("person_id_right")
    t = t.mutate(age=age_on(t.birth_date, today))
    t = t.mutate(band=_banded(ibis.ifelse(t.age < 0, 0, t.age), PREVALENCE_BANDS))
    return t.filter(t.sex.notnull(), t.band.notnull()).select("person_id", "sex", "band")


def _taking(site: _Site, index_day: datetime.date) -> Callable[[Table], Table]:
    """person_id, thing: who takes a medicine on the day."""
    import ibis

    def table(means: Table) -> Table:
        t = site.source.exposure.inner_join(means, "concept")
        last = (t.start + ibis.interval(days=site.settings.open_ended_days - 1)).cast("date")
        t = t.mutate(end=ibis.coalesce(t.end, last))
        t = t.filter(t.start <= day(index_day), t.end >= day(index_day))
        return t.select("person_id", "thing").distinct()

    return table


def _having(site: _Site, wanted: Mapping[str, object], index_day: datetime.date) -> Callable[[Table], Table]:
    """person_id, thing: of whom it is recorded up to the day, within its window where it has one."""
    known = site.knowledge.by_id(Contributor)
    windows = [known[name].window_days for name in sorted(name for name, found in wanted.items() if found)]
    since = site.source.engine.table(
        {"number": "int", "since": "date"},
        [(n, None if w is None else index_day - datetime.timedelta(days=w)) for n, w in enumerate(windows)],
    )

    def table(means: Table) -> Table:
        t = site.source.event.inner_join(means, "concept").filter(lambda t: t.date <= day(index_day))
        t = t.inner_join(since, [t.thing == since.number])
        return t.filter(t.since.isnull() | (t.date >= t.since)).select("person_id", "thing").distinct()

    return table


def _having_cells(site: _Site, having: Table, who: Table) -> _Sums:
    t = having.inner_join(who, "person_id")
    return _sums(site, t.group_by("thing", "sex", "band").aggregate(n=t.count()))


# ------------------------------------------------------------------------------------------- backgrounds


def _count_backgrounds(site: _Site) -> None:
    base, findings = site.knowledge.by_id(Background), site.knowledge.by_id(Finding)
    measured = [f for f in findings.values() if f.kind == "numeric" and f.id in base]
    site.lacks("background", None, "Answers, signs and pictures: what is not recorded is not absent.")
    tests = _tests(site, measured)
    for f in measured:
        if f.id not in tests:
            site.lacks("background", f.id, "The vocabulary of the database knows no code of it.")
    states = _seen_states(site, {name: tests[name] for name in sorted(tests)})
    for name in sorted(tests):
        found = {s.id: states.get((name, s.id), 0) for s in findings[name].states}
        total = sum(found.values())
        if not total:
            site.lacks("background", name, "Nobody with a leg complaint has a value that can be read near it.")
            continue
        site.counts.extend(LocalCount("background", name, (s,), n, total, total) for s, n in found.items())


def _tests(site: _Site, measured: Sequence[Finding]) -> dict[str, frozenset[int]]:
    """Finding -> concepts of its LOINC codes."""
    codes = [(f.id, c.code) for f in measured for c in f.codes if c.system == "loinc"]
    codes += [
        (r.finding, r.code.code)
        for r in site.knowledge.all(ResultCode)
        if r.code.system == "loinc" and r.finding in {f.id for f in measured}
    ]
    asked = site.source.engine.table({"finding": "str", "its_code": "str"}, codes)
    c = site.source.concept.filter(site.source.concept.system == "loinc")
    out: dict[str, set[int]] = defaultdict(set)
    for row in site.source.engine.rows(asked.inner_join(c, [asked.its_code == c.code]).select("finding", "concept")):
        out[row["finding"]].add(row["concept"])
    return {name: frozenset(found) for name, found in out.items()}


def _seen_states(site: _Site, tests: Mapping[str, frozenset[int]]) -> dict[tuple[str, str], int]:
    """(finding, state) -> people with a leg complaint whose value nearest to it is in the state."""
    findings, out = site.knowledge.by_id(Finding), defaultdict[tuple[str, str], int](int)
    if not tests:
        return out
    means, names = _numbered(site.source, tests)
    for row in site.source.engine.rows(_nearest(site, means)):
        finding = findings[names[row["thing"]]]
        try:
            seen = observe(finding, Quantity(value=row["value"], unit=row["unit"]), finding.id)
        except InputError:  # a unit or value that cannot be read tells nothing
            continue
        if seen.state is not None:
            out[finding.id, seen.state] += int(row["n"])
    return out


def _nearest(site: _Site, means: Table) -> Table:
    """thing, unit, value, n: people by the value nearest to the first record of any leg complaint of theirs."""
    import ibis

    legs = frozenset().union(*(c for name, c in site.concepts.items() if name.startswith("explanation.")))
    told = chosen(site.source, site.source.event, legs).filter(lambda t: t.date.notnull())
    first = told.group_by("person_id").aggregate(began=told.date.min())
    t = site.source.result.inner_join(means, "concept").filter(lambda t: t.value.notnull(), lambda t: t.date.notnull())
    t = t.inner_join(first, "person_id")
    t = t.mutate(gap=days_between(t.date, t.began).abs(), unit=ibis.coalesce(t.unit, ""))
    t = t.filter(t.gap <= site.settings.result_days)
    order = ibis.window(group_by=["person_id", "thing"], order_by=["gap", "date", "unit", "value"])
    t = t.mutate(nth=ibis.row_number().over(order)).filter(lambda t: t.nth == 0)
    return t.group_by("thing", "unit", "value").aggregate(n=t.count())
