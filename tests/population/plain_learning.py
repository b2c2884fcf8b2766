"""What a database says of the knowledge base, counted with loops: it judges `soleus.population.learning.counts`."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from soleus.population.databases.spans import age_of
from soleus.population.judges import plain
from soleus.population.judges.plain import Database
from soleus.population.learning.counts import PREVALENCE_BANDS, RATE_BANDS

Cells = dict[tuple[str, tuple[str, ...]], tuple[int, int]]  # name, cell -> n, of (days at risk, or people)


def band(age: int, bands: tuple[tuple[str, int], ...]) -> str:
    return next(name for name, low in reversed(bands) if max(age, 0) >= low)


def rates(database: Database, things: Mapping[str, Collection[int]], prior: int) -> Cells:
    """First events ever at risk, and days at risk; cells without a day are left out."""
    told: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(lambda: [0, 0])
    events = Database(person=database.person, period=database.period, event=database.event, death=database.death)
    for name, concepts in things.items():
        for c in plain.count_cells(events, concepts, gap_days=0, prior_observation_days=prior):
            if c.sex is not None and c.age is not None:
                cell = told[name, (c.sex[0], band(c.age, RATE_BANDS))]
                cell[0] += c.cases
                cell[1] += c.days_at_risk
    return {key: (n, days) for key, (n, days) in told.items() if days}


def prevalences(
    database: Database,
    taken: Mapping[str, Collection[int]],
    recorded: Mapping[str, tuple[Collection[int], int | None]],
    day: datetime.date,
    prior: int,
    open_ended: int,
) -> Cells:
    """Who takes or has something on a day; ``recorded``: name -> concepts and the days for which a record counts."""
    known, people, having = plain.people(database), dict[int, tuple[str, str]](), defaultdict[str, set[int]](set)
    for person, stretches in plain.observed(database).items():
        who = known.get(person)
        if who is None or who.sex is None or who.birth_date is None:
            continue
        if any(s.start <= day - datetime.timedelta(days=prior) and s.end >= day for s in stretches):
            people[person] = (who.sex, band(age_of(who.birth_date, day), PREVALENCE_BANDS))
    for name, concepts in taken.items():
        for e in database.exposure:
            if e.concept in concepts and e.start is not None:
                end = e.end or e.start + datetime.timedelta(days=open_ended - 1)
                if e.start <= day <= end:
                    having[name].add(e.person_id)
    for name, (concepts, window) in recorded.items():
        least = datetime.date.min if window is None else day - datetime.timedelta(days=window)
        for h in database.event:
            if h.concept in concepts and h.date is not None and least <= h.date <= day:
                having[name].add(h.person_id)
    base = Counter(people.values())
    return {
        (name, cell): (sum(people.get(p) == cell for p in having[name]), base[cell])
        for name in [*taken, *recorded]
        for cell in base
    }
