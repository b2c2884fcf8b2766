"""A second look at a signal: self-controlled case series of the people who had both, on a database.

Sequence symmetry compares the two orders among people; a case series compares each person's time after the start of a
medicine with the same person's time before it, adjusted for age and season. Both leave out what does not change in a
life, but they err in different ways, so that a signal that both find is stronger than either.

    observed, after the observation that a start needs before it
    |------------------------------------------------------------------------|
         reference          | 30 |s|        window        |      later
                            before  the days of the window after the start
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from soleus.population.sequences.first_events import both_started
from soleus.population.sequences.study import EPOCH, Study
from soleus.statistics.self_controlled import Case, CaseSeries, CaseSeriesDesign, Window, case_series
from soleus.statistics.special import normal_quantile, normal_two_sided

#: Days before a start that count by themselves: what leads to the medicine may lead to the marker.
BEFORE_DAYS = 30
#: Parts of the calendar year, and groups of age: so many that each has about as many events as this, at most as many as
#: that. Narrower groups can end up with all their events or none, and then there is no largest likelihood.
SEASONS = 4
EVENTS_A_GROUP = 40
MOST_GROUPS = 12
#: Fewer cases give no estimate that is worth its name.
LEAST_CASES = 10
_EVER = 100_000  # days: to the end of observation, however long


@dataclass(frozen=True)
class SecondLook:
    """Rate of starts of the marker in the window after the start of the index, against the time before; NaN: ``why``.

    ``cases``: people with both; ``events``: those whose marker falls in the window.
    """

    index: str
    marker: str
    cases: int
    events: int
    ratio: float
    low: float
    high: float
    log_ratio: float
    se: float
    p: float
    why: str = ""


def look_again(study: Study, index: tuple[int, str], marker: tuple[int, str], level: float = 0.95) -> SecondLook:
    """The case series of one pair; ``index`` and ``marker``: number in the study and name.

    Rows of the people with both are read, one a person; none of them leaves this function.
    """
    one = replace(study, index={0: study.index[index[0]]}, marker={0: study.marker[marker[0]]})
    cases = _cases(one)
    hi = one.settings.window[1]
    if len(cases) < LEAST_CASES or not math.isfinite(hi):
        why = "The window has no end." if not math.isfinite(hi) else f"Fewer than {LEAST_CASES} people had both."
        return _nothing(index[1], marker[1], len(cases), why)
    found = case_series(cases, _design(int(hi), cases), level)
    return _told(found, index[1], marker[1], level)


def _design(window_days: int, cases: Sequence[Case]) -> CaseSeriesDesign:
    return CaseSeriesDesign(
        (
            Window("before", -BEFORE_DAYS, -1, "start"),
            Window("start", 0, 0, "start"),
            Window("window", 1, window_days, "start"),
            Window("later", window_days + 1, _EVER, "start"),
        ),
        _age_groups(cases),
        SEASONS,
    )


def _age_groups(cases: Sequence[Case]) -> tuple[int, ...]:
    """Ages in days at which a new group begins: quantiles of the ages at the events."""
    ages = np.array([event - case.birth for case in cases for event in case.events])
    number = min(MOST_GROUPS, max(1, ages.size // EVENTS_A_GROUP))
    return tuple(sorted({int(age) for age in np.quantile(ages, np.arange(1, number) / number)}))


def _cases(study: Study) -> list[Case]:
    table = both_started(study)
    found = study.source.engine.arrow(table)
    columns = {name: _days(found.column(name)) for name in ("seen_start", "seen_end", "index_start", "marker_start")}
    born = found.column("birth_date").to_pylist()
    wait = study.settings.prior_observation
    rows = zip(*(c.tolist() for c in columns.values()), born, strict=True)
    known = sorted(row for row in rows if row[-1] is not None)  # in order: sums do not depend on the engine's
    return [
        Case(start + wait, end, (event,), ((exposed, exposed),), _number(birth))
        for start, end, exposed, event, birth in known
    ]


def _days(column: Any) -> Any:
    return column.to_numpy().astype("datetime64[D]").astype(np.int64)


def _number(day: datetime.date) -> int:
    return (day - EPOCH).days


def _told(found: CaseSeries, index: str, marker: str, level: float) -> SecondLook:
    at = found.names.index("window")
    log_ratio, se = float(found.log_ratio[at]), float(found.se[at])
    events = int(found.events[at])
    if not found.converged or not math.isfinite(log_ratio) or not math.isfinite(se):
        return replace(_nothing(index, marker, found.cases, "The likelihood has no largest value."), events=events)
    half = normal_quantile((1 + level) / 2) * se
    low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
    p = float(normal_two_sided(log_ratio / se))
    return SecondLook(index, marker, found.cases, events, math.exp(log_ratio), low, high, log_ratio, se, p)


def _nothing(index: str, marker: str, cases: int, why: str) -> SecondLook:
    none = math.nan
    return SecondLook(index, marker, cases, 0, none, none, none, none, none, none, why)
