"""A simulated population is what the knowledge says, the same for the same seed, and read like any other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from soleus.errors import InvalidValue, UnknownName
from soleus.knowledge.loader import shipped
from soleus.knowledge.schema.core import Contributor
from soleus.knowledge.schema.medicines import Fact
from soleus.population.databases.source import Source, open_source
from soleus.population.made_up import people as simulation
from soleus.population.made_up.files import Form, write_population
from soleus.population.made_up.people import Plan, chunks, draw, plan_of, shipped_world, world_of
from soleus.population.results.manifest import Manifest


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(shipped())


def written(plan: Plan, out: Path, people: int, form: Form = "omop", seed: int = 3) -> Path:
    write_population(plan, out, people, seed, form, Manifest(out, {"seed": seed}), lambda _: None)
    return out


def rows(source: Source, name: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in source.engine.rows(source.tables[name]))


def test_the_same_seed_draws_the_same_people_and_another_others(plan: Plan) -> None:
    one, same, other = (draw(plan, seed, 0, 500) for seed in (3, 3, 4))
    assert all(np.array_equal(one[t][c], same[t][c]) for t in one for c in one[t])
    assert not np.array_equal(one["person"]["birth_date"], other["person"]["birth_date"])


def test_a_population_is_drawn_in_chunks_of_its_own_people(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "CHUNK", 100)
    assert chunks(250) == [(0, 100), (1, 100), (2, 50)]
    ids = [set(draw(plan, 3, chunk, size)["person"]["person_id"]) for chunk, size in chunks(250)]
    assert set.union(*ids) == set(range(1, 251))


def test_records_lie_within_observation_and_nobody_acts_after_death(plan: Plan) -> None:
    made = draw(plan, 3, 0, 5000)
    start, end = (dict(zip(made["period"]["person_id"], made["period"][c], strict=True)) for c in ("start", "end"))
    for table, column in (("exposure", "start"), ("exposure", "end"), ("event", "date")):
        people, days = made[table]["person_id"], made[table][column]
        assert all(start[p] <= d <= end[p] for p, d in zip(people, days, strict=True))
    assert all(end[p] == d for p, d in zip(made["death"]["person_id"], made["death"]["date"], strict=True))
    assert (made["exposure"]["end"] >= made["exposure"]["start"]).all()


def test_the_published_ratios_are_planted(plan: Plan) -> None:
    ratios = {g.id: g.ratio for g in plan.groups if g.ratio != 1}
    facts = shipped().by_id(Fact)
    assert ratios["diuretic_potassium_sparing"] == facts["g12-ksp"].value
    assert ratios["laba_or_high_beta_agonist"] == facts["g12-laba"].value
    assert len(ratios) == 5
    assert {g.id for g in plan.groups} >= {"beta_blocker_no_isa", "lama"}


def test_a_group_that_is_not_known_cannot_be_planted() -> None:
    with pytest.raises(UnknownName, match="statin"):
        plan_of(shipped(), ratios={"statins": 2.0})


def test_medicines_are_as_common_as_the_knowledge_says(plan: Plan) -> None:
    """Users of a statin among women of 65 and more, who stay to be seen: within four standard errors."""
    made = draw(plan, 3, 0, simulation.CHUNK)
    person, period = made["person"], made["period"]
    age = ((period["start"] + period["end"]) / 2 - person["birth_date"]) / 365.25
    old = (age >= 65) & (person["sex"] == "female")
    share = shipped().by_id(Contributor)["heart_failure"]
    concept = next(n for n, code, _ in plan.vocabulary if (code.system, code.code) == _code_of(share))
    have = np.unique(made["event"]["person_id"][made["event"]["concept"] == concept])
    p = share.prevalence["female_65_plus"] * share.recorded_sensitivity
    n = int(old.sum())
    found = np.isin(person["person_id"][old], have).sum()
    assert abs(found - n * p) < 4 * (n * p * (1 - p)) ** 0.5


def _code_of(contributor: Contributor) -> tuple[str, str]:
    code = next(c for c in contributor.codes if c.system in ("snomed", "icd10cm") and "-" not in c.code)
    return code.system, code.code


def test_a_planted_start_is_followed_by_more_complaints_than_it_follows() -> None:
    """With a ratio of 20, complaints in the year after a first start against the year before."""
    world = shipped_world(complaint_factor=10, controls={}, entering_later=0)
    plan = plan_of(shipped(), world, {"statin": 20.0})
    rng = np.random.default_rng(1)
    n = 40_000
    day = np.full(n, simulation.day_number(world.first_day))
    who = simulation.People(np.arange(n), np.ones(n, bool), day - 70 * 365, day, day + 3000, np.full(n, -1))
    users = np.arange(n)
    starts = {g.id: (users[:0], users[:0]) for g in plan.groups} | {"statin": (users, day + 1500)}
    at, days = simulation._complaints(plan, rng, who, np.full(n, 0.002), starts)
    since = days - (day[at] + 1500)
    after, before = ((since > 0) & (since <= 365)).sum(), ((since < 0) & (since >= -365)).sum()
    assert 15 < after / before < 26


def test_a_ratio_below_one_makes_fewer() -> None:
    world = shipped_world(controls={})
    plan = plan_of(shipped(), world, {"statin": 0.1})
    n, day = 40_000, simulation.day_number(world.first_day)
    days = np.full(n, day)
    who = simulation.People(np.arange(n), np.ones(n, bool), days - 70 * 365, days, days + 3000, np.full(n, -1))
    starts = {g.id: (np.arange(0), np.arange(0)) for g in plan.groups} | {"statin": (np.arange(n), days + 1500)}
    _, found = simulation._complaints(plan, np.random.default_rng(1), who, np.full(n, 0.05), starts)
    since = found - (day + 1500)
    assert ((since > 0) & (since <= 365)).sum() < 0.2 * ((since < 0) & (since >= -365)).sum()


def test_a_world_with_an_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidValue, match="gravity"):
        shipped_world(gravity=9.81)
    with pytest.raises(InvalidValue):
        world_of({})


def test_omop_and_fhir_tell_of_the_same_people(plan: Plan, tmp_path: Path) -> None:
    pytest.importorskip("ibis")
    omop = open_source(written(plan, tmp_path / "omop", 300))
    fhir = open_source(written(plan, tmp_path / "fhir", 300, "fhir"))
    assert (omop.kind, fhir.kind) == ("omop", "fhir")
    for name in ("person", "period", "exposure", "event", "result", "death"):
        drop = 2 if name in ("exposure", "event", "result") else 1  # ids of people, and of concepts, differ
        shape = [sorted(repr(row[drop:]) for row in rows(source, name)) for source in (omop, fhir)]
        assert shape[0] == shape[1], name


def test_a_broken_run_goes_on_and_gives_the_same_files(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ibis")
    monkeypatch.setattr(simulation, "CHUNK", 100)
    whole = written(plan, tmp_path / "whole", 300)
    written(plan, tmp_path / "part", 200)
    first = (tmp_path / "part/person.parquet/part-00000.parquet").stat().st_mtime_ns
    written(plan, tmp_path / "part", 300)
    assert (tmp_path / "part/person.parquet/part-00000.parquet").stat().st_mtime_ns == first
    assert rows(open_source(whole), "exposure") == rows(open_source(tmp_path / "part"), "exposure")
    parts = json.loads((tmp_path / "part/manifest.json").read_text())["parts"]
    assert sum(part["person"] for part in parts.values()) == 300
