"""Laboratory values of made-up people: whose are abnormal, and by how much, as the knowledge base says.

    state of the person      hypokalaemia: its prevalence, or what a block says of people with a thiazide
    state of the finding     by the marker of the state (`p_present`, `p_absent`), or by the finding's background
    value                    evenly within the interval of the finding's state, in the unit of the test

Which tests are done, how often and in which units is a setting of the world. Values have a generator of their own, so
that people and records are the same with and without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from soleus.errors import UnknownName, near_names
from soleus.evidence.record import Code, Id
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Background, Block, Contributor, Finding, Marker
from soleus.knowledge.schema.records import ResultCode

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


class Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The LOINC code and the unit under which a finding is written."""

    code: str
    unit: str


class LaboratorySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each number is stands in `world.yaml`."""

    samples_a_year: float
    measured: float
    open_end: float
    digits: int
    tests: dict[Id, Written]


@dataclass(frozen=True)
class LaboratoryTest:
    """A finding that is measured. ``low`` and ``high`` are the ends of its states in ``unit``."""

    finding: str
    concept: int
    unit: str
    low: Floats
    high: Floats
    without: Floats  # (state) where none of the states of the person below is there
    present: tuple[tuple[str, Floats], ...]  # state of the person, (state) with it


@dataclass(frozen=True)
class Condition:
    """A state of the person that shows in a value. ``given``: another state or medicine, and the share with it."""

    id: str
    share: Floats  # (sex, band), male first
    recorded: float  # share of those who have it in whom a record of diagnoses shows it, if any can
    given: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Laboratory:
    """All tests, and the states of the person behind them."""

    settings: LaboratorySettings
    tests: tuple[LaboratoryTest, ...]
    conditions: tuple[Condition, ...]


def laboratory_of(
    knowledge: Knowledge,
    settings: LaboratorySettings,
    number: Callable[[Code, str], int],
    share: Callable[[Contributor], Floats],
) -> Laboratory:
    """The tests of the settings. ``number``: the concept of a code. Raises `UnknownName` for what is no test."""
    tests = tuple(_test(knowledge, settings, name, number) for name in sorted(settings.tests))
    wanted = {name for test in tests for name, _ in test.present}
    return Laboratory(
        settings,
        tests,
        tuple(
            Condition(c.id, share(c), c.recorded_sensitivity, _given(knowledge, c.id))
            for c in knowledge.all(Contributor)
            if c.id in wanted
        ),
    )


def _given(knowledge: Knowledge, contributor: str) -> tuple[tuple[str, float], ...]:
    rows = (row for block in knowledge.all(Block) for row in block.given)
    return tuple((other, p) for member, other, p in rows if member == contributor and p)


def _test(
    knowledge: Knowledge, settings: LaboratorySettings, name: str, number: Callable[[Code, str], int]
) -> LaboratoryTest:
    finding, setting = knowledge.by_id(Finding).get(name), settings.tests[name]
    if finding is None or finding.kind != "numeric":
        raise UnknownName("world: laboratory", repr(name), "a finding with a number", near_names(
            name, [f.id for f in knowledge.all(Finding) if f.kind == "numeric"]))  # fmt: skip
    low, high = _edges(finding, settings.open_end)
    factor = _factor(finding, setting.unit)
    markers = [m for m in knowledge.all(Marker) if m.finding == name]
    return LaboratoryTest(
        name,
        number(_code(knowledge, finding, setting.code), finding.name),
        setting.unit,
        low / factor,
        high / factor,
        _without(knowledge, name, markers),
        tuple((m.contributor, _whole(m.p_present)) for m in markers),
    )


def _code(knowledge: Knowledge, finding: Finding, wanted: str) -> Code:
    """The code, where the knowledge base reads it as this finding."""
    told = [*finding.codes, *(r.code for r in knowledge.all(ResultCode) if r.finding == finding.id)]
    for code in told:
        if (code.system, code.code) == ("loinc", wanted):
            return code
    raise UnknownName(f"world: laboratory: {finding.id}", repr(wanted), "a LOINC code of this finding",
                      f"Take one of {', '.join(c.code for c in told if c.system == 'loinc') or 'none'}.")  # fmt: skip


def _factor(finding: Finding, unit: str) -> float:
    """From a value in ``unit`` to one in the finding's unit."""
    factor = 1.0 if unit == finding.unit else finding.other_units.get(unit)
    if not isinstance(factor, float):
        raise UnknownName(f"world: laboratory: {finding.id}", repr(unit), "a unit of this finding",
                          f"Write {finding.unit}, or one that is proportional to it.")  # fmt: skip
    return factor


def _edges(finding: Finding, open_end: float) -> tuple[Floats, Floats]:
    """The ends of each state; an open one reaches ``open_end`` times as far as its neighbour is wide."""
    inner = [s.below for s in finding.states[:-1]]
    edges = np.array([np.nan, *(e for e in inner if e is not None), np.nan])
    wide = np.diff(edges[1:-1]) if len(edges) > 3 else np.array([edges[1]])
    least, most = finding.plausible or (0.0, np.inf)
    edges[0] = max(least, edges[1] - open_end * wide[0])
    edges[-1] = min(most, edges[-2] + open_end * wide[-1])
    return edges[:-1], edges[1:]


def _without(knowledge: Knowledge, finding: str, markers: list[Marker]) -> Floats:
    """P(state) where none of the states of the person is there: of several markers the least, adding up to 1."""
    if markers:
        return _whole(tuple(np.min([m.p_absent for m in markers], axis=0)))
    background = knowledge.by_id(Background).get(finding)
    if background is None:
        raise UnknownName(
            "world: laboratory", repr(finding), "a finding with a marker or a background", "Leave it out."
        )
    return _whole(background.p)


def _whole(p: tuple[float, ...]) -> Floats:
    found = np.array(p, np.float64)
    whole: Floats = found / found.sum()
    return whole


# --------------------------------------------------------------------------------------------- drawing


def draw_results(
    laboratory: Laboratory,
    rng: np.random.Generator,
    cells: tuple[Ints, Ints],
    seen: tuple[Ints, Ints],
    known: Mapping[str, Ints],
) -> dict[str, Any]:
    """row, concept, date, value, unit of every value of one chunk.

    ``cells``: sex and age band of each person; ``seen``: first and last day of observation; ``known``: the rows of
    people with a recorded disease or a medicine.
    """
    true = _states(laboratory, rng, cells, known)
    length = seen[1] - seen[0] + 1
    count = rng.poisson(laboratory.settings.samples_a_year * length / 365.25)
    who = np.repeat(np.arange(len(length)), count)
    day = seen[0][who] + (rng.random(len(who)) * length[who]).astype(np.int64)
    parts = [_measured(test, laboratory.settings, rng, who, day, true) for test in laboratory.tests]
    row, concept, date, value, unit = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {"row": row, "concept": concept, "date": date, "value": value, "unit": unit}


def _states(
    laboratory: Laboratory, rng: np.random.Generator, cells: tuple[Ints, Ints], known: Mapping[str, Ints]
) -> dict[str, Bools]:
    """Who has each state: those in whose record it stands, and the hidden part of the others."""
    has = {name: _mask(rows, len(cells[0])) for name, rows in known.items()}
    out = {}
    for condition in laboratory.conditions:
        share = condition.share[cells]
        for other, p in condition.given:
            share = np.where(has.get(other, False), p, share)
        recorded = has.get(condition.id, np.zeros(len(share), bool))
        shown = condition.recorded if condition.id in known else 0.0
        hidden = share * (1 - shown) / (1 - share * shown)
        out[condition.id] = has[condition.id] = recorded | (rng.random(len(share)) < hidden)
    return out


def _mask(rows: Ints, size: int) -> Bools:
    out = np.zeros(size, bool)
    out[rows] = True
    return out


def _measured(
    test: LaboratoryTest,
    settings: LaboratorySettings,
    rng: np.random.Generator,
    who: Ints,
    day: Ints,
    true: Mapping[str, Bools],
) -> tuple[Ints, Ints, Ints, Floats, Any]:
    done = rng.random(len(who)) < settings.measured
    who, day = who[done], day[done]
    chance = rng.random(len(who))
    state = np.searchsorted(np.cumsum(test.without)[:-1], chance, "right")
    for name, p in test.present:
        state = np.where(true[name][who], np.searchsorted(np.cumsum(p)[:-1], chance, "right"), state)
    value = test.low[state] + rng.random(len(who)) * (test.high - test.low)[state]
    return who, np.full(len(who), test.concept), day, _rounded(value, settings.digits), np.full(len(who), test.unit)


def _rounded(value: Floats, digits: int) -> Floats:
    """To so many significant digits."""
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.maximum(value, 1e-9))))
    rounded: Floats = np.round(value * scale) / scale
    return rounded
