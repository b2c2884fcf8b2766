"""A cohort declared as data: who enters, on which day, and who does not.

The same definition is read as a sentence (`sentence`), run on an engine (`soleus.population.cohorts.members`), judged
by the plain engine (`soleus.population.judges.plain`), and drawn as an attrition chart.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import yaml
from msgspec import Meta, Struct

from soleus.errors import InvalidValue, UnreadableInput
from soleus.evidence.record import Id

Days = Annotated[int, Meta(ge=0)]


class ConceptSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Concepts by number, for definitions made elsewhere: what is in and out, alone or with all that is narrower."""

    include: tuple[int, ...] = ()
    include_narrower: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()
    exclude_narrower: tuple[int, ...] = ()


class Timed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that begins between two days around the entry, both included.

    ``from_days`` None: however long before; ``to_days`` None: however long after. 0 is the day of entry.
    ``same_observation``: only what falls in the stretch of observation of the entry.
    """

    value_set: str
    from_days: int | None = None
    to_days: int | None = 0
    same_observation: bool = False


class Cohort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who enters, and when.

    A person enters where an era of any of ``entry`` (value sets) begins: records with at most ``era_gap_days`` from the
    end of one to the start of the next are one era; None: every day on which a record begins is one. ``washout_days``:
    least days from the end of the era before; None: no era before at all. Observation is without a gap from
    ``prior_observation_days`` before to ``follow_up_days`` after. Ages are whole years on the day of entry; who has no
    birthday or sex is out where it is asked for.
    ``limit`` first: of all entries that qualify, a person's first. ``end``: with the era, or with observation, and
    ``end_days`` after the entry at the latest.
    """

    id: Id
    name: str
    entry: tuple[str, ...]
    era_gap_days: Days | None = 30
    washout_days: Days | None = 0
    prior_observation_days: Days = 0
    follow_up_days: Days = 0
    require: tuple[Timed, ...] = ()
    exclude: tuple[Timed, ...] = ()
    age_at_least: Days | None = None
    age_at_most: Days | None = None
    sex: Literal["female", "male"] | None = None
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None
    limit: Literal["all", "first"] = "all"
    end: Literal["era", "observation"] = "era"
    end_days: Days | None = None
    sets: dict[str, ConceptSet] = {}  # value sets of its own

    def __post_init__(self) -> None:
        if not self.entry:
            raise ValueError("entry names no value set")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("last_day is before first_day")
        for timed in (*self.require, *self.exclude):
            if timed.from_days is not None and timed.to_days is not None and timed.to_days < timed.from_days:
                raise ValueError(f"to_days is before from_days of {timed.value_set}")

    @property
    def names(self) -> tuple[str, ...]:
        """Every value set that it asks for."""
        return tuple(dict.fromkeys((*self.entry, *(t.value_set for t in (*self.require, *self.exclude)))))


class Step(NamedTuple):
    """A row of the attrition table: who is left after it."""

    label: str
    entries: int
    people: int


def read_cohorts_file(path: Path) -> tuple[Cohort, ...]:
    """The cohorts of a YAML file, `cohorts:` a list. Raises `UnreadableInput`, `InvalidValue` with the place."""
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except OSError as error:
        raise UnreadableInput(path.name, error.strerror or "no file", "cohorts as YAML", "Check the path.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableInput(path.name, type(error).__name__, "cohorts as YAML", "Mend the file.") from None
    rows = tree.get("cohorts") if isinstance(tree, dict) else None
    if not isinstance(rows, list) or not rows:
        raise UnreadableInput(path.name, "no cohorts", "a list under `cohorts:`", "See docs/user-guide/population.md.")
    return tuple(cohort_of(row, f"{path.name}: cohort {n}") for n, row in enumerate(rows, 1))


def cohort_of(tree: Any, where: str) -> Cohort:
    """One cohort out of plain data. Raises `InvalidValue`."""
    try:
        return msgspec.convert(tree, Cohort)
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidValue(where, str(error), "a cohort: id, name, entry, ...", "Correct the field.") from None


# ------------------------------------------------------------------------------------------ in words


def sentence(cohort: Cohort) -> str:
    """The definition as it is read aloud."""
    who = {"female": "Women", "male": "Men", None: "People"}[cohort.sex]
    first = "their first" if cohort.limit == "first" or cohort.washout_days is None else "an"
    parts = [f"{who}{_age(cohort)} enter on the first day of {first} era of {_any(cohort.entry)}"]
    apart = cohort.era_gap_days
    parts.append("(every record is one)" if apart is None else f"(records up to {_days(apart)} apart are one era)")
    parts += _conditions(cohort)
    return " ".join(parts) + f". They leave {_leave(cohort)}."


def _age(cohort: Cohort) -> str:
    low, high = cohort.age_at_least, cohort.age_at_most
    if low is not None and high is not None:
        return f" aged {low} to {high}"
    return f" aged {low} or more" if low is not None else f" aged {high} or less" if high is not None else ""


def _conditions(cohort: Cohort) -> Iterator[str]:
    if cohort.first_day or cohort.last_day:
        yield f"{_from_to(cohort.first_day, cohort.last_day)},"
    yield f"observed{' and'.join(f' for at least {stretch}' for stretch in _around(cohort)) or ' on that day'}"
    if cohort.washout_days:
        yield f"and without it for {_days(cohort.washout_days)}"
    for timed in cohort.require:
        yield f"and with {_words(timed.value_set)} {_when(timed)}"
    for timed in cohort.exclude:
        yield f"and without {_words(timed.value_set)} {_when(timed)}"


def _around(cohort: Cohort) -> list[str]:
    """How long people must be observed before and after, where they must."""
    days = (cohort.prior_observation_days, "before"), (cohort.follow_up_days, "after")
    return [f"{_days(n)} {where}" for n, where in days if n]


def _from_to(first: datetime.date | None, last: datetime.date | None) -> str:
    return " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])


def _when(timed: Timed) -> str:
    low, high = timed.from_days, timed.to_days
    within = " in the same observation" if timed.same_observation else ""
    if low is None:
        return ("at any time" if high is None else f"up to {_relative(high)}") + within
    return (f"from {_relative(low)} on" if high is None else f"from {_relative(low)} to {_relative(high)}") + within


def _relative(days: int) -> str:
    return "the day of entry" if days == 0 else f"{_days(abs(days))} {'before' if days < 0 else 'after'}"


def _leave(cohort: Cohort) -> str:
    when = "when the era ends" if cohort.end == "era" else "when observation ends"
    return when if cohort.end_days is None else f"{when}, or {_days(cohort.end_days)} after entry if that is sooner"


def _any(names: tuple[str, ...]) -> str:
    return " or ".join(map(_words, names))


def _words(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ")


def _days(n: int) -> str:
    return f"{n:,} day{'' if n == 1 else 's'}"


def _washout(days: int | None) -> str:
    if days == 0:
        return "With or without an earlier era"
    return "No other era " + ("ever before" if days is None else f"within {_days(days)} before")


def labels(cohort: Cohort) -> tuple[str, ...]:
    """The steps of the attrition table, in the order in which they are taken."""
    out = [f"An era of {_any(cohort.entry)} begins"]
    out.append(f"Under observation on the day{''.join(f' and {stretch}' for stretch in _around(cohort))}")
    out.append(_washout(cohort.washout_days))
    out.append(f"In the study dates {_from_to(cohort.first_day, cohort.last_day) or '(all)'}")
    out.append(f"{_age(cohort).strip().capitalize() or 'Of any age'}, {cohort.sex or 'of either sex or none told'}")
    out += [f"With {_words(t.value_set)} {_when(t)}" for t in cohort.require]
    out += [f"Without {_words(t.value_set)} {_when(t)}" for t in cohort.exclude]
    return (*out, "First of a person" if cohort.limit == "first" else "All of a person")
