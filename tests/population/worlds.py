"""Made-up databases with everything that goes wrong in real ones, for Hypothesis."""

from __future__ import annotations

import datetime

from hypothesis import strategies as st

from soleus.population.judges.plain import Database, Exposure, Happening, Person, Result

FIRST = datetime.date(2009, 11, 1)
PEOPLE = st.sampled_from([1, 1, 1, 2, 2, 3])
CONCEPTS = st.sampled_from([1, 1, 1, 2, 2, 3, 0, 99])
#: Few days, so that events meet; a few of them far away or not known.
DAYS = st.integers(0, 500).map(lambda n: FIRST + datetime.timedelta(days=n))
NEAR = st.integers(0, 12).map(lambda n: FIRST + datetime.timedelta(days=n))
SOME_DAY = st.one_of(NEAR, NEAR, NEAR, DAYS, st.none(), st.just(datetime.date(1987, 2, 28)))
BIRTHS = st.one_of(
    st.none(), st.sampled_from([datetime.date(1960, 2, 29), datetime.date(1990, 7, 1), datetime.date(2010, 1, 15)])
)
SETS = {"cramp": [1], "quinine": [2, 3], "nothing": [], "unknown": [77]}


def databases() -> st.SearchStrategy[Database]:
    """Gaps, same-day events, overlapping and missing periods, duplicates, death before exposure, missing dates."""

    def rows(row: type, *parts: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
        one = st.tuples(*parts).map(lambda values: row(*values) if row is not tuple else values)
        return st.lists(one, max_size=8).flatmap(
            lambda found: (
                st.lists(st.sampled_from(found), max_size=2).map(lambda again: found + again)
                if found
                else st.just(found)
            )
        )

    return st.builds(
        Database,
        person=rows(Person, PEOPLE, BIRTHS, st.sampled_from(["male", "female", None])),
        period=rows(tuple, PEOPLE, st.one_of(NEAR, NEAR, DAYS, st.none()), st.one_of(DAYS, NEAR, DAYS, st.none())),
        exposure=rows(Exposure, PEOPLE, CONCEPTS, SOME_DAY, SOME_DAY),
        event=rows(Happening, PEOPLE, CONCEPTS, SOME_DAY),
        result=rows(Result, PEOPLE, CONCEPTS, SOME_DAY, st.one_of(st.none(), st.floats(-5, 500)),
                    st.sampled_from(["mmol/L", "mg/dL", None])),
        death=rows(tuple, PEOPLE, st.one_of(DAYS, st.none())),
    )  # fmt: skip
