"""Exposures reduced to what first events need, stored once in a folder of ours; the source itself is only read.

A medicine is filled again and again, and of all its records a study looks at a few: the first in the study range, with
the longest end of its day, and before the range the first and the last. What is stored has the shape of the exposures,
at most three rows a person and concept, in the order of concepts:

    study range            |--------------------------------|
    records       x  x  x     x    x    x    x    x
    stored        x     x     x

Everything in `sequences.first_events` counts the same in the digest of its own study range as in the source.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

from soleus.population.databases.engine import Expr, Table, day, days_between
from soleus.population.databases.source import Source
from soleus.population.results.manifest import whole_file

#: A record that lasts longer, a hundred years, counts as lasting so long.
LONGEST = 36_525
_ORIGIN = datetime.date(1, 1, 1)


def digested(source: Source, span: tuple[datetime.date, datetime.date], folder: Path) -> Source:
    """The source with the exposures of ``folder``, made if they are not there: they hold for this study range alone.

    The folder is the caller's to name by what the source is (`manifest`): a stored table does not know that a database
    has changed. With more than one engine at work, each has its own folder.
    """
    path = folder / f"first_exposures_{span[0]:%Y%m%d}_{span[1]:%Y%m%d}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            source.engine.write_parquet(reduced(source, span), part)
    stored = source.engine.read_parquet(path)
    return replace(source, tables=dict(source.tables) | {"exposure": stored})


def reduced(source: Source, span: tuple[datetime.date, datetime.date]) -> Table:
    """person_id, concept, start, end: at most three rows a person and concept."""
    import ibis

    t = source.exposure.filter(source.exposure.start.notnull())
    inside, before = (t.start >= day(span[0])) & (t.start <= day(span[1])), t.start < day(span[0])
    t = t.group_by("person_id", "concept").aggregate(
        first=_first_and_longest(t).min(where=inside), ever=t.start.min(where=before), prior=t.start.max(where=before)
    )
    start = t.first // (LONGEST + 1)
    kept = t.filter(t.first.notnull()).select(
        "person_id", "concept", start=_date(start), end=_date(start + LONGEST - t.first % (LONGEST + 1))
    )
    nothing = ibis.null("date")
    prior = t.filter(t.prior.notnull()).select("person_id", "concept", start="prior", end=nothing)
    ever = t.filter(t.ever < t.prior).select("person_id", "concept", start="ever", end=nothing)
    return kept.union(prior).union(ever).order_by("concept", "person_id", "start")


def _date(days: Expr) -> Expr:
    """A date so many days after the first of all; DuckDB makes a timestamp of it, which must not be stored."""
    return (day(_ORIGIN) + days.as_interval("D")).cast("timestamp").cast("date")


def _first_and_longest(t: Table) -> Expr:
    """Least for the earliest start and, of those, the latest end; of one number, since engines differ in pairs."""
    import ibis

    length = ibis.greatest(days_between(ibis.coalesce(t.end, t.start), t.start), 0)
    return days_between(t.start, day(_ORIGIN)) * (LONGEST + 1) + LONGEST - ibis.least(length, LONGEST)
