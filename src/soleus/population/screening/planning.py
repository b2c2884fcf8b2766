"""What a screen looks for in one database, before anybody is counted."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from soleus.errors import UnknownName, near_names
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.prevalence import BANDS
from soleus.population.cohorts.value_sets import definitions, expand
from soleus.population.databases.engine import Table, day
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, people
from soleus.population.screening.screened import EXCLUSIONS, Screened, chosen, screened
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.study import EVERYWHERE, EXPOSURES, Rules, Study, study_of


@dataclass(frozen=True)
class ScreenSettings:
    """What is screened, and how.

    ``markers``: value sets; the first record of one marks that cramps were treated or told. ``index``: value sets to
    look at in place of all classes; ``ingredients``: every ingredient of the database as well. ``sequence`` and
    ``rules``: what counts as a sequence. ``exclude``: value sets; people who have one are left out, besides those that
    the rules leave out. ``stratify``: null ratios by age band and sex. ``rate``: of false discoveries. ``calibrate``:
    by the negative controls, where there are enough. ``step``: least days of a bar of the waiting times.
    """

    markers: tuple[str, ...] = ("quinine",)
    index: tuple[str, ...] = ()
    ingredients: bool = False
    sequence: SequenceSettings = field(default_factory=lambda: SequenceSettings(prior_observation=365, washout=365))
    rules: Rules = field(default_factory=Rules)
    exclude: tuple[str, ...] = (EXCLUSIONS,)
    stratify: bool = True
    rate: float = 0.05
    calibrate: bool = True
    step: int = 30


@dataclass(frozen=True)
class Plan:
    """What is to be counted. ``study`` is None where nobody is observed; its cohorts are places in these two."""

    settings: ScreenSettings
    medicines: tuple[Screened, ...]
    markers: tuple[Screened, ...]
    study: Study | None
    notes: tuple[str, ...]

    def numbers(self, index: str, marker: str) -> tuple[int, int]:
        """The cohorts of a pair by name."""
        return [m.id for m in self.medicines].index(index), [m.id for m in self.markers].index(marker)


def plan_screen(source: Source, knowledge: Knowledge, settings: ScreenSettings) -> Plan:
    """What the vocabulary has of what is asked for, before anybody is counted."""
    wanted, notes = _wanted(source, knowledge, settings)
    markers = _known(source, knowledge, "marker", settings.markers)
    study = _study(source, knowledge, settings, wanted, markers, notes)
    return Plan(settings, tuple(wanted), tuple(markers), study, tuple(notes))


def _known(source: Source, knowledge: Knowledge, what: str, names: Sequence[str]) -> list[Screened]:
    """The value sets, all of which the database knows."""
    known = definitions(knowledge)
    for name in names:
        if name not in known:
            near = near_names(name, sorted(known)).replace("soleus show findings", "soleus population init")
            raise UnknownName(what, repr(name), "a value set of the knowledge base", near)
    found = chosen(source, knowledge, names)
    for value_set in found:
        if not value_set.concepts:
            raise UnknownName(
                what, repr(value_set.id), "one that the vocabulary of this database knows",
                "See what it knows with `soleus population init`; no code is not the same as nobody.",
            )  # fmt: skip
    return found


def _wanted(source: Source, knowledge: Knowledge, settings: ScreenSettings) -> tuple[list[Screened], list[str]]:
    """The medicines, and what must be said of those that are not there."""
    if settings.index:
        return _known(source, knowledge, "index", settings.index), []
    found, lacking = screened(source, knowledge, ingredients=settings.ingredients)
    names = ", ".join(name.removeprefix("medicine.") for name in lacking)
    return found, [f"Classes of which nothing is recorded: {names}."] if lacking else []


def _study(
    source: Source, knowledge: Knowledge, settings: ScreenSettings, wanted: Sequence[Screened],
    markers: Sequence[Screened], notes: list[str],
) -> Study | None:  # fmt: skip
    study = study_of(
        source,
        {n: m.concepts for n, m in enumerate(wanted)},
        {n: m.concepts for n, m in enumerate(markers)},
        settings.sequence,
        _rules(source, knowledge, settings, notes),
        index_tables=_tables(knowledge, wanted),
        marker_tables=_tables(knowledge, markers),
    )
    if study is None or not settings.stratify:
        return study
    return replace(study, strata=strata(source, study.span))


def _tables(knowledge: Knowledge, names: Sequence[Screened]) -> tuple[str, ...]:
    """Medicines are looked for among exposures only."""
    sets = _medicine_sets(knowledge)
    return (
        EXPOSURES if all(m.id in sets or m.id.startswith(("medicine.", "ingredient.")) for m in names) else EVERYWHERE
    )


def _medicine_sets(knowledge: Knowledge) -> frozenset[str]:
    """Value sets that hold medicines alone."""
    return frozenset(
        v.id for v in knowledge.all(ValueSet) if v.medicines and not (v.explanations or v.contributors or v.codes)
    )


def _rules(source: Source, knowledge: Knowledge, settings: ScreenSettings, notes: list[str]) -> Rules:
    """The rules with the concepts of what is excluded by name."""
    if not settings.exclude:
        return settings.rules
    found = expand(source, knowledge, settings.exclude).concepts
    concepts = frozenset(c for some in found.values() for c in some)
    lacking = [name for name in settings.exclude if not found.get(name)]
    if lacking:
        notes.append(f"Nobody could be left out for {', '.join(lacking)}: the vocabulary does not know the codes.")
    return replace(settings.rules, exclude=settings.rules.exclude | concepts)


def strata(source: Source, span: tuple[datetime.date, datetime.date]) -> Table:
    """person_id, stratum: sex and the band of age in the middle of the study; 0 where the birthday is not known."""
    import ibis

    middle = span[0] + (span[1] - span[0]) / 2
    t = people(source)
    age = age_on(t.birth_date, day(middle))
    band = ibis.cases(*((age >= start, n) for n, start in reversed(list(enumerate(BANDS)))), else_=0)
    sex = ibis.cases((t.sex == "female", 1), (t.sex == "male", 2), else_=0)
    number = ibis.ifelse(t.birth_date.isnull(), 0, 1 + 3 * band + sex)
    return t.select("person_id", stratum=number.cast("int64"))
