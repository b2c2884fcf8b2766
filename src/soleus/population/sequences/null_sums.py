"""The null ratios of a screen of many medicines, added up where the records are.

The null ratio of a pair sums, over the people who began the index, how many began the marker in the days after and
before that day. The markers' days are few; they go to the engine as a table of days, and what comes back is one row a
pair instead of one a medicine and day:

    starts of the index   person, medicine, day ──┐
    days of the marker    day, after, before ─────┴─► medicine: sum of after, sum of before
"""

from __future__ import annotations

import datetime

import numpy as np

from soleus.population.databases.engine import Table
from soleus.population.sequences.counted import DayCounts, as_arrays, places
from soleus.population.sequences.first_events import count_days, starts, with_strata
from soleus.population.sequences.study import EPOCH, Study
from soleus.statistics.sequence_symmetry import NullSums, neighbours


def null_sums(study: Study, window_days: float) -> NullSums:
    """The sums of the null ratio, (index, marker), in the order of the study's cohorts.

    What `null_days.null_sums_of` makes of the day counts of both sides, to the last digit, whole numbers all.
    """
    index, marker = list(study.index), list(study.marker)
    forward, backward = np.zeros((2, len(index), len(marker)))
    days = count_days(study, "marker")
    if days.day.size:
        found = as_arrays(study.source.engine.arrow(_added(study, _near(study, days, window_days))))
        at = places(found["cohort"], index), places(found["marker"], marker)
        forward[at], backward[at] = found["after"], found["before"]
    return NullSums(forward, backward)


def _added(study: Study, near: Table) -> Table:
    """cohort, marker, after, before: sums over the people who began the index."""
    t = with_strata(study, starts(study, "index")).inner_join(
        near, [("start", "near_day"), ("stratum", "near_stratum")]
    )
    return t.group_by("cohort", "marker").aggregate(
        after=t.after.sum().cast("int64"), before=t.before.sum().cast("int64")
    )


def _near(study: Study, days: DayCounts, window_days: float) -> Table:
    """near_day, near_stratum, marker, after, before: who began a marker in the days around each day of the study."""
    first, last = ((end - EPOCH).days for end in study.span)
    size, rows = last - first + 1, []
    for stratum in np.unique(days.stratum).tolist():
        for marker in np.unique(days.cohort[days.stratum == stratum]).tolist():
            own = (days.stratum == stratum) & (days.cohort == marker)
            people = np.bincount(days.day[own] - first, days.people[own], size).astype(np.float64)
            after, before = (side[0].astype(np.int64) for side in neighbours(people[None], window_days))
            for n in np.flatnonzero(after + before).tolist():
                day = EPOCH + datetime.timedelta(first + n)
                rows.append((day, stratum, marker, int(after[n]), int(before[n])))
    columns = {"near_day": "date", "near_stratum": "int", "marker": "int", "after": "int", "before": "int"}
    return study.source.engine.table(columns, rows)
