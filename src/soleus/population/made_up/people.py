"""People and their records drawn from the knowledge base: for tests, benchmarks, and for trying.

How common a state or a medicine is by age and sex, how often a complaint is brought to a doctor, and which sequence
ratios are planted come from the knowledge; the shape of the made-up world is `world.yaml`. Draws are made in chunks of
`CHUNK` people, each with a generator of its own (seed, chunk): a larger population begins with the smaller one, memory
does not grow, and a chunk can be made again alone.

    observation   |-----------------------------------|  (ends at death)
    medicine            s====s====s====                  prescriptions
    complaint        c              c       c            rate(age, sex) x season x trend
    planted             s|<- planted_days ->|            rate x ratio within this time after the first start
    laboratory value      v        v            v        by the state of the person (`made_up.laboratory`)
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from soleus.errors import InvalidValue, UnknownName, near_names
from soleus.evidence.record import Code
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor, Explanation, Rate
from soleus.knowledge.schema.medicines import Fact, Medicine
from soleus.population.made_up.laboratory import Laboratory, LaboratorySettings, draw_results, laboratory_of
from soleus.reasoning.medicines import medicine_index

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Table: TypeAlias = dict[str, Any]  # column -> array

CHUNK = 50_000
YEAR = 365.25
EPOCH = datetime.date(1970, 1, 1)
COMPLAINT = "nocturnal_leg_cramp"
MARKER = "quinine"
_PREVALENCE_BANDS = (("0_17", 0), ("18_39", 18), ("40_64", 40), ("65_plus", 65))
_RATE_BANDS = (("0_17", 0), ("18_39", 18), ("40_64", 40), ("65_79", 65), ("80_plus", 80))
#: Concepts of our own; OMOP keeps numbers above two billion free for them.
FIRST_CONCEPT = 2_000_000_001
_VALUES = 1  # the generator of a chunk's laboratory values: the others' draws do not depend on them


class World(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The made-up world; what each number is stands in `world.yaml`."""

    first_day: datetime.date
    last_day: datetime.date
    ages: dict[int, float]
    oldest: int
    entering_later: float
    observation_years: float
    death: dict[str, float]
    lead_days: int
    treatment_years: float
    fill_days: int
    switching: float
    trends: dict[str, float]
    complaint_factor: float
    complaint_trend: float
    season: dict[str, float]
    treated: float
    quinine_days: int
    planted: tuple[str, ...]
    planted_days: int
    controls: dict[str, float]
    diagnoses: tuple[str, ...]
    laboratory: LaboratorySettings


def shipped_world(**changes: Any) -> World:
    """The world of `world.yaml`, with changes."""
    return world_of(yaml.safe_load((Path(__file__).parent / "world.yaml").read_text(encoding="utf-8")) | changes)


def world_of(tree: Any) -> World:
    """A world out of plain data. Raises `InvalidValue`."""
    try:
        return msgspec.convert(tree, World)
    except msgspec.ValidationError as error:
        raise InvalidValue("world", str(error), "the settings of world.yaml", "Correct the field.") from None


@dataclass(frozen=True)
class Group:
    """Medicines that are drawn together: a contributor, or a class without one."""

    id: str
    concepts: Ints  # of its ingredients
    share: Floats  # (sex, band) of people who take one; male first
    trend: float
    ratio: float = 1.0  # of complaints within planted_days after the first start


@dataclass(frozen=True)
class State:
    """A disease with a code; ``share`` (sex, band): of people in whom it is recorded."""

    id: str
    concept: int
    share: Floats


@dataclass(frozen=True)
class Plan:
    """What is drawn, as arrays. ``vocabulary``: concept, code, name; ``below``: ancestor, descendant."""

    world: World
    groups: tuple[Group, ...]
    complaint: Floats  # (sex, band) a person-year
    complaint_concept: int
    marker_concept: int
    diagnoses: tuple[tuple[int, Floats], ...]  # concept, (sex, band) a person-year
    states: tuple[State, ...]
    laboratory: Laboratory
    vocabulary: tuple[tuple[int, Code, str], ...]
    below: tuple[tuple[int, int], ...]


def plan_of(knowledge: Knowledge, world: World | None = None, ratios: Mapping[str, float] | None = None) -> Plan:
    """What the knowledge says of the world. ``ratios``: group -> planted ratio, in place of the published ones."""
    world = world or shipped_world()
    words = _Vocabulary()
    groups = [*_contributor_groups(knowledge, world, words), *_control_groups(knowledge, world, words)]
    planted = dict(_published(knowledge, world)) if ratios is None else dict(ratios)
    for name in planted.keys() - {g.id for g in groups}:
        raise UnknownName("--plant", repr(name), "a group of medicines", near_names(name, [g.id for g in groups]))
    complaint, marker = knowledge.by_id(Explanation)[COMPLAINT], knowledge.by_id(Medicine)[MARKER]
    return Plan(
        world,
        tuple(replace(g, ratio=planted.get(g.id, 1.0)) for g in groups),
        _rate(knowledge, COMPLAINT) * world.complaint_factor,
        words.of(_best(complaint.codes, "snomed", "icd10cm"), complaint.name),
        words.of(_best(marker.codes, "rxnorm", "atc"), marker.name),
        tuple(_diagnoses(knowledge, world, words)),
        tuple(_states(knowledge, words)),
        laboratory_of(knowledge, world.laboratory, words.of, _share),
        tuple((number, code, name) for (code, name), number in words.numbers.items()),
        tuple(words.below),
    )


class _Vocabulary:
    """Numbers for codes, in the order in which they are met."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Code, str], int] = {}
        self.below: list[tuple[int, int]] = []
        self._by_code: dict[tuple[str, str], int] = {}

    def of(self, code: Code, name: str) -> int:
        key = (code.system, code.code)
        if key not in self._by_code:
            self._by_code[key] = self.numbers[code, name] = FIRST_CONCEPT + len(self._by_code)
            self.below.append((self._by_code[key],) * 2)
        return self._by_code[key]


def _best(codes: tuple[Code, ...], *systems: str) -> Code:
    """The first code of the first of these systems that is one code and no range."""
    return next(c for s in systems for c in codes if c.system == s and "-" not in c.code)


def _has(codes: tuple[Code, ...], *systems: str) -> bool:
    return any(c.system in systems and "-" not in c.code for c in codes)


def _contributor_groups(knowledge: Knowledge, world: World, words: _Vocabulary) -> list[Group]:
    index, members = medicine_index(knowledge), dict[str, list[Medicine]]()
    for m in knowledge.all(Medicine):
        if m.level == "ingredient" and _has(m.codes, "rxnorm", "atc"):
            for contributor in index.contributors(m):
                members.setdefault(contributor, []).append(m)
    found = [c for c in knowledge.all(Contributor) if c.kind == "medicine" and c.id in members]
    return [_group(knowledge, c.id, members[c.id], _share(c), world, words) for c in found]


def _control_groups(knowledge: Knowledge, world: World, words: _Vocabulary) -> list[Group]:
    index, out = medicine_index(knowledge), []
    for name, share in world.controls.items():
        below = [
            m
            for m in knowledge.all(Medicine)
            if m.level == "ingredient" and _has(m.codes, "rxnorm", "atc") and name in {x.id for x in index.lineage(m)}
        ]
        own = knowledge.by_id(Medicine).get(name)
        below = below or ([own] if own and _has(own.codes, "atc") else [])  # a class stands for members without codes
        if not below:
            raise UnknownName("world: controls", repr(name), "a class of medicines that have codes", "Correct it.")
        out.append(_group(knowledge, name, below, np.full((2, len(_PREVALENCE_BANDS)), share), world, words))
    return out


def _group(
    knowledge: Knowledge, id: str, medicines: list[Medicine], share: Floats, world: World, words: _Vocabulary
) -> Group:
    index, concepts = medicine_index(knowledge), []
    for m in medicines:
        concept = words.of(_best(m.codes, "rxnorm", "atc"), m.name)
        concepts.append(concept)
        for above in index.lineage(m):
            if above.level == "class" and _has(above.codes, "atc"):
                words.below.append((words.of(_best(above.codes, "atc"), above.name), concept))
    return Group(id, np.array(sorted(set(concepts)), np.int64), share, world.trends.get(id, 0.0))


def _published(knowledge: Knowledge, world: World) -> list[tuple[str, float]]:
    facts, medicines = knowledge.by_id(Fact), knowledge.by_id(Medicine)
    out = []
    for name in world.planted:
        fact = facts.get(name)
        if fact is None or fact.value is None or fact.topic not in medicines:
            raise UnknownName("world: planted", repr(name), "a fact with a figure about a medicine", "Correct it.")
        out.append((medicines[fact.topic].contributors[0], fact.value))
    return out


def _share(contributor: Contributor) -> Floats:
    """(sex, band) share of people who have it."""
    p = contributor.prevalence
    return np.array([[p.get(f"{s}_{b}", p.get("all", 0.0)) for b, _ in _PREVALENCE_BANDS] for s in ("male", "female")])


def _rate(knowledge: Knowledge, explanation: str) -> Floats:
    """(sex, band) complaints a person-year."""
    per_100k = knowledge.by_id(Rate)[explanation].per_100k
    return np.array([[per_100k[f"{s}_{b}"] for b, _ in _RATE_BANDS] for s in ("m", "f")]) / 100_000


def _diagnoses(knowledge: Knowledge, world: World, words: _Vocabulary) -> list[tuple[int, Floats]]:
    known = knowledge.by_id(Explanation)
    return [
        (words.of(_best(known[name].codes, "snomed", "icd10cm"), known[name].name), _rate(knowledge, name))
        for name in world.diagnoses
    ]


def _states(knowledge: Knowledge, words: _Vocabulary) -> list[State]:
    """Diseases with a code, as often as a record shows them."""
    return [
        State(c.id, words.of(_best(c.codes, "snomed", "icd10cm"), c.name), _share(c) * c.recorded_sensitivity)
        for c in knowledge.all(Contributor)
        if c.kind in ("disease", "deficiency") and _has(c.codes, "snomed", "icd10cm") and not c.past_of
    ]


# --------------------------------------------------------------------------------------------- drawing


@dataclass(frozen=True)
class People:
    """Arrays of one chunk; days since 1970. ``died``: -1 for those who are alive at the end."""

    ids: Ints
    female: NDArray[np.bool_]
    birth: Ints
    start: Ints
    end: Ints
    died: Ints

    @property
    def age(self) -> Floats:
        """Years, in the middle of observation."""
        return ((self.start + self.end) / 2 - self.birth) / YEAR


def chunks(people: int) -> list[tuple[int, int]]:
    """(chunk, people) for a population of this size."""
    whole, rest = divmod(people, CHUNK)
    return [(n, CHUNK) for n in range(whole)] + ([(whole, rest)] if rest else [])


def draw(plan: Plan, seed: int, chunk: int, size: int) -> dict[str, Table]:
    """The tables of one chunk: person, period, exposure, event, result, death, in the names of `source.SHAPE`."""
    rng = np.random.default_rng([seed, chunk])
    who = draw_people(plan.world, rng, chunk * CHUNK + 1, size)
    bands = _bands(who.age, _PREVALENCE_BANDS), _bands(who.age, _RATE_BANDS)
    exposures, starts = _medicines(plan, rng, who, bands[0])
    complaint_rate = plan.complaint[who.female.astype(int), bands[1]]
    rows, days = _complaints(plan, rng, who, complaint_rate, starts)
    quinine = _quinine(plan, rng, who, rows, days)
    others, recorded = _others(plan, rng, who, bands)
    events = [(rows, np.full(len(rows), plan.complaint_concept), days), *others]
    at, concept, day = (np.concatenate(part) for part in zip(*events, strict=True))
    known = {name: users for name, (users, _) in starts.items()} | recorded
    results = _results(plan, np.random.default_rng([seed, chunk, _VALUES]), who, bands[0], known)
    dead = who.died >= 0
    return {
        "person": {"person_id": who.ids, "birth_date": who.birth, "sex": np.where(who.female, "female", "male")},
        "period": {"person_id": who.ids, "start": who.start, "end": who.end},
        "exposure": _joined([*exposures, quinine], who),
        "event": {"person_id": who.ids[at], "concept": concept, "date": day},
        "result": results,
        "death": {"person_id": who.ids[dead], "date": who.died[dead]},
    }


def day_number(day: datetime.date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def draw_people(world: World, rng: np.random.Generator, first_id: int, n: int) -> People:
    """People with birth, observation and death, as the world has them."""
    first, last = day_number(world.first_day), day_number(world.last_day)
    low = np.array(sorted(world.ages))
    width = np.diff([*low, world.oldest])
    weights = np.array([world.ages[a] for a in low])
    band = rng.choice(len(low), n, p=weights / weights.sum())
    age = low[band] + rng.random(n) * width[band]
    birth = (first - age * YEAR).astype(np.int64)
    later = rng.random(n) < world.entering_later
    start = np.where(later, first + (rng.random(n) * (last - first)).astype(np.int64), first)
    stay = (rng.exponential(world.observation_years, n) * YEAR).astype(np.int64)
    hazard = world.death["at_50"] * np.exp(world.death["growth"] * ((start - birth) / YEAR - 50))
    lives = np.log1p(-np.log1p(-rng.random(n)) * world.death["growth"] / hazard) / world.death["growth"] * YEAR
    death = start + lives.astype(np.int64)
    end = np.minimum(np.minimum(start + stay, last), death)
    died = np.where(death <= end, death, -1)
    return People(np.arange(first_id, first_id + n), rng.random(n) < 0.5, birth, start, end, died)


def _bands(age: Floats, bands: tuple[tuple[str, int], ...]) -> Ints:
    return np.clip(np.searchsorted([a for _, a in bands], age, "right") - 1, 0, len(bands) - 1)


_Rows: TypeAlias = tuple[Ints, Ints, Ints, Ints]  # row of the person, concept, start, end


def _medicines(
    plan: Plan, rng: np.random.Generator, who: People, bands: Ints
) -> tuple[list[_Rows], dict[str, tuple[Ints, Ints]]]:
    """Prescriptions, and per group the rows of its users with the day of their first start."""
    out, starts = [], {}
    for group in plan.groups:
        users = np.flatnonzero(rng.random(len(who.ids)) < group.share[who.female.astype(int), bands])
        begin = _begun(plan.world, rng, who, users, group.trend)
        length = (rng.exponential(plan.world.treatment_years, len(users)) * YEAR).astype(np.int64) + 1
        concept = rng.choice(group.concepts, len(users))
        out.append(_fills(plan.world, who, users, concept, begin, begin + length))
        switch = rng.random(len(users)) < plan.world.switching
        other = rng.choice(group.concepts, len(users))
        out.append(_fills(plan.world, who, *(a[switch] for a in (users, other, begin + length, begin + 2 * length))))
        starts[group.id] = (users, begin)
    return out, starts


def _begun(world: World, rng: np.random.Generator, who: People, users: Ints, trend: float) -> Ints:
    """The day of the first start, with a density that grows by ``trend`` a year."""
    low, high = who.start[users] - world.lead_days, who.end[users]
    u, years = rng.random(len(users)), (high - low) / YEAR
    part = np.log1p(u * np.expm1(trend * years)) / (trend * years) if trend else u
    return low + (part * (high - low)).astype(np.int64)


def _fills(world: World, who: People, users: Ints, concept: Ints, begin: Ints, end: Ints) -> _Rows:
    """Prescriptions one after the other, of which those under observation are recorded."""
    stop = np.minimum(end, who.end[users])
    count = np.maximum(-(-(stop - begin) // world.fill_days), 0)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    row, what = np.repeat(users, count), np.repeat(concept, count)
    start = np.repeat(begin, count) + nth * world.fill_days
    last = np.minimum(start + world.fill_days - 1, np.repeat(np.maximum(stop, begin), count))
    seen = start >= who.start[row]
    return row[seen], what[seen], start[seen], last[seen]


def _weight(world: World, day: Ints | Floats) -> Floats:
    """Season and trend of complaints; 1 on average in the middle of the study."""
    swing, peak = world.season["swing"], world.season["peak_day"]
    middle = (day_number(world.first_day) + day_number(world.last_day)) / 2
    wave = 1 + swing * np.cos(2 * np.pi * (np.asarray(day) - peak) / YEAR)
    trend: Floats = np.exp(world.complaint_trend * (np.asarray(day) - middle) / YEAR)
    weight: Floats = trend * wave
    return weight


def _most(world: World) -> float:
    half = (world.last_day - world.first_day).days / YEAR / 2
    return float((1 + world.season["swing"]) * np.exp(abs(world.complaint_trend) * half))


def _complaints(
    plan: Plan, rng: np.random.Generator, who: People, rate: Floats, starts: Mapping[str, tuple[Ints, Ints]]
) -> tuple[Ints, Ints]:
    """Rows and days of complaints: those of everybody, and more (or fewer) after a planted start."""
    rows, days = _poisson(plan.world, rng, np.arange(len(rate)), who.start, who.end, rate)
    keep = np.ones(len(rows), bool)
    found = [(rows, days)]
    for group in plan.groups:
        users, begin = starts[group.id]
        low, high = np.maximum(begin + 1, who.start[users]), np.minimum(begin + plan.world.planted_days, who.end[users])
        if group.ratio > 1:
            more = (group.ratio - 1) * rate[users]
            found.append(_poisson(plan.world, rng, users, low, high, more))
        elif group.ratio < 1:
            since = np.full(len(rate), np.iinfo(np.int64).max // 2)
            since[users] = begin
            near = (days > since[rows]) & (days <= since[rows] + plan.world.planted_days)
            keep &= ~near | (rng.random(len(rows)) < group.ratio)
    found[0] = (rows[keep], days[keep])
    at, day = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((day, at))
    return at[order], day[order]


def _poisson(
    world: World, rng: np.random.Generator, rows: Ints, low: Ints, high: Ints, rate: Floats
) -> tuple[Ints, Ints]:
    """Events between two days, both included, at ``rate`` a year times season and trend."""
    length, most = np.maximum(high - low + 1, 0), _most(world)
    count = rng.poisson(rate * most * length / YEAR)
    at = np.repeat(np.arange(len(rows)), count)
    day = low[at] + (rng.random(len(at)) * length[at]).astype(np.int64)
    kept = rng.random(len(at)) * most < _weight(world, day)
    return rows[at[kept]], day[kept]


def _quinine(plan: Plan, rng: np.random.Generator, who: People, rows: Ints, days: Ints) -> _Rows:
    treated = rng.random(len(rows)) < plan.world.treated
    row, day = rows[treated], days[treated]
    last = np.minimum(day + plan.world.quinine_days - 1, who.end[row])
    return row, np.full(len(row), plan.marker_concept), day, last


def _others(
    plan: Plan, rng: np.random.Generator, who: People, bands: tuple[Ints, Ints]
) -> tuple[list[tuple[Ints, Ints, Ints]], dict[str, Ints]]:
    """Other diagnoses at their rate, and states that a record shows, on a day under observation; and whose they are."""
    out, recorded, sex, length = [], {}, who.female.astype(int), who.end - who.start + 1
    for concept, rate in plan.diagnoses:
        count = rng.poisson(rate[sex, bands[1]] * length / YEAR)
        at = np.repeat(np.arange(len(who.ids)), count)
        out.append((at, concept))
    for state in plan.states:
        recorded[state.id] = np.flatnonzero(rng.random(len(who.ids)) < state.share[sex, bands[0]])
        out.append((recorded[state.id], state.concept))
    return [
        (at, np.full(len(at), concept), who.start[at] + (rng.random(len(at)) * length[at]).astype(np.int64))
        for at, concept in out
    ], recorded


def _results(plan: Plan, rng: np.random.Generator, who: People, bands: Ints, known: Mapping[str, Ints]) -> Table:
    found = draw_results(plan.laboratory, rng, (who.female.astype(int), bands), (who.start, who.end), known)
    return {"person_id": who.ids[found.pop("row")], **found}


def _joined(parts: list[_Rows], who: People) -> Table:
    row, concept, start, end = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {"person_id": who.ids[row], "concept": concept, "start": start, "end": end}
