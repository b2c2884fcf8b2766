"""Prevalence of leg cramps in the survey, and crude and adjusted odds ratios of everything that may go with them.

Odds ratios: often or almost always (5 nights a month or more) against all other answers, adults, all cycles pooled;
adjusted for age (linear) and sex. Variances by `soleus.statistics.survey`. A survey of prevalent users and prevalent
disease says what goes together at one time, not what causes what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from soleus.knowledge.loader import Knowledge, shipped
from soleus.knowledge.schema.core import Effect
from soleus.population.nhanes.definitions import Among, Definitions, Factor, Group, Sample, definitions
from soleus.population.nhanes.medicines import medicine_factors, taken
from soleus.population.nhanes.people import People
from soleus.population.nhanes.tables import Floats
from soleus.reasoning.medicines import medicine_index
from soleus.statistics.survey import Fit, Flags, logistic, share

#: The explanation of the knowledge base that the question of the survey comes nearest to.
EXPLANATION = "nocturnal_leg_cramp"

Progress = Callable[[str, int, int], None]  # what, done, of how many


class Prevalence(msgspec.Struct, frozen=True, kw_only=True):
    """Share of people of a kind who gave an answer of ``level``. ``n`` and ``count`` are persons, not weighted.

    ``cycle`` None: both pooled. ``factor`` with ``present``: of those with or without it. ``low`` and ``high`` are
    None where the share is 0 or 1.
    """

    cycle: str | None
    age: str
    sex: str | None
    factor: str | None
    present: bool | None
    level: str
    n: int
    count: int
    share: float
    low: float | None
    high: float | None
    design_df: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the knowledge base holds of a contributor and cramps: the ratio it predicts with, and the causal one."""

    contributor: str
    rho: float | None
    low: float | None
    high: float | None
    causal_rho: float | None
    confounded: str | None
    family: str | None


class OddsRatio(msgspec.Struct, frozen=True, kw_only=True):
    """The odds of frequent cramps with a factor against without, or for ``per`` more of it.

    ``n`` people answered both questions, ``n_exposed`` of them have the factor (None: it is a number), ``n_cases`` have
    frequent cramps, ``n_exposed_cases`` both. A ratio is None where it has no finite value. ``few``: too few exposed
    people with cramps, or without, to lean on. ``family``: confounded in the same way as all of this name.
    ``crude_df`` and ``adjusted_df`` are what the intervals were made with: ``design_df`` (PSUs less strata) less the
    further parameters of the model.
    """

    factor: str
    name: str
    group: Group
    n: int
    n_exposed: int | None
    n_cases: int
    n_exposed_cases: int | None
    crude: float | None
    crude_low: float | None
    crude_high: float | None
    adjusted: float | None
    adjusted_low: float | None
    adjusted_high: float | None
    design_df: int
    crude_df: int | None
    adjusted_df: int | None
    adjusted_for: tuple[str, ...]
    sample: Sample
    cycles: tuple[str, ...]
    few: bool
    family: str | None = None
    per: float | None = None
    unit: str | None = None
    among: str | None = None
    medicine_class: str | None = None
    codebooks: tuple[str, ...] = ()
    knowledge: tuple[Known, ...] = ()
    note: str | None = None


class NotComputed(msgspec.Struct, frozen=True, kw_only=True):
    factor: str
    why: str


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How many people of a cycle gave each answer, everybody who was asked (16 and over), not weighted."""

    cycle: str
    persons: int
    adults: int
    answered_adults: int
    counts: dict[str, int]
    no_answer: int


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `soleus population nhanes` tells."""

    cycles: tuple[str, ...]
    adults_from: float
    answers: tuple[Answers, ...]
    prevalence: tuple[Prevalence, ...]
    odds_ratios: tuple[OddsRatio, ...]
    not_computed: tuple[NotComputed, ...]
    knowledge_version: str
    knowledge_hash: str


class Survey:
    """The persons of a folder with the value of every factor."""

    def __init__(self, folder: Path, knowledge: Knowledge | None = None) -> None:
        self.told: Definitions = definitions()
        self.knowledge = knowledge or shipped()
        self.people = People(folder, self.told)
        index = medicine_index(self.knowledge)
        self.takers = taken(self.people, index)
        answered = self.adults() & ~np.isnan(self.people.answer)
        users = {c: int(np.nansum(v[answered])) for c, v in self.takers.items()}
        self.factors = (*medicine_factors(users, index, self.told.medicines), *self.told.factors)
        self._effects = {e.contributor: e for e in self.knowledge.all(Effect) if e.explanation == EXPLANATION}

    def adults(self, among: Among | None = None, first_age: float | None = None) -> Flags:
        return self.people.among(among, self.told.adults_from if first_age is None else first_age)

    def value(self, factor: Factor) -> Floats:
        """The factor for each person; NaN not known."""
        if factor.medicine is not None:
            return self.takers.get(factor.medicine, np.full(len(self.people), np.nan))
        return self.people.value(factor.steps)

    def level(self, name: str) -> Floats:
        """1 for who gave the answer, or one of the group of answers; 0 for another; NaN for none."""
        o, answer = self.told.outcome, self.people.answer
        codes = o.groups.get(name) or tuple(c for c, id in o.answers.items() if id == name)
        return np.where(np.isnan(answer), np.nan, np.isin(answer, codes))

    def covariates(self, names: tuple[str, ...]) -> Floats:
        return np.column_stack([self.people.value(self.told.covariates[name]) for name in names])

    def fit(self, outcome: Floats, value: Floats, names: tuple[str, ...], sample: Sample, within: Flags) -> Fit | None:
        """The regression of ``outcome`` on a factor and the covariates of these names."""
        columns = np.column_stack([value, self.covariates(names)]) if names else value[:, None]
        return logistic(self.people.designs[sample], outcome, columns, within)

    def known(self, factor: Factor) -> tuple[Known, ...]:
        found = [e for c in factor.contributors if (e := self._effects.get(c))]
        return tuple(
            Known(contributor=e.contributor, rho=e.rho, low=e.low, high=e.high, causal_rho=e.causal_rho,
                  confounded=e.confounded, family=e.family)
            for e in found
        )  # fmt: skip

    def cycles_of(self, known: Flags) -> tuple[str, ...]:
        """The cycles that these people are of."""
        return tuple(c.years for n, c in enumerate(self.people.cycles) if (known & (self.people.cycle == n)).any())

    def codebooks(self, factor: Factor, cycles: tuple[str, ...]) -> tuple[str, ...]:
        """The pages that say how the columns of a factor are coded."""
        tables = {(s.table, (s.variable or s.variables[0])) for s in factor.steps}
        if factor.medicine is not None:
            tables = {(self.told.medicines.table, self.told.medicines.name)}
        return tuple(
            f"{c.codebooks}{table}_{c.suffix}.htm#{variable}"
            for table, variable in sorted(tables)
            for c in self.people.cycles
            if c.years in cycles
        )


def analyse(folder: Path, knowledge: Knowledge | None = None, progress: Progress | None = None) -> Analysis:
    """Prevalence and odds ratios from the tables in a folder.

    Raises `UnreadableInput`, `InvalidValue`, `UnknownName` or `Contradiction` where the tables of persons or of answers
    are missing or wrong. A factor whose table is missing is left out and named.
    """
    survey = Survey(folder, knowledge)
    ratios, left_out, shares = [], [], list(_overall(survey))
    for number, factor in enumerate(survey.factors, 1):
        if progress is not None:
            progress(factor.name, number, len(survey.factors))
        made = odds_ratio(survey, factor)
        if isinstance(made, OddsRatio):
            ratios.append(made)
            shares += _by_factor(survey, factor)
        else:
            left_out.append(made)
    return Analysis(
        cycles=tuple(c.years for c in survey.people.cycles),
        adults_from=survey.told.adults_from,
        answers=tuple(_answers(survey)),
        prevalence=tuple(shares),
        odds_ratios=tuple(ratios),
        not_computed=tuple(left_out),
        knowledge_version=survey.knowledge.version,
        knowledge_hash=survey.knowledge.digest,
    )


def nhanes_figures(folder: Path) -> dict[str, float]:
    """The figures of docs/validation.json: shares of adults with mild and with more frequent cramps, by cycle."""
    survey = Survey(folder)
    out = {}
    for number, cycle in enumerate(survey.people.cycles):
        for name, level in (("mild", "mild"), ("modsev", "moderate_to_severe")):
            found = share(
                survey.people.designs["interview"],
                survey.level(level),
                survey.adults() & (survey.people.cycle == number),
            )
            assert found is not None
            out[f"nhanes_{name}_{cycle.years[:4]}"] = found.value
    return out


# ---------------------------------------------------------------------------------------------------- odds ratios


def odds_ratio(survey: Survey, factor: Factor) -> OddsRatio | NotComputed:
    """The crude and the adjusted ratio of a factor."""
    value, outcome = survey.value(factor), survey.level(survey.told.outcome.cases)
    design = survey.people.designs[factor.sample]
    within = survey.adults(factor.among) & ~np.isnan(value) & ~np.isnan(outcome) & (design.weight > 0)
    if not within.any():
        return NotComputed(factor=factor.id, why="no table of the folder holds it")
    names = _adjusted_for(survey, factor)
    fits = [survey.fit(outcome, value, n, factor.sample, within) for n in ((), names)]
    crude, adjusted = (fit.ratio(0, factor.per or 1.0) if fit else None for fit in fits)
    cases, exposed = within & (outcome == 1), within & (value == 1)
    told = factor.per is None
    cycles = survey.cycles_of(within)
    return OddsRatio(
        factor=factor.id,
        name=factor.name,
        group=factor.group,
        n=int(within.sum()),
        n_exposed=int(exposed.sum()) if told else None,
        n_cases=int(cases.sum()),
        n_exposed_cases=int((cases & exposed).sum()) if told else None,
        crude=crude.value if crude else None,
        crude_low=crude.low if crude else None,
        crude_high=crude.high if crude else None,
        adjusted=adjusted.value if adjusted else None,
        adjusted_low=adjusted.low if adjusted else None,
        adjusted_high=adjusted.high if adjusted else None,
        design_df=design.df(within),
        crude_df=crude.df if crude else None,
        adjusted_df=adjusted.df if adjusted else None,
        adjusted_for=names,
        sample=factor.sample,
        cycles=cycles,
        few=told and min(int((cases & exposed).sum()), int((exposed & ~cases).sum())) < survey.told.few,
        family=survey.told.families.get(factor.group),
        per=factor.per,
        unit=factor.unit,
        among=_who(factor.among),
        medicine_class=factor.medicine,
        codebooks=survey.codebooks(factor, cycles),
        knowledge=survey.known(factor),
        note=factor.note,
    )


def _adjusted_for(survey: Survey, factor: Factor) -> tuple[str, ...]:
    if factor.adjust is not None:
        return factor.adjust
    one_sex = factor.among is not None and factor.among.sex is not None
    return tuple(name for name in survey.told.adjust if not (one_sex and name == "sex"))


def _who(among: Among | None) -> str | None:
    if among is None:
        return None
    sex = {"female": "women", "male": "men", None: "adults"}[among.sex]
    if among.age is None:
        return sex
    first, last = among.age
    return f"{sex} {first:g}+" if last >= 100 else f"{sex} {first:g}-{last:g}"


# ------------------------------------------------------------------------------------------------------ prevalence


def _overall(survey: Survey) -> Iterator[Prevalence]:
    """By cycle, by age and by sex, every answer and every group of answers."""
    people, told = survey.people, survey.told
    levels = (*told.outcome.answers.values(), *told.outcome.groups)
    sexes = (None, *dict.fromkeys(told.design.sexes.values()))
    for band in told.ages:
        inside = (people.age >= band.first) & (people.age <= (band.last or np.inf))
        for sex in sexes:
            there = inside if sex is None else inside & (people.sex == sex)
            for cycle in (None, *range(len(people.cycles))):
                if cycle is not None and (sex is not None or band.last is not None):
                    continue  # one cycle alone is told for the wide bands of both sexes
                of = there if cycle is None else there & (people.cycle == cycle)
                years = None if cycle is None else people.cycles[cycle].years
                yield from _levels(survey, of, levels, cycle=years, age=band.label, sex=sex)


def _by_factor(survey: Survey, factor: Factor) -> Iterator[Prevalence]:
    """Of the adults with and without a factor."""
    if factor.per is not None:
        return
    value, adults = survey.value(factor), survey.adults(factor.among)
    age = _who(factor.among) or f"{survey.told.adults_from:g}+"
    sex = factor.among.sex if factor.among else None
    for present in (True, False):
        yield from _levels(
            survey, adults & (value == float(present)), tuple(survey.told.outcome.groups),
            age=age.split()[-1], sex=sex, factor=factor.id, present=present, sample=factor.sample,
        )  # fmt: skip


def _levels(
    survey: Survey,
    within: Flags,
    levels: tuple[str, ...],
    *,
    age: str,
    sex: str | None,
    cycle: str | None = None,
    factor: str | None = None,
    present: bool | None = None,
    sample: Sample = "interview",
) -> Iterator[Prevalence]:
    for level in levels:
        found = share(survey.people.designs[sample], survey.level(level), within)
        if found is not None:
            yield Prevalence(
                cycle=cycle, age=age, sex=sex, factor=factor, present=present, level=level, n=found.n,
                count=found.count, share=found.value, low=found.low, high=found.high, design_df=found.df,
            )  # fmt: skip


def _answers(survey: Survey) -> Iterator[Answers]:
    people, outcome = survey.people, survey.told.outcome
    raw = people.column(outcome.table, outcome.variable)
    for number, cycle in enumerate(people.cycles):
        mine, adults = people.cycle == number, survey.adults()
        yield Answers(
            cycle=cycle.years,
            persons=int(mine.sum()),
            adults=int((mine & adults).sum()),
            answered_adults=int((mine & adults & ~np.isnan(people.answer)).sum()),
            counts={name: int((mine & (people.answer == code)).sum()) for code, name in outcome.answers.items()},
            no_answer=int((mine & ~np.isnan(raw) & np.isnan(people.answer)).sum()),
        )
