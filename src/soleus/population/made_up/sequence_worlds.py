"""Worlds for sequence symmetry alone: people in whom a ratio is planted, to see whether it is found again.

Far simpler than `soleus.population.made_up.people`, and fast: several hundred populations in a minute. What makes
sequences hard is in it: each medicine has a trend of its own, starts grow with age, the marker has its season, people
come and go and die, treatments run on from before observation began and look like starts, and people switch within a
class.

    lead          observed |---------------------------------------------|  end or death
    treatment    s=====s====s====                                            recorded from the first fill on
    another                      s====s====.....t====t====                   t: another medicine of the class
    marker            m                 m          m                         rate x season x trend x age
    planted                      |<- planted_days ->|                        rate x ratio

Rates of several medicines multiply. Deaths and exits do not depend on what is taken, so that none hides a sequence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from soleus.errors import InvalidValue, UnknownName
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.medicines import Fact
from soleus.population.made_up.people import (
    YEAR,
    Floats,
    Ints,
    People,
    Table,
    World,
    day_number,
    draw_people,
    shipped_world,
)
from soleus.statistics.sequence_symmetry import NullSums, SequenceRatios, null_sums, sequence_ratios

CONTROL = "control"
#: Concepts of the tables: the marker, and three ingredients of each class.
MARKER_CONCEPT = 1
INGREDIENTS = 3


class Course(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often something begins: a person-year at the middle age and time, and its growth (logarithm a year)."""

    rate: float
    trend: float
    ageing: float


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    people: int
    world: dict[str, Any]
    lead_years: float
    middle_age: float
    marker: Course
    medicines: dict[str, Course]
    control: Course
    planted_days: int
    season: str
    peak_day: float
    prior_observation: int
    window: int


@dataclass(frozen=True)
class SequenceWorld:
    """What is drawn. ``ratios`` are planted, in the order of ``courses``; the last of these does nothing.

    ``swing``: of the season, the amplitude of its wave.
    """

    told: _Settings
    world: World
    names: tuple[str, ...]
    courses: tuple[Course, ...]
    ratios: tuple[float, ...]
    swing: float

    def without_effect(self) -> SequenceWorld:
        """The same world in which no medicine does anything."""
        return replace(self, ratios=(1.0,) * len(self.names))


def sequence_world(knowledge: Knowledge, **changes: Any) -> SequenceWorld:
    """The world of `sequence_worlds.yaml`, with changes; ratios and season are those of the knowledge base."""
    tree = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")) | changes
    try:
        told = msgspec.convert(tree, _Settings)
    except msgspec.ValidationError as error:
        raise InvalidValue("sequence world", str(error), "its settings", "Correct the field.") from None
    names = (*told.medicines, CONTROL)
    ratios = (*(_value(knowledge, name) for name in told.medicines), 1.0)
    # The swing from trough to peak is twice the amplitude of the wave.
    swing = _value(knowledge, told.season) / 2
    courses = (*told.medicines.values(), told.control)
    return SequenceWorld(told, shipped_world(**told.world), names, courses, ratios, swing)


def _value(knowledge: Knowledge, fact: str) -> float:
    found = knowledge.by_id(Fact).get(fact)
    if found is None or found.value is None:
        raise UnknownName("sequence world", repr(fact), "a fact of the knowledge base with a figure", "Correct it.")
    return found.value


# --------------------------------------------------------------------------------------------- drawing


@dataclass(frozen=True)
class History:
    """One population. ``first`` (medicines, people) and ``marker`` (people): day of the first record; -1 none.

    ``begun``: the true start of each medicine, recorded or not; infinity for never. ``stratum``: age band and sex.
    """

    who: People
    begun: Floats
    first: Ints
    marker: Ints
    stratum: Ints


def draw(world: SequenceWorld, seed: int) -> History:
    """A population; the same for the same seed."""
    rng = np.random.default_rng(seed)
    who = draw_people(world.world, rng, 1, world.told.people)
    begun = np.stack([_started(world, course, rng, who) for course in world.courses])
    first = np.stack([_recorded(world.world, rng, who, start) for start in begun])
    return History(who, begun, first, _marked(world, rng, who, begun), _strata(who))


def _log_rate(world: SequenceWorld, course: Course, who: People, day: Floats) -> Floats:
    """The logarithm of the rate a day of each person on a day."""
    middle = (day_number(world.world.first_day) + day_number(world.world.last_day)) / 2
    older = (day - who.birth) / YEAR - world.told.middle_age
    grown: Floats = course.trend * (day - middle) / YEAR + course.ageing * older
    return math.log(course.rate / YEAR) + grown


def _started(world: SequenceWorld, course: Course, rng: np.random.Generator, who: People) -> Floats:
    """The first start, from the lead on; the rate grows exponentially, so that its time can be written down."""
    begin = np.asarray(who.start - world.told.lead_years * YEAR, np.float64)
    slope = (course.trend + course.ageing) / YEAR
    spent = rng.exponential(size=len(who.ids)) / np.exp(_log_rate(world, course, who, begin))
    with np.errstate(invalid="ignore", divide="ignore"):
        wait = np.log1p(np.maximum(spent * slope, -1)) / slope if slope else spent
    return np.floor(begin + wait)


def _recorded(world: World, rng: np.random.Generator, who: People, begun: Floats) -> Ints:
    """The day of the first record: the start, or the first fill under observation of a treatment that runs on."""
    length = rng.exponential(world.treatment_years * YEAR, len(begun))
    fills = np.ceil(np.maximum(who.start - begun, 0) / world.fill_days)
    day = begun + fills * world.fill_days
    seen = (day <= who.end) & ((fills == 0) | (day < begun + length))
    return np.where(seen, day, -1).astype(np.int64)


def _marked(world: SequenceWorld, rng: np.random.Generator, who: People, begun: Floats) -> Ints:
    """The first marker under observation: candidates at the highest rate, kept by season and what is taken."""
    course, told = world.told.marker, world.told
    ratios = np.array(world.ratios)
    most = (1 + world.swing) * np.prod(np.where(begun <= who.end, np.maximum(ratios, 1)[:, None], 1), axis=0)
    slope = (course.trend + course.ageing) / YEAR
    length = (who.end - who.start).astype(np.float64)
    rate = np.exp(_log_rate(world, course, who, who.start.astype(np.float64)))
    total = rate * (np.expm1(slope * length) / slope if slope else length)
    at = np.repeat(np.arange(len(most)), rng.poisson(total * most))
    part = rng.random(len(at))
    wait = np.log1p(part * np.expm1(slope * length[at])) / slope if slope else part * length[at]
    day = np.floor(who.start[at] + wait)
    since = day - begun[:, at]
    taken = (since > 0) & (since <= told.planted_days)
    chance = (1 + world.swing * np.cos(2 * np.pi * (day - told.peak_day) / YEAR)) * np.prod(
        np.where(taken, ratios[:, None], 1), axis=0
    )
    kept = rng.random(len(at)) * most[at] < chance
    out = np.full(len(most), np.iinfo(np.int64).max)
    np.minimum.at(out, at[kept], day[kept].astype(np.int64))
    return np.where(out == np.iinfo(np.int64).max, -1, out)


def _strata(who: People) -> Ints:
    """Bands of ten years in the middle of observation, by sex."""
    return np.clip(who.age // 10, 0, 12).astype(np.int64) * 2 + who.female


# ------------------------------------------------------------------------------------------- recovering


def recover(world: SequenceWorld, seed: int) -> SequenceRatios:
    """The ratios of every medicine with the marker, (medicines, 1), of one population."""
    a, b, sums = counted(world, draw(world, seed))
    return sequence_ratios(a, b, sums)


def counted(world: SequenceWorld, history: History) -> tuple[Ints, Ints, NullSums]:
    """People with the medicine first, people with the marker first, and the sums of the null ratio; (medicines, 1).

    As `soleus.population.sequences.first_events` counts them: new starts with enough observation before.
    """
    told, who = world.told, history.who
    apart = history.marker - history.first
    both = (history.first >= 0) & (history.marker >= 0) & (apart != 0) & (np.abs(apart) <= told.window)
    held = both & (np.minimum(history.first, history.marker) - who.start >= told.prior_observation)
    a, b = ((held & side).sum(axis=1)[:, None] for side in (apart > 0, apart < 0))
    index, marker = (_by_day(world, history, days) for days in (history.first, history.marker[None]))
    return a, b, null_sums(index, marker, told.window)


def _by_day(world: SequenceWorld, history: History, first: Ints) -> Floats:
    """(strata, cohorts, days) people who began."""
    origin, last = day_number(world.world.first_day), day_number(world.world.last_day)
    strata, stratum = np.unique(history.stratum, return_inverse=True)
    shape = (len(strata), len(first), last - origin + 1)
    cohort, person = np.nonzero((first >= 0) & (first - history.who.start >= world.told.prior_observation))
    place = (stratum[person] * shape[1] + cohort) * shape[2] + first[cohort, person] - origin
    return np.bincount(place, minlength=math.prod(shape)).astype(np.float64).reshape(shape)


# ---------------------------------------------------------------------------------------------- tables


def concepts(world: SequenceWorld) -> dict[int, tuple[int, ...]]:
    """Cohort (place of the medicine, from 1) -> its ingredients."""
    return {n + 1: tuple(100 * (n + 1) + k for k in range(INGREDIENTS)) for n in range(len(world.names))}


def tables(world: SequenceWorld, history: History, seed: int) -> Mapping[str, Table]:
    """The population as records, in the names of `source.SHAPE`: what a database would hold of it."""
    rng, who = np.random.default_rng([seed, 1]), history.who
    parts = [_fills(world.world, rng, who, n + 1, history.first[n]) for n in range(len(world.names))]
    marked = np.flatnonzero(history.marker >= 0)
    parts.append((marked, np.full(len(marked), MARKER_CONCEPT), history.marker[marked]))
    row, concept, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    dead = who.died >= 0
    return {
        "person": {"person_id": who.ids, "birth_date": who.birth, "sex": np.where(who.female, "female", "male")},
        "period": {"person_id": who.ids, "start": who.start, "end": who.end},
        "exposure": {"person_id": who.ids[row], "concept": concept, "start": day, "end": day},
        "death": {"person_id": who.ids[dead], "date": who.died[dead]},
    }


def _fills(world: World, rng: np.random.Generator, who: People, cohort: int, first: Ints) -> tuple[Ints, Ints, Ints]:
    """Person, concept and day of prescriptions: the first, more after it, and others of the class after a switch."""
    users = np.flatnonzero(first >= 0)
    count = 1 + (rng.exponential(world.treatment_years * YEAR, len(users)) // world.fill_days).astype(np.int64)
    row, nth = np.repeat(users, count), np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    switched = rng.random(len(users)) < world.switching
    ingredient = np.repeat(rng.integers(INGREDIENTS, size=len(users)), count)
    ingredient = np.where(np.repeat(switched, count) & (nth >= 4), (ingredient + 1) % INGREDIENTS, ingredient)
    day = first[row] + nth * world.fill_days
    seen = day <= who.end[row]
    return row[seen], 100 * cohort + ingredient[seen], day[seen]
