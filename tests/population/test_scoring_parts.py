"""The parts of scoring: patterns, ranges of people, kinds of medicines, bins of numbers, and hidden cells."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Medicine as Given
from soleus.knowledge.schema.medicines import Medicine
from soleus.population.databases.engine import open_engine
from soleus.population.judges.plain import Database
from soleus.population.scoring.atoms import DAY, Reader, kinds_of, state_of
from soleus.population.scoring.bitmaps import ranges_of
from soleus.population.scoring.everyone import GROUPS, Sums
from soleus.population.scoring.judging import ages_of
from soleus.population.scoring.patterns import People, distinct
from soleus.population.scoring.tables import tables_of
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.medicines import medicine_index

WORDS = st.lists(st.tuples(*[st.sampled_from([0, 1, 3, 1 << 40, 1 << 62])] * 3), min_size=1, max_size=40)
TODAY: datetime.date | None = datetime.date(2020, 1, 1)


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return shipped_compiled()


@given(rows=WORDS)
def test_patterns_are_numbered_by_what_they_are(rows: list[tuple[int, ...]]) -> None:
    columns = list(np.array(rows, np.int64).T)
    which, first = distinct(columns)
    assert len(first) == len(set(rows))
    assert all(rows[first[n]] == row for n, row in zip(which.tolist(), rows, strict=True))


@given(rows=WORDS, cells=st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_one_stands_for_all_who_are_alike_and_for_nobody_else(rows: list[tuple[int, ...]], cells: list[int]) -> None:
    n = len(rows)
    people = People(np.array(rows, np.int64).T, np.array(cells[:n]), np.zeros(n, np.int64))
    one, which = people.alike()
    keys = [(*row, cell) for row, cell in zip(rows, cells, strict=False)]
    assert len(one) == len(set(keys))
    assert [(*one.words[:, k].tolist(), int(one.cell[k])) for k in which.tolist()] == keys


def test_people_whose_mixtures_collide_are_all_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soleus.population.scoring.patterns._mixed", lambda words: words * 0)
    people = People(np.array([[1, 2, 1]]), np.zeros(3, np.int64), np.zeros(3, np.int64))
    one, which = people.alike()
    assert one is people
    assert which.tolist() == [0, 1, 2]


@given(
    ids=st.lists(st.one_of(st.integers(1, 300), st.integers(0, 2**62), st.integers(-50, 0)), min_size=1, max_size=60),
    most=st.integers(1, 20),
)
@settings(deadline=None, max_examples=30)
def test_ranges_hold_everybody_once_and_are_in_order(ids: list[int], most: int) -> None:
    period = [(p, TODAY, TODAY) for p in ids]
    ranges = ranges_of(Database(period=period).on(open_engine("duckdb")), most)
    ends = [end for ids in ranges for end in ids]
    assert ends == sorted(ends)
    assert all(sum(low <= p <= high for low, high in ranges) == 1 for p in ids)


def test_ranges_are_small_where_ids_are_apart() -> None:
    ids = [*range(1, 1001), 2**61]  # one far away: the first count cannot tell the others apart
    period = [(p, TODAY, TODAY) for p in ids]
    ranges = ranges_of(Database(period=period).on(open_engine("duckdb")), 100)
    assert max(sum(low <= p <= high for p in ids) for low, high in ranges) <= 200


def test_medicines_of_a_kind_make_the_same_difference(compiled: Compiled) -> None:
    index, kinds = medicine_index(compiled.knowledge), kinds_of(compiled)

    def said(name: str, stopped: str | None = None) -> tuple[object, object]:
        seen = index.recognise(Given(name=name, stopped=stopped), DAY, None, "medicine")
        return seen.contributors, seen.after_stopping

    for m in compiled.knowledge.all(Medicine):
        assert said(m.id) == said(kinds.takes.get(m.id, "-")) or not index.contributors(m)
        if m.id in kinds.stopped:
            name, days = kinds.stopped[m.id]
            last = datetime.date.fromisoformat(DAY) - datetime.timedelta(days=days)
            before = last - datetime.timedelta(days=1)
            assert said(m.id, last.isoformat()) == said(name, last.isoformat())
            assert said(m.id, last.isoformat())[1]
            assert not said(m.id, before.isoformat())[1]


def test_a_bin_holds_the_number_that_stands_for_it_and_is_of_one_state(compiled: Compiled) -> None:
    reader = Reader(compiled)
    assert len(reader.bins) > 20
    for name, bins in reader.bins.items():
        edges = [-math.inf, *bins.cuts, math.inf]
        assert all(a <= at < b for a, at, b in zip(edges[:-1], bins.at, edges[1:], strict=True)), name
        finding = compiled.findings[name]
        assert all(
            state_of(finding, max(low, at)) == state_of(finding, at) for low, at in zip(edges, bins.at, strict=False)
        )


def test_ages_are_parted_where_a_rate_or_a_rule_changes(compiled: Compiled) -> None:
    ages = ages_of(compiled)
    days = np.arange(0, 44_000, 61)
    cells = ages.cell(days, np.ones(len(days), np.bool_))
    for day, cell in zip(days.tolist(), cells.tolist(), strict=True):
        stands = ages.persons.ages[cell]
        for sex in ("female", None):
            if day / 365.25 <= 120:
                assert compiled.context(day / 365.25, sex, "primary_care") is compiled.context(
                    stands, sex, "primary_care"
                )
            else:
                assert stands is None


def test_an_age_that_cannot_be_is_not_known(compiled: Compiled) -> None:
    ages = ages_of(compiled)
    cells = ages.cell(np.array([-1, 0, 50_000, 7_000]), np.array([True, True, True, False]))
    assert [ages.persons.ages[c] is None for c in cells.tolist()] == [True, False, True, True]


# -------------------------------------------------------------------------------------------- cells


def sums(people: dict[int, int], first: dict[tuple[int, int], int]) -> Sums:
    """Sums of groups and explanations by number; every person has a probability of 1 for their first."""
    names = tuple(sorted(shipped_compiled().explanations))
    out = Sums(names, ("hypokalaemia_severe",), *(np.zeros((len(GROUPS), n)) for n in (1, len(names), len(names), 1)))
    for g, n in people.items():
        out.people[g] = n
    for (g, s), n in first.items():
        out.first[g, s] = out.total[g, s] = n
    return out


def test_a_small_group_is_hidden_with_another_and_nothing_is_told_of_it(compiled: Compiled) -> None:
    tables = tables_of(sums({0: 3, 1: 20, 2: 40}, {(0, 0): 3, (1, 0): 20, (2, 1): 40}), compiled)
    assert [row["people"] for row in tables["groups"]] == [None, None, 40]
    told = {(row["sex"], row["age"]) for row in tables["by_group"] if row["mean_probability"] is not None}
    assert told == {GROUPS[2][1:]}
    assert tables["complaints"] == [{"complaint": True, "people": 63}]


def test_a_complaint_of_few_is_hidden_and_so_is_the_rest_of_everybody(compiled: Compiled) -> None:
    half = len(GROUPS) // 2
    tables = tables_of(sums({0: 4, half: 200}, {(0, 0): 4, (half, 1): 200}), compiled)
    assert [row["people"] for row in tables["complaints"]] == [None, None]
    assert all(row["first"] is None and row["mean_probability"] is None for row in tables["explanations"])


def test_explanations_come_by_their_mean_probability(compiled: Compiled) -> None:
    rows = tables_of(sums({0: 30}, {(0, 2): 20, (0, 5): 10}), compiled)["explanations"]
    assert [(row["first"], round(row["mean_probability"], 3)) for row in rows[:3]] == [(20, 0.667), (10, 0.333), (0, 0)]


PLACES = st.tuples(st.sampled_from([0, 1, 2, 18, 19]), st.integers(0, 3))  # a group and an explanation
CELLS = st.dictionaries(PLACES, st.integers(1, 12), min_size=1, max_size=12)


@given(first=CELLS)
@settings(deadline=None, max_examples=40)
def test_no_small_count_is_told_or_follows_from_the_rest_of_its_line(first: dict[tuple[int, int], int]) -> None:
    people: dict[int, int] = {}
    for (g, _), n in first.items():
        people[g] = people.get(g, 0) + n
    tables = tables_of(sums(people, first), shipped_compiled())
    counts = [row[c] for rows in tables.values() for row in rows for c in ("people", "first") if c in row]
    assert not any(n in (1, 2, 3, 4) for n in counts)
    for of, name, parts, part, keys in (
        ("complaints", "people", "groups", "people", ("complaint",)),
        ("groups", "people", "by_group", "first", ("complaint", "sex", "age")),
        ("complaints", "people", "explanations", "first", ("complaint",)),
        ("explanations", "first", "by_group", "first", ("complaint", "explanation")),
    ):
        for row in tables[of]:
            line = [r[part] for r in tables[parts] if all(r[k] == row[k] for k in keys)]
            if row[name] is not None and line.count(None) == 1:
                assert row[name] - sum(n or 0 for n in line) not in (1, 2, 3, 4)


@given(first=CELLS)
@settings(deadline=None, max_examples=20)
def test_nothing_is_told_of_a_group_whose_size_is_hidden(first: dict[tuple[int, int], int]) -> None:
    people: dict[int, int] = {}
    for (g, _), n in first.items():
        people[g] = people.get(g, 0) + n
    tables = tables_of(sums(people, first), shipped_compiled())
    closed = {tuple(row.values())[:3] for row in tables["groups"] if row["people"] is None}
    for row in tables["by_group"]:
        if (row["complaint"], row["sex"], row["age"]) in closed:
            assert row["first"] is None
            assert row["mean_probability"] is None
