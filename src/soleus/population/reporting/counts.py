"""The parts of a report that count: quality, cohorts with their attrition, and how common things are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from soleus.errors import UnreadableInput, near_names
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.cohort import Cohort, sentence
from soleus.population.cohorts.prevalence import MADE, Cell, count_cells, hidden_frequencies
from soleus.population.cohorts.value_sets import concepts_for, definitions
from soleus.population.databases.engine import Row
from soleus.population.reporting.form import (
    CohortPart,
    CohortsPart,
    Fault,
    FrequenciesPart,
    Frequency,
    FrequencyPart,
    Missing,
    QualityPart,
    Size,
    StepRow,
)
from soleus.population.reporting.work import Tables, Work, unknown
from soleus.population.results.manifest import shown_sizes, suppress


def quality_part(work: Work) -> tuple[QualityPart, Tables]:
    """Raises `UnreadableInput` where there is nobody: no part could say anything."""
    from soleus.population.databases.quality import quality

    found = quality(work.source)
    people = next(size for size in found.sizes if size.table == "person")
    if not people.rows:
        raise UnreadableInput("table person", "no rows", "a database with people in it", "Export it again.")
    sizes = shown_sizes(found.sizes, work.least)
    faults = suppress([c._asdict() for c in found.found], ["found"], within=("table", "fault"), least=work.least)
    named = work.expansion.concepts
    part = QualityPart(
        sizes=tuple(Size(**row) for row in sizes),
        faults=tuple(Fault(**row) for row in faults),
        checks=len(found.checks),
        lacks=tuple(Missing(f"{x.table}.{x.column}" if x.column else x.table, x.consequence) for x in found.lacks),
        value_sets=len(named),
        value_sets_found=sum(map(bool, named.values())),
        medicines_by_name=sum(work.expansion.by_name.values()),
    )
    return part, {"quality_tables": sizes, "quality_faults": faults}


# ----------------------------------------------------------------------------------------- cohorts


def cohorts_part(work: Work) -> tuple[CohortsPart, Tables]:
    parts = []
    for cohort in work.plan.cohorts:
        work.tell(cohort.name)
        parts.append(_cohort(work, cohort))
    rows = [
        {"cohort": part.id, "name": part.name, **msgspec.to_builtins(step)} for part in parts for step in part.steps
    ]
    return CohortsPart(cohorts=tuple(parts)), {"attrition": rows}


def _cohort(work: Work, cohort: Cohort) -> CohortPart:
    from soleus.population.cohorts.attrition import shown_steps
    from soleus.population.cohorts.members import members

    told: dict[str, Any] = {"id": cohort.id, "name": cohort.name, "sentence": sentence(cohort)}
    concepts = concepts_for(work.source, cohort, work.expansion)
    for name in cohort.names:
        if name not in concepts:
            return CohortPart(
                **told, why_not=f"No value set is called {name}. {near_names(name, sorted(work.expansion.concepts))}"
            )
    sizes = {name: len(found) for name, found in concepts.items()}
    if not any(concepts[name] for name in cohort.entry):
        return CohortPart(**told, concepts=sizes, why_not=unknown(cohort.entry))
    steps = shown_steps(members(work.source, cohort, concepts).steps, work.least)
    return CohortPart(**told, concepts=sizes, steps=tuple(StepRow(**step) for step in steps))


# --------------------------------------------------------------------------------------- frequencies


def frequencies_part(work: Work) -> tuple[FrequenciesPart, Tables]:
    parts = []
    for name in work.plan.frequencies:
        work.tell(name)
        parts.append(_frequency(work, name))
    rows = [
        {"value_set": part.value_set, "by": by, **msgspec.to_builtins(row)}
        for part in parts
        for by, found in (("age and sex", part.by_age), ("year", part.by_year))
        for row in found
    ]
    return FrequenciesPart(sets=tuple(parts)), {"frequencies": rows}


def _frequency(work: Work, name: str) -> FrequencyPart:
    plan, known = work.plan, work.knowledge.by_id(ValueSet).get(name)
    told: dict[str, Any] = {
        "value_set": name,
        "name": known.name if known else definitions(work.knowledge)[name].name,
        "meaning": known.meaning if known else "",
        "gap_days": plan.gap_days,
        "prior_days": plan.prior_observation_days,
    }
    concepts = work.expansion.concepts.get(name, frozenset())
    if not concepts:
        return FrequencyPart(**told, why_not=unknown([name]))
    cells = count_cells(
        work.source, concepts, gap_days=plan.gap_days, prior_observation_days=plan.prior_observation_days
    )
    if not cells:
        return FrequencyPart(**told, concepts=len(concepts), why_not="Nobody is under observation on any day.")

    (total,), by_age, by_year = (
        tuple(msgspec.convert(row, Frequency) for row in rows) for rows in _shown(cells, work.least)
    )
    return FrequencyPart(**told, concepts=len(concepts), total=total, by_age=by_age, by_year=by_year)


def _shown(cells: Sequence[Cell], least: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Everybody, by age and sex, and by year, with small cells hidden.

    The report tells no totals of ages or sexes alone. The tables have their sum in common and nothing else, so that
    each hides for itself what could be solved for in it; where one hides the sum, the other shows nothing that adds up
    to it.
    """
    total, by_age = hidden_frequencies(cells, [(), ("age", "sex")], least, totals=False)
    (by_year,) = hidden_frequencies(cells, [("year",)], least)
    for count in ("with_it", "cases"):
        if total[0][count] is None:
            by_year = [row | dict.fromkeys(MADE[count]) | {count: None} for row in by_year]
    return total, by_age, by_year
