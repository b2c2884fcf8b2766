"""What is read of the survey and how each factor is made of it, as data (`factors.yaml`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from soleus.evidence.record import Id

Group = Literal["medicine", "condition", "laboratory", "person", "habit", "sleep"]
Sex = Literal["female", "male"]
#: Whose answers a factor needs: everybody interviewed, or those who were examined as well. Picks the weight.
Sample = Literal["interview", "examination"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Cycle(_Part, frozen=True, kw_only=True):
    """Two years of the survey; the file of a table is called TABLE_SUFFIX."""

    suffix: str
    years: str
    codebooks: str  # folder of the codebook pages


class DesignColumns(_Part, frozen=True, kw_only=True):
    """Columns of the table of persons: who, where sampled, how many people each stands for, age and sex."""

    table: str
    person: str
    stratum: str
    psu: str
    weights: dict[Sample, str]
    age: str
    sex: str
    sexes: dict[int, Sex]


class Outcome(_Part, frozen=True, kw_only=True):
    """The question about cramps: code -> id of the answer, and groups of answers that are reported together."""

    table: str
    variable: str
    answers: dict[int, Id]
    groups: dict[Id, tuple[int, ...]]
    cases: Id  # the group that odds ratios are about; all other answers are the comparison


class Step(_Part, frozen=True, kw_only=True):
    """One way to tell whether a factor is there, or how large it is.

    The value is ``variable``, or the sum of ``variables``; divided by ``over``; times ``times``. A variable outside
    ``usable`` (ends included) is not known. ``present`` and ``absent`` list codes, ``unknown`` codes after which no
    further step is tried; ``below`` and ``at_least`` are thresholds. ``sex``: for them alone. A step without any of
    these gives the value itself.
    """

    table: str
    variable: str = ""
    variables: tuple[str, ...] = ()
    over: str = ""
    times: float = 1.0
    usable: tuple[float, float] | None = None
    present: tuple[float, ...] = ()
    absent: tuple[float, ...] = ()
    unknown: tuple[float, ...] = ()
    below: float | None = None
    at_least: float | None = None
    sex: Sex | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(filter(None, (*self.variables, self.variable, self.over)))


class Among(_Part, frozen=True, kw_only=True):
    """The part of the adults that a factor is asked about; ages in years, ends included."""

    sex: Sex | None = None
    age: tuple[float, float] | None = None


class Factor(_Part, frozen=True, kw_only=True):
    """Something that may go with cramps.

    The first of the ``steps`` that gives an answer decides; or ``medicine``, a class of the knowledge base, is taken.
    ``per``: a number, whose odds ratio is for a difference of ``per`` in ``unit``. ``contributors`` are those of the
    knowledge base it belongs to, ``finding`` the test whose limits the threshold is taken from. ``adjust``: what the
    odds ratio is adjusted for, if not the same as for all.
    """

    id: Id
    name: str
    group: Group
    steps: tuple[Step, ...] = ()
    medicine: Id | None = None
    sample: Sample = "interview"
    per: float | None = None
    unit: str | None = None
    among: Among | None = None
    adjust: tuple[Id, ...] | None = None
    contributors: tuple[Id, ...] = ()
    finding: Id | None = None
    note: str | None = None


class MedicineTables(_Part, frozen=True, kw_only=True):
    """Where medicines stand, and how their names meet the knowledge base.

    A class of the knowledge base becomes a factor if at least ``least`` adults who answered take one of it. ``local``
    are last words of names of what is not taken into the body; ``names`` are names that the knowledge base does not
    have, with their class; ``spelling`` is that of the knowledge base inside combinations; ``ids`` and ``labels`` say
    what a factor is called if not as the class; ``apart`` are classes inside another one that are told apart from it.
    """

    table: str
    name: str
    least: int
    separator: str
    local: tuple[str, ...]
    names: dict[str, Id]
    spelling: dict[str, str] = {}
    ids: dict[Id, Id] = {}
    labels: dict[Id, str] = {}
    apart: tuple[Id, ...] = ()
    notes: dict[Id, str] = {}


class Ages(_Part, frozen=True, kw_only=True):
    """A band of age whose prevalence is reported; years, ends included, no upper end if None."""

    label: str
    first: float
    last: float | None = None


class Definitions(_Part, frozen=True, kw_only=True):
    """All of `factors.yaml`.

    ``few``: with fewer exposed people who have cramps, or have none, an odds ratio is marked. ``families``: the ids by
    which the knowledge base draws confounded ratios together, by group of factors.
    """

    cycles: tuple[Cycle, ...]
    design: DesignColumns
    outcome: Outcome
    adults_from: float
    few: int
    ages: tuple[Ages, ...]
    families: dict[Group, Id]
    adjust: tuple[Id, ...]
    covariates: dict[Id, tuple[Step, ...]]
    medicines: MedicineTables
    factors: tuple[Factor, ...]

    def columns(self) -> dict[str, set[str]]:
        """Table -> the columns that are wanted of it."""
        wanted: dict[str, set[str]] = {}
        for step in self.steps():
            wanted.setdefault(step.table, set()).update(step.columns)
        d = self.design
        wanted.setdefault(d.table, set()).update({d.stratum, d.psu, *d.weights.values(), d.age, d.sex})
        wanted.setdefault(self.outcome.table, set()).add(self.outcome.variable)
        wanted.setdefault(self.medicines.table, set()).add(self.medicines.name)
        return wanted

    def steps(self) -> list[Step]:
        made = [step for factor in self.factors for step in factor.steps]
        return [*made, *(step for steps in self.covariates.values() for step in steps)]


@cache
def definitions() -> Definitions:
    """The definitions that ship with the package."""
    text = files("soleus.population.nhanes").joinpath("factors.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), Definitions, strict=False)
