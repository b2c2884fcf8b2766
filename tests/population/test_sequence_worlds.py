"""Worlds with planted sequence ratios: what is drawn is what was asked for, and a database of it counts the same."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from soleus.errors import InvalidValue, UnknownName
from soleus.knowledge.loader import shipped
from soleus.knowledge.schema.medicines import Fact
from soleus.population.databases.engine import Engine, Table, open_engine
from soleus.population.databases.source import Source, read_plain
from soleus.population.made_up.people import day_number
from soleus.population.made_up.sequence_worlds import (
    MARKER_CONCEPT,
    History,
    SequenceWorld,
    concepts,
    counted,
    draw,
    recover,
    sequence_world,
    tables,
)
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.first_events import count_pairs
from soleus.population.sequences.null_sums import null_sums
from soleus.population.sequences.study import EXPOSURES, Rules, Study, study_of


@cache
def small() -> SequenceWorld:
    return sequence_world(shipped(), people=12_000)


@cache
def history() -> History:
    return draw(small(), 5)


def test_the_ratios_are_those_of_the_knowledge_base() -> None:
    world, facts = small(), shipped().by_id(Fact)
    planted = dict(zip(world.names, world.ratios, strict=True))
    assert planted.pop("control") == 1
    assert planted == {name: facts[name].value for name in planted}
    assert set(small().without_effect().ratios) == {1.0}


def test_the_same_seed_gives_the_same_population_and_another_another() -> None:
    assert np.array_equal(draw(small(), 5).marker, history().marker)
    assert not np.array_equal(draw(small(), 6).marker, history().marker)


def test_nobody_begins_anything_before_or_after_they_are_observed() -> None:
    h = history()
    for days in (*h.first, h.marker):
        seen = days >= 0
        assert seen.any()
        assert (days[seen] >= h.who.start[seen]).all()
        assert (days[seen] <= h.who.end[seen]).all()
    assert (h.who.end[h.who.died >= 0] == h.who.died[h.who.died >= 0]).all()


def test_a_treatment_that_runs_on_is_first_recorded_soon_after_observation_begins() -> None:
    h, fill = history(), small().world.fill_days
    before = (h.first >= 0) & (h.begun < h.who.start)
    assert before.sum() > 100
    assert ((h.first - h.who.start)[before] < fill).all()
    assert ((h.first - h.begun)[(h.first >= 0) & ~before] == 0).all()


def test_the_marker_swings_with_the_season_as_the_knowledge_says() -> None:
    world = sequence_world(shipped(), people=60_000)
    days = np.concatenate([draw(world.without_effect(), seed).marker for seed in range(3)])
    days = days[days >= 0]
    phase = 2 * np.pi * (days - world.told.peak_day) / 365.25
    # Of a wave 1 + swing * cos, the mean of the cosine is half of the swing.
    assert 2 * np.cos(phase).mean() == pytest.approx(world.swing, abs=0.04)
    assert abs(np.sin(phase).mean()) < 0.04


def test_a_large_planted_ratio_is_found_and_nothing_is_found_where_nothing_is() -> None:
    world = sequence_world(shipped(), people=60_000)
    found = [recover(w, 3).adjusted[:, 0] for w in (world, world.without_effect())]
    strong = np.array(world.ratios) > 2
    assert (found[0][strong] > 1.5).all()
    assert (np.abs(np.log(found[1])) < 0.6).all()


def test_a_setting_that_is_none_and_a_fact_that_is_none_are_refused() -> None:
    with pytest.raises(InvalidValue):
        sequence_world(shipped(), peeple=3)
    with pytest.raises(UnknownName):
        sequence_world(shipped(), season="no-such-fact")


# -------------------------------------------------------------------------------------------- as a database


def study(engine: Engine) -> Study:
    world, h = small(), history()
    day = np.datetime64(0, "D")
    made: dict[str, Table] = {}
    for name, columns in tables(world, h, 5).items():
        kinds = {c: "date" if c in ("birth_date", "start", "end", "date") else "str" if c == "sex" else "int"
                 for c in columns}  # fmt: skip
        values = [(day + v).tolist() if kinds[c] == "date" else v.tolist() for c, v in columns.items()]
        made[name] = engine.table(kinds, list(zip(*values, strict=True)))
    source: Source = read_plain(engine, {name: lambda t=t: t for name, t in made.items()}, "memory")  # type: ignore[misc]
    told = world.world
    how = SequenceSettings(
        prior_observation=world.told.prior_observation, first_day=told.first_day, last_day=told.last_day
    )
    strata = list(zip(h.who.ids.tolist(), h.stratum.tolist(), strict=True))
    table = engine.table({"person_id": "int", "stratum": "int"}, strata)
    found = study_of(source, concepts(world), {1: (MARKER_CONCEPT,)}, how, Rules(), strata=table,
                     marker_tables=EXPOSURES)  # fmt: skip
    assert found is not None
    return found


def test_the_engine_counts_in_the_tables_what_was_counted_in_memory() -> None:
    asked = study(open_engine("duckdb"))
    a, b, sums = counted(small(), history())
    index = list(asked.index)
    found = count_pairs(asked).table(index, [1])
    assert (a + b).sum() > 50
    assert np.array_equal(found[0], a)
    assert np.array_equal(found[1], b)
    engine_sums = null_sums(asked, small().told.window)
    assert np.array_equal(engine_sums.forward, sums.forward)
    assert np.array_equal(engine_sums.backward, sums.backward)


def test_people_switch_within_a_class_and_the_class_begins_once() -> None:
    made = tables(small(), history(), 5)["exposure"]
    first = made["concept"] // 100 == 1
    of_class: dict[int, set[int]] = {}
    for person, concept in zip(made["person_id"][first].tolist(), made["concept"][first].tolist(), strict=True):
        of_class.setdefault(person, set()).add(concept)
    assert any(len(found) > 1 for found in of_class.values())
    assert len(of_class) == (history().first[0] >= 0).sum()
    assert made["start"].min() >= day_number(small().world.first_day)
