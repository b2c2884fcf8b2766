"""OMOP CDM 5.3 and 5.4, from a database or a folder of Parquet or CSV.

Columns that both versions have are enough, and a missing one is a `Lack` unless nothing can be done without it. Records
without a standard concept are taken by their source concept. A birthday without month or day is put at 1 July or at
the 15th. An exposure without an end ends with its days of supply (at most ten years); one with neither has no end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soleus.errors import UnreadableInput
from soleus.population.databases.codes import VOCABULARIES
from soleus.population.databases.engine import Engine, Expr, Table, as_date, as_float, as_int, as_text, days_between
from soleus.population.databases.source import Lack, Source, Tables, lowered, missing, need, of_somebody

MILLIGRAM = 8576  # of the vocabulary UCUM
MALE, FEMALE = 8507, 8532  # concepts of the vocabulary Gender
#: A supply of more days than this is taken for an error of writing, and for this long.
LONGEST_SUPPLY_DAYS = 3650
_VERSIONS = ("5.3", "5.4")
#: The tables that events come from, and the beginning of their columns' names.
_EVENTS = {"condition_occurrence": "condition", "procedure_occurrence": "procedure", "observation": "observation"}


def read_omop(engine: Engine, tables: Tables, where: str) -> Source:
    """Raises `UnknownName` for what is missing, `UnreadableInput` for a version before 5.3."""
    reader = _Reader(engine, tables, [])
    about = reader.about()
    made = {
        "person": reader.person(),
        "period": reader.period(),
        "exposure": reader.exposure(),
        "event": reader.event(),
        "result": reader.result(),
        "death": reader.death(),
        "concept": reader.concept(),
        "descends": reader.pairs("descends", "concept_ancestor", "ancestor_concept_id", "descendant_concept_id"),
        "maps": reader.maps(),
    }
    if (dose := reader.dose()) is not None:
        made["dose"] = dose
    return Source(engine, "omop", where, {n: of_somebody(t) for n, t in made.items()}, tuple(reader.lacks), about)


@dataclass(frozen=True)
class _Reader:
    engine: Engine
    tables: Tables
    lacks: list[Lack]

    def about(self) -> Mapping[str, str]:
        """What the database says of itself; nothing where it says nothing."""
        if "cdm_source" not in self.tables:
            return {}
        table = lowered(self.tables["cdm_source"]())
        wanted = [c for c in ("cdm_source_name", "cdm_version", "vocabulary_version", "cdm_release_date") if c in table]
        rows = self.engine.rows(table.select(*wanted).limit(1)) if wanted else []
        said = {name: str(value) for name, value in (rows[0] if rows else {}).items() if value}
        version = said.get("cdm_version", "5.3").lower().removeprefix("v").strip()
        if version and not version.startswith(_VERSIONS):
            raise UnreadableInput("table cdm_source", f"version {version}", "OMOP CDM 5.3 or 5.4", "Convert it first.")
        return said

    def _open(self, name: str, columns: Sequence[str]) -> Table:
        table = lowered(self.tables[name]())
        need(table, name, tuple(columns))
        return table

    def _column(self, table: Table, name: str, shape: str, column: str, consequence: str) -> Expr | None:
        """A column that may be missing; None, and a lack, if it is."""
        if name in table.columns:
            return table[name]
        self.lacks.append(Lack(shape, column, consequence))
        return None

    def person(self) -> Table:
        if "person" not in self.tables:
            return missing(self.engine, "person", "person", self.lacks)
        table = self._open("person", ("person_id", "gender_concept_id", "year_of_birth"))
        sex = as_int(table.gender_concept_id).cases((MALE, "male"), (FEMALE, "female"), else_=None)
        return table.select(person_id=as_int(table.person_id), birth_date=_birth(table), sex=sex.cast("string"))

    def period(self) -> Table:
        if "observation_period" not in self.tables:
            return missing(self.engine, "period", "observation_period", self.lacks)
        columns = ("person_id", "observation_period_start_date", "observation_period_end_date")
        table = self._open("observation_period", columns)
        person, start, end = (table[c] for c in columns)
        return table.select(person_id=as_int(person), start=as_date(start), end=as_date(end))

    def exposure(self) -> Table:
        if "drug_exposure" not in self.tables:
            return missing(self.engine, "exposure", "drug_exposure", self.lacks)
        table = self._open("drug_exposure", ("person_id", "drug_concept_id", "drug_exposure_start_date"))
        start = as_date(table.drug_exposure_start_date)
        return table.select(
            person_id=as_int(table.person_id), concept=_concept(table, "drug"), start=start, end=self._end(table, start)
        )

    def _end(self, table: Table, start: Expr) -> Expr:
        import ibis

        end = self._column(table, "drug_exposure_end_date", "exposure", "end", "Medicines last a day each.")
        known = ibis.null("date") if end is None else as_date(end)
        if "days_supply" not in table.columns:
            return known
        days = as_int(table.days_supply)
        last = start + ibis.least(ibis.greatest(days - 1, 0), LONGEST_SUPPLY_DAYS).as_interval("D")
        return ibis.coalesce(known, ibis.ifelse(days > 0, last.cast("date"), ibis.null("date")))

    def dose(self) -> Table | None:
        """Milligrams a day of each exposure to a medicine of one ingredient, for `Source.tables`; None if not told.

        The quantity times the amount in one unit, over the days of supply, else the days of the exposure. Liquids and
        inhalers, of which a concentration is told and no amount, have no dose here.
        """
        import ibis

        if not {"drug_exposure", "drug_strength"} <= self.tables.keys():
            return None
        table = lowered(self.tables["drug_exposure"]())
        strength = self._amounts()
        if "quantity" not in table.columns or strength is None:
            return None
        start = as_date(table.drug_exposure_start_date)
        end = as_date(table.drug_exposure_end_date) if "drug_exposure_end_date" in table.columns else start
        supply = as_int(table.days_supply) if "days_supply" in table.columns else ibis.null("int64")
        t = table.select(
            person_id=as_int(table.person_id), concept=_concept(table, "drug"), drug=as_int(table.drug_concept_id),
            start=start, quantity=as_float(table.quantity),
            days=ibis.coalesce(ibis.ifelse(supply > 0, supply, ibis.null("int64")), days_between(end, start) + 1),
        )  # fmt: skip
        t = t.filter(t.quantity > 0, t.days > 0).inner_join(strength, "drug")
        return t.select("person_id", "concept", "start", dose=t.quantity * t.amount / t.days)

    def _amounts(self) -> Table | None:
        """drug, amount: milligrams in a unit, of medicines with one ingredient."""
        t = lowered(self.tables["drug_strength"]())
        columns = ("drug_concept_id", "ingredient_concept_id", "amount_value", "amount_unit_concept_id")
        if not set(columns) <= set(t.columns):
            return None
        drug, amount, unit = as_int(t.drug_concept_id), as_float(t.amount_value), as_int(t.amount_unit_concept_id)
        t = t.select(drug=drug, part=as_int(t.ingredient_concept_id), amount=amount, unit=unit)
        t = t.group_by("drug").aggregate(
            parts=t.part.nunique(), amount=t.amount.max(), least=t.amount.min(), rows=t.count(),
            told=((t.unit == MILLIGRAM) & (t.amount > 0)).cast("int64").sum(),
        )  # fmt: skip
        return t.filter(t.parts == 1, t.told == t.rows, t.least == t.amount).select("drug", "amount")

    def event(self) -> Table:
        found = [self._events(name, stem) for name, stem in _EVENTS.items() if name in self.tables]
        for name in sorted(_EVENTS.keys() - self.tables.keys()):
            self.lacks.append(Lack("event", name, f"What is recorded in {name} is not seen."))
        if not found:
            return missing(self.engine, "event", "condition_occurrence", self.lacks)
        union = found[0]
        for other in found[1:]:
            union = union.union(other)
        return union

    def _events(self, name: str, stem: str) -> Table:
        date = f"{stem}_start_date" if stem == "condition" else f"{stem}_date"
        table = self._open(name, ("person_id", f"{stem}_concept_id", date))
        return table.select(person_id=as_int(table.person_id), concept=_concept(table, stem), date=as_date(table[date]))

    def result(self) -> Table:
        if "measurement" not in self.tables:
            return missing(self.engine, "result", "measurement", self.lacks)
        needed = ("person_id", "measurement_concept_id", "measurement_date", "value_as_number")
        table = self._with_units(self._open("measurement", needed))
        return table.select(
            person_id=as_int(table.person_id),
            concept=_concept(table, "measurement"),
            date=as_date(table.measurement_date),
            value=as_float(table.value_as_number),
            unit=self._unit(table),
        )

    def _unit(self, table: Table) -> Expr:
        """The UCUM code of the unit's concept, else the unit as it is written, else the concept's number as text."""
        import ibis

        written = self._column(table, "unit_source_value", "result", "unit", "Units are known by their concept only.")
        told = [table.its_unit, ibis.null("string") if written is None else as_text(written)]
        if "unit_concept_id" in table.columns:
            told.append(as_int(table.unit_concept_id).nullif(0).cast("string"))
        return ibis.coalesce(*told)

    def _with_units(self, table: Table) -> Table:
        """The measurements with ``its_unit``: what the vocabulary calls the concept of the unit."""
        import ibis

        if "concept" not in self.tables or "unit_concept_id" not in table.columns:
            return table.mutate(its_unit=ibis.null("string"))
        concepts = self._open("concept", ("concept_id", "vocabulary_id", "concept_code"))
        units = concepts.filter(concepts.vocabulary_id == "UCUM")
        units = units.group_by(its_concept=as_int(units.concept_id)).aggregate(
            its_unit=as_text(units.concept_code).min()
        )
        joined = table.left_join(units, as_int(table.unit_concept_id) == units.its_concept)
        return joined.drop("its_concept")  # a join that is closed: what is joined to it later finds its columns

    def death(self) -> Table:
        if "death" not in self.tables:
            return missing(self.engine, "death", "death", self.lacks)
        table = self._open("death", ("person_id", "death_date"))
        return table.select(person_id=as_int(table.person_id), date=as_date(table.death_date))

    def concept(self) -> Table:
        if "concept" not in self.tables:
            return missing(self.engine, "concept", "concept", self.lacks)
        columns = ("concept_id", "vocabulary_id", "concept_code", "concept_name")
        table = self._open("concept", columns)
        number, vocabulary, code, name = (table[c] for c in columns)
        system = vocabulary.cases(*VOCABULARIES.items(), else_=vocabulary)
        return table.select(concept=as_int(number), system=system, code=as_text(code), name=as_text(name))

    def pairs(self, shape: str, name: str, one: str, other: str) -> Table:
        if name not in self.tables:
            return missing(self.engine, shape, name, self.lacks)
        table = self._open(name, (one, other))
        return table.select(ancestor=as_int(table[one]), descendant=as_int(table[other]))

    def maps(self) -> Table:
        if "concept_relationship" not in self.tables:
            return missing(self.engine, "maps", "concept_relationship", self.lacks)
        table = self._open("concept_relationship", ("concept_id_1", "concept_id_2", "relationship_id"))
        kept = table.filter(table.relationship_id == "Maps to")
        return kept.select(concept=as_int(kept.concept_id_1), standard=as_int(kept.concept_id_2))


def _birth(table: Table) -> Expr:
    """The birthday: as written, else of its parts."""
    import ibis

    month, day = (
        ibis.coalesce(as_int(table[name]), ibis.null("int64")) if name in table.columns else ibis.null("int64")
        for name in ("month_of_birth", "day_of_birth")
    )
    made = _day(as_int(table.year_of_birth), ibis.coalesce(month, 7),
                ibis.coalesce(day, ibis.ifelse(month.isnull(), 1, 15)))  # fmt: skip
    if "birth_datetime" not in table.columns:
        return made
    return ibis.coalesce(as_date(table.birth_datetime), made)


def _day(year: Expr, month: Expr, day: Expr) -> Expr:
    """The date of these numbers; missing where there is no such day, where an engine would raise."""
    import ibis

    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    short = ibis.ifelse(month == 2, ibis.ifelse(leap, 29, 28), 31)
    last = ibis.ifelse(month.isin([4, 6, 9, 11]), 30, short)
    there = year.between(1, 9999) & month.between(1, 12) & day.between(1, last)
    made = ibis.date(*(ibis.ifelse(there, part, 1) for part in (year, month, day)))
    return ibis.ifelse(there, made, ibis.null("date"))


def _concept(table: Table, stem: str) -> Expr:
    """The standard concept, else the source's, else 0 or missing.

    The column as it stands, where there is no other: an engine then looks for concepts while it reads.
    """
    import ibis

    standard = as_int(table[f"{stem}_concept_id"])
    source = f"{stem}_source_concept_id"
    if source not in table.columns:
        return standard
    return ibis.coalesce(standard.nullif(0), as_int(table[source]), 0)
