"""How sure a null ratio is: people drawn again, from the counts of those who began on the same days."""

from __future__ import annotations

from dataclasses import dataclass, replace

from soleus.population.databases.engine import Table, day, days_between
from soleus.population.sequences.counted import as_arrays
from soleus.population.sequences.first_events import starts, with_strata
from soleus.population.sequences.study import Ints, Study
from soleus.statistics.sequence_symmetry import bootstrap_null, central_interval, with_uncertain_null


@dataclass(frozen=True)
class NullBounds:
    """Bounds of the null ratio, and of the adjusted ratio when the null ratio is uncertain too; NaN where undefined."""

    null_low: float
    null_high: float
    low: float
    high: float


def null_bounds(
    study: Study, index: int, marker: int, counts: tuple[int, int], draws: int = 1000, seed: int = 0
) -> NullBounds:
    """Of one pair of cohorts; ``counts``: people with the index first and with the marker first."""
    days = first_days(replace(study, index={0: study.index[index]}, marker={0: study.marker[marker]}))
    settings = study.settings
    null = bootstrap_null(*days[:2], settings.null_window, days[2], draws, seed)
    return NullBounds(
        *central_interval(null, settings.level), *with_uncertain_null(*counts, null, settings.level, seed)
    )


def first_days(study: Study) -> tuple[Ints, Ints, Ints]:
    """(people,) day of the index, day of the marker, stratum, of a study of one pair; -1 where there is none."""
    # In order: an engine hands rows back as it likes, and the draws must not differ by that.
    columns = as_arrays(study.source.engine.arrow(_day_pairs(study).order_by("stratum", "first", "second")))
    first, second, stratum = (columns[name].repeat(columns["people"]) for name in ("first", "second", "stratum"))
    return first, second, stratum


def _day_pairs(study: Study) -> Table:
    """first, second, stratum, people: how many began on which two days of the study range."""
    import ibis

    none = ibis.null("int64")
    index, marker = (t.mutate(on=days_between(t.start, day(study.span[0])).cast("int64")) for t in
                     (starts(study, "index"), starts(study, "marker")))  # fmt: skip
    both = index.select("person_id", first="on", second=none).union(marker.select("person_id", first=none, second="on"))
    t = both.group_by("person_id").aggregate(first=both["first"].min(), second=both["second"].min())
    t = with_strata(study, t)
    t = t.select("stratum", first=t["first"].fill_null(-1), second=t["second"].fill_null(-1))
    return t.group_by("stratum", "first", "second").aggregate(people=t.count())
