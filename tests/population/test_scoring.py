"""Scoring everyone: for each person what `soleus.assess` says of the same facts, on both engines."""

from __future__ import annotations

import datetime
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus import assess
from soleus.cli import main
from soleus.clinical.case import Case
from soleus.errors import CannotAssess
from soleus.inference.posterior import judge
from soleus.knowledge.schema.safety import RedFlag
from soleus.population.databases.engine import Engine, open_engine
from soleus.population.databases.source import SHAPE, Source, open_source
from soleus.population.judges.plain import Database, Exposure, Happening, Person, Result
from soleus.population.judges.plain_scoring import case_of
from soleus.population.scoring.bitmaps import Ranged, ranges_of
from soleus.population.scoring.everyone import Asked, score_everyone
from soleus.population.scoring.meanings import meanings_of
from soleus.reasoning import red_flags
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import medicine_index

from .scored_worlds import DESCENDS, FIRST, LAST, VOCABULARY, crowd, databases

QUIET = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
DAYS_OF = st.sampled_from([None, None, LAST - datetime.timedelta(days=20)])
WITHIN = 1e-5


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return shipped_compiled()


@cache
def duckdb() -> Engine:
    return open_engine("duckdb")


def expected(case: Case, compiled: Compiled) -> tuple[dict[str, float], set[str], bool]:
    """Probabilities, red flags, and whether a complaint was told: by `assess`, or as if one were brought."""
    try:
        found = assess(case, knowledge=compiled, draws=2).complaints[0]
        return {e.id: e.probability for e in found.explanations}, {f.id for f in found.red_flags}, True
    except CannotAssess:
        seen = take_in(case, compiled, medicine_index(compiled.knowledge), empty=True)[0]
        p = judge(compiled.network, seen.context, seen.evidence).probability
        flags = red_flags.fired(compiled.knowledge.all(RedFlag), PresentationFacts(seen))
        return dict(zip(compiled.network.explanations, p.tolist(), strict=True)), {f.flag.id for f in flags}, False


def scored(source: Source, compiled: Compiled, tmp_path: Path, asked: Asked) -> dict[int, dict[str, object]]:
    out = tmp_path / "people.parquet"
    score_everyone(source, compiled, asked, people=out)
    return {row["person_id"]: row for row in pq.read_table(out).to_pylist()}


def agree(engine: Engine, database: Database, compiled: Compiled, tmp_path: Path, as_of: datetime.date | None) -> None:
    source = database.on(engine)
    meanings = meanings_of(source, compiled)
    cases = {p: case_of(database, p, meanings, compiled, as_of) for p in {p for p, *_ in database.period}}
    told = {p: case for p, case in cases.items() if case is not None}
    if not told:
        with pytest.raises(CannotAssess):
            score_everyone(source, compiled, Asked(as_of))
        return
    rows = scored(source, compiled, tmp_path, Asked(as_of))
    assert rows.keys() == told.keys()
    for person, case in told.items():
        same(rows[person], case, compiled)


def same(row: dict[str, object], case: Case, compiled: Compiled) -> None:
    probability, flags, complaint = expected(case, compiled)
    worst = max(abs(float(str(row[s])) - p) for s, p in probability.items())
    assert worst <= WITHIN, case
    assert set(str(row["red_flags"]).split(";")) - {""} == flags
    assert row["complaint"] is complaint
    assert str(row["day"]) == case.as_of


@given(database=databases(), as_of=DAYS_OF)
@QUIET
def test_everybody_is_judged_as_one_case_of_the_same_facts(
    database: Database, as_of: datetime.date | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    agree(duckdb(), database, shipped_compiled(), tmp_path_factory.mktemp("duckdb"), as_of)


@pytest.mark.parametrize("as_of", [None, LAST - datetime.timedelta(days=20)])
def test_many_people_are_judged_as_one_case_each(
    as_of: datetime.date | None, compiled: Compiled, tmp_path: Path
) -> None:
    agree(duckdb(), crowd(40, 3), compiled, tmp_path, as_of)


def test_spark_judges_everybody_the_same(spark: Engine, compiled: Compiled, tmp_path: Path) -> None:
    database = crowd(40, 4)
    one, other = (database.on(engine) for engine in (duckdb(), spark))
    assert meanings_of(one, compiled) == meanings_of(other, compiled)
    assert ranges_of(one, 7) == ranges_of(other, 7)
    assert scored(one, compiled, tmp_path, Asked()) == scored(other, compiled, tmp_path, Asked())


# -------------------------------------------------------------------------------------- whole databases


def facts_of(source: Source, people: list[int]) -> Database:
    """The records of a few people of a database, as lists."""
    made: dict[str, Any] = {}
    for name, kind in (("person", Person), ("exposure", Exposure), ("event", Happening), ("result", Result)):
        made[name] = [kind(*row) for row in records(source, name, people)]
    return Database(**made, period=records(source, "period", people), death=records(source, "death", people))


def records(source: Source, name: str, people: list[int]) -> list[Any]:
    t = source.tables[name]
    rows = source.engine.rows(t.filter(t.person_id.isin(people)).select(*SHAPE[name]))
    return [tuple(row.values()) for row in rows]


def people_at_random_agree(source: Source, compiled: Compiled, tmp_path: Path, many: int) -> set[bool]:
    """A few people judged one by one; whether a complaint was told of them."""
    rows = scored(source, compiled, tmp_path, Asked())
    meanings = meanings_of(source, compiled)
    told = [p for p, row in rows.items() if row["complaint"]]
    rng = np.random.default_rng(5)
    chosen = [*rng.choice(sorted(rows), many, replace=False).tolist(), *sorted(told)[:many]]
    facts = facts_of(source, chosen)
    for person in chosen:
        case = case_of(facts, person, meanings, compiled)
        assert case is not None
        same(rows[person], case, compiled)
    return {bool(rows[p]["complaint"]) for p in chosen}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 simulated people."""
    from soleus.knowledge.loader import shipped
    from soleus.population.made_up.files import write_population
    from soleus.population.made_up.people import plan_of
    from soleus.population.results.manifest import Manifest

    out = tmp_path_factory.mktemp("world")
    write_population(plan_of(shipped()), out, 3_000, 11, "omop", Manifest(out, {}), lambda _: None)
    return out


def test_people_of_a_simulated_database_are_judged_as_one_case_each(
    world: Path, compiled: Compiled, tmp_path: Path
) -> None:
    assert people_at_random_agree(open_source(world), compiled, tmp_path, 12) == {True, False}


def test_people_of_a_real_shape_are_judged_as_one_case_each(
    test_data: Path, compiled: Compiled, tmp_path: Path
) -> None:
    people_at_random_agree(open_source(test_data / "data" / "omop_gibleed"), compiled, tmp_path, 15)


def test_ranges_of_any_size_add_up_to_the_same(world: Path, compiled: Compiled) -> None:
    source = open_source(world)
    whole, parts = (score_everyone(source, compiled, Asked(at_once=n)).sums for n in (10_000, 700))
    assert whole.people.sum() == 3_000
    for name in ("people", "first", "flagged"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    assert np.allclose(whole.total, parts.total, atol=1e-3)
    assert np.isclose(whole.total.sum(), 3_000, atol=0.01)


def test_a_broken_off_run_goes_on_where_it_stopped(
    world: Path, compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder, asked = open_source(world), tmp_path / "parts", Asked(at_once=700)
    ask, ranges = Ranged.arrow, list[tuple[int, int]]()

    def asked_for(own: Ranged, ids: tuple[int, int]) -> Any:
        ranges.append(ids)
        return ask(own, ids)

    monkeypatch.setattr(Ranged, "arrow", asked_for)

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_everyone(source, compiled, asked, folder=folder, progress=stop)
    before = list(ranges)
    found = score_everyone(source, compiled, asked, folder=folder)
    assert len(before) == 3  # the third was on its way
    assert set(before[:2]).isdisjoint(ranges[3:])
    assert found.sums.people.sum() == 3_000
    assert not folder.exists()


def test_another_day_does_not_take_what_a_broken_off_run_did(world: Path, compiled: Compiled, tmp_path: Path) -> None:
    source, folder = open_source(world), tmp_path / "parts"

    def stop(_: int, __: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_everyone(source, compiled, Asked(at_once=700), folder=folder, progress=stop)
    day = datetime.date(2010, 6, 1)
    found = score_everyone(source, compiled, Asked(day, at_once=700), folder=folder).sums
    assert np.array_equal(found.people, score_everyone(source, compiled, Asked(day)).sums.people)


def test_on_a_day_those_who_are_observed_then_are_judged(compiled: Compiled, tmp_path: Path) -> None:
    day = FIRST + datetime.timedelta(days=10)
    period = [(1, FIRST, day), (2, day, LAST), (3, FIRST, FIRST), (4, LAST, LAST)]
    rows = scored(made(period=period).on(duckdb()), compiled, tmp_path, Asked(day))
    assert {p: row["day"] for p, row in rows.items()} == {1: day, 2: day}


def made(**tables: Any) -> Database:
    """A database with the vocabulary; whoever has a period is known."""
    tables.setdefault("person", [Person(p, None, None) for p, *_ in tables["period"]])
    return Database(concept=[(c, *told) for c, told in VOCABULARY.items()], descends=DESCENDS, **tables)


def test_a_period_of_nobody_is_not_judged(compiled: Compiled, tmp_path: Path) -> None:
    database = made(period=[(1, FIRST, LAST), (2, FIRST, LAST)], person=[Person(1, None, None)])
    assert set(scored(database.on(duckdb()), compiled, tmp_path, Asked())) == {1}


def test_a_value_without_a_known_unit_says_nothing_and_is_told(compiled: Compiled) -> None:
    period = [(1, FIRST, LAST)]
    low = made(period=period, result=[Result(1, 40, LAST, 1.9, None), Result(1, 40, LAST, 1.9, "furlong")])
    found = score_everyone(low.on(duckdb()), compiled, Asked())
    nothing = score_everyone(made(period=period).on(duckdb()), compiled, Asked())
    assert set(found.unread) == {(40, None), (40, "furlong")}
    assert np.allclose(found.sums.total, nothing.sums.total)
    assert found.sums.flagged.sum() == 0


def test_a_value_that_is_dangerous_raises_its_red_flag(compiled: Compiled) -> None:
    database = made(period=[(1, FIRST, LAST)], result=[Result(1, 40, LAST, 1.9, "mmol/L")])
    sums = score_everyone(database.on(duckdb()), compiled, Asked()).sums
    raised = {f for f, n in zip(sums.flags, sums.flagged.sum(axis=0), strict=True) if n}
    assert raised == {"hypokalaemia_severe"}


def test_people_who_are_alike_are_judged_once(compiled: Compiled) -> None:
    database = made(
        period=[(p, FIRST, LAST) for p in range(1, 41)],
        event=[Happening(p, 11 if p % 2 else 1, LAST) for p in range(1, 41)],
    )
    found = score_everyone(database.on(duckdb()), compiled, Asked())
    assert found.patterns == 2
    assert found.sums.people.sum() == 40


def command(*args: str) -> object:
    """The exit code of `soleus population`."""
    with pytest.raises(SystemExit) as end:
        main(["population", *args])
    return end.value.code


def test_the_command_tells_of_groups_and_writes_no_row_of_a_person(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert command("score", str(world), "--out", str(out)) == 0
    told = capsys.readouterr().out
    assert "3,000 people judged" in told
    assert "not how common these conditions are." in told
    assert "No human has reviewed these results." in told
    assert {p.name for p in out.iterdir()} == {
        "manifest.json",
        *(
            f"{n}.{e}"
            for n in ("by_group", "complaints", "explanations", "groups", "red_flags")
            for e in ("json", "parquet")
        ),
    }
    assert all("person_id" not in pq.read_schema(p).names for p in out.glob("*.parquet"))
    groups = json.loads((out / "groups.json").read_text(encoding="utf-8"))
    assert not any(row["people"] in (1, 2, 3, 4) for row in groups)


def test_the_command_writes_a_row_a_person_where_a_file_is_named(
    world: Path, compiled: Compiled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "people.parquet"
    args = ["--people", str(people), "--format", "json", "--as-of", "2010-06-01"]
    assert command("score", str(world), *args) == 0
    told, rows = json.loads(capsys.readouterr().out), pq.read_table(people)
    assert rows.num_rows == told["people"] < 3_000
    assert {"person_id", "day", "complaint", "first", "red_flags", *compiled.explanations} == set(rows.column_names)
    assert list(tmp_path.iterdir()) == [people]


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--as-of", "yesterday"], "a date such as"),
        (["--people", "people.csv"], "ends in .parquet"),
        (["--setting", "at_sea"], "primary_care"),
        (["--as-of", "1850-01-01"], "people who are observed"),
    ],
)
def test_the_command_says_what_is_wrong(
    args: list[str], word: str, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("score", str(world), *args) in (2, 3, 5)
    assert word in capsys.readouterr().err


def test_a_database_of_which_nobody_is_observed_is_an_error(compiled: Compiled) -> None:
    with pytest.raises(CannotAssess, match="nobody"):
        score_everyone(Database().on(duckdb()), compiled, Asked())
