"""Making a report on one database, part by part.

Each part is kept as soon as it is whole, so that a run that was broken off goes on where it stopped. A part that cannot
be made for a reason that lies in the database says so, and the others are made all the same.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from soleus.errors import InvalidValue, UnreadableInput, near_names
from soleus.evidence.record import Source as Publication
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import Entry, NotLearnt, Overlay, overlay_text
from soleus.knowledge.schema.core import Contributor, Explanation, Finding
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohort import Cohort, sentence
from soleus.population.engine import Row
from soleus.population.manifest import SMALLEST_CELL, Manifest, made_of, suppress, whole_file, write_rows
from soleus.population.report import (
    OVERLAY,
    REPORT,
    CohortPart,
    CohortsPart,
    Fault,
    FrequenciesPart,
    Frequency,
    FrequencyPart,
    KnowledgePart,
    Made,
    Missing,
    Part,
    QualityPart,
    Report,
    Size,
    StepRow,
)
from soleus.population.source import Source
from soleus.population.value_sets import Expansion, concepts_for, definitions, expand

P = TypeVar("P", bound=Part)
Progress = Callable[[str], None]
Tables = Mapping[str, Sequence[Row]]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is shown: `report.yaml`. ``rates``: value set -> the explanation whose presentations it counts."""

    cohorts: tuple[Cohort, ...]
    frequencies: tuple[str, ...]
    gap_days: int
    prior_observation_days: int
    rates: dict[str, str]


def shipped_plan(**changes: Any) -> Plan:
    """The plan of `report.yaml`, with changes. Raises `InvalidValue`."""
    tree = yaml.safe_load((Path(__file__).parent / "report.yaml").read_text(encoding="utf-8")) | changes
    try:
        return msgspec.convert(tree, Plan)
    except msgspec.ValidationError as error:
        raise InvalidValue("report", str(error), "the settings of report.yaml", "Correct the field.") from None


@dataclass(frozen=True)
class Work:
    """What every part is made from."""

    source: Source
    knowledge: Knowledge
    plan: Plan
    folder: Path
    least: int = SMALLEST_CELL
    tell: Progress = field(default=lambda _: None)

    @cached_property
    def expansion(self) -> Expansion:
        """Every value set in the vocabulary of the database: looked up once, where a part asks for it."""
        self.tell("Looking for value sets")
        return expand(self.source, self.knowledge)


def make_report(
    source: Source,
    knowledge: Knowledge,
    folder: Path,
    *,
    title: str,
    today: datetime.date,
    plan: Plan | None = None,
    least: int = SMALLEST_CELL,
    tell: Progress = lambda _: None,
) -> Report:
    """The report in ``folder``, its tables as JSON, Parquet and CSV. Raises `UnreadableInput` where there is nobody."""
    work = Work(source, knowledge, plan or shipped_plan(), folder, least, tell)
    settings = {"command": "report", "title": title, "least": least, "plan": msgspec.to_builtins(work.plan)}
    made = made_of(source, settings, (knowledge.version, knowledge.digest))
    manifest = Manifest(folder, made)
    quality = _kept(work, manifest, "quality", QualityPart, _quality)
    cohorts = _kept(work, manifest, "cohorts", CohortsPart, _cohorts)
    frequencies = _kept(work, manifest, "frequencies", FrequenciesPart, _frequencies)
    beside = _kept(work, manifest, "knowledge", KnowledgePart, partial(_beside, title=title, shown=frequencies))
    report = Report(
        title=title,
        about=dict(source.about),
        made_on=today,
        made=_made(made, source, least),
        quality=quality,
        cohorts=cohorts,
        frequencies=frequencies,
        knowledge=beside,
    )
    _write(folder / REPORT, report)
    manifest.finish("report", {})
    return report


def _made(made: Mapping[str, Any], source: Source, least: int) -> Made:
    return Made(
        code=made["code"],
        knowledge_version=made["knowledge"]["version"],
        knowledge_digest=made["knowledge"]["digest"],
        engine=source.engine.name,
        kind=source.kind,
        input=made["input"],
        least=least,
    )


def _kept(work: Work, manifest: Manifest, name: str, form: type[P], make: Callable[[Work], tuple[P, Tables]]) -> P:
    """The part as an earlier run left it, else made now and kept with its tables."""
    path = work.folder / f"{name}.part.json"
    if manifest.done(name):
        try:
            return msgspec.json.decode(path.read_bytes(), type=form)
        except (OSError, msgspec.MsgspecError):
            pass  # the manifest says more than there is: it is made again
    work.tell(name.capitalize())
    part, tables = make(work)
    for table, rows in tables.items():
        if rows:
            write_table(work.folder, table, rows)
    _write(path, part)
    manifest.finish(name, {table: len(rows) for table, rows in tables.items()})
    return part


def _write(path: Path, what: msgspec.Struct) -> None:
    with whole_file(path) as file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=1))


def write_table(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """The rows as JSON, Parquet and CSV; None is an empty field of the CSV."""
    import pyarrow as pa
    import pyarrow.csv as csv

    write_rows(folder, name, rows)
    with whole_file(folder / f"{name}.csv") as file:
        csv.write_csv(pa.Table.from_pylist([dict(row) for row in rows]), str(file))


# ----------------------------------------------------------------------------------------- quality


def _quality(work: Work) -> tuple[QualityPart, Tables]:
    """Raises `UnreadableInput` where there is nobody: no part could say anything."""
    from soleus.population.quality import quality

    found = quality(work.source)
    people = next(size for size in found.sizes if size.table == "person")
    if not people.rows:
        raise UnreadableInput("table person", "no rows", "a database with people in it", "Export it again.")
    sizes = [size._asdict() for size in found.sizes]
    sizes = suppress(sizes, ["people"], within=("table",), drop={"people": ("rows",)}, least=work.least)
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


def _cohorts(work: Work) -> tuple[CohortsPart, Tables]:
    parts = []
    for cohort in work.plan.cohorts:
        work.tell(cohort.name)
        parts.append(_cohort(work, cohort))
    rows = [
        {"cohort": part.id, "name": part.name, **msgspec.to_builtins(step)} for part in parts for step in part.steps
    ]
    return CohortsPart(cohorts=tuple(parts)), {"attrition": rows}


def _cohort(work: Work, cohort: Cohort) -> CohortPart:
    from soleus.population.attrition import shown_steps
    from soleus.population.cohorts import members

    told: dict[str, Any] = {"id": cohort.id, "name": cohort.name, "sentence": sentence(cohort)}
    concepts = concepts_for(work.source, cohort, work.expansion)
    for name in cohort.names:
        if name not in concepts:
            return CohortPart(
                **told, why_not=f"No value set is called {name}. {near_names(name, sorted(work.expansion.concepts))}"
            )
    sizes = {name: len(found) for name, found in concepts.items()}
    if not any(concepts[name] for name in cohort.entry):
        return CohortPart(**told, concepts=sizes, why_not=_unknown(cohort.entry))
    steps = shown_steps(members(work.source, cohort, concepts).steps, work.least)
    return CohortPart(**told, concepts=sizes, steps=tuple(StepRow(**step) for step in steps))


def _unknown(names: Sequence[str]) -> str:
    return (
        f"The vocabulary of this database knows no code of {' or '.join(names)}. "
        "That is not the same as nobody: nobody can be seen to have it."
    )


# --------------------------------------------------------------------------------------- frequencies


def _frequencies(work: Work) -> tuple[FrequenciesPart, Tables]:
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
    from soleus.population.prevalence import count_cells, frequencies, hidden_frequencies

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
        return FrequencyPart(**told, why_not=_unknown([name]))
    cells = count_cells(
        work.source, concepts, gap_days=plan.gap_days, prior_observation_days=plan.prior_observation_days
    )
    if not cells:
        return FrequencyPart(**told, concepts=len(concepts), why_not="Nobody is under observation on any day.")

    def rows(*by: str) -> tuple[Frequency, ...]:
        found = hidden_frequencies([asdict(f) for f in frequencies(cells, by=by)], by, work.least)
        return tuple(msgspec.convert(row, Frequency) for row in found)

    (total,) = rows()
    return FrequencyPart(**told, concepts=len(concepts), total=total, by_age=rows("age", "sex"), by_year=rows("year"))


# ----------------------------------------------------------------------------- beside the knowledge


def _beside(work: Work, title: str, shown: FrequenciesPart) -> tuple[KnowledgePart, Tables]:
    """What the knowledge base says and what this database says, on the same scale; written as an overlay as well."""
    from soleus.population.learning_locally import learn
    from soleus.population.local_counts import LearningSettings

    settings = LearningSettings(smallest_cell=work.least)
    overlay = without_hidden(
        learn(work.source, work.knowledge, title, settings, step=work.tell), shown, work.plan.rates, work.least
    )
    with whole_file(work.folder / OVERLAY) as file:
        file.write_text(overlay_text(overlay), encoding="utf-8")
    part = KnowledgePart(
        overlay=overlay,
        names=_names(work.knowledge, overlay),
        sources=_cited(work.knowledge, {key for e in overlay.entries for key in e.published.source}),
        first=tuple(work.plan.rates.values()),
        why_not="" if overlay.entries else "Nothing of this database could be set beside the knowledge base.",
    )
    return part, {"beside": [_flat(e) for e in overlay.entries]}


def without_hidden(overlay: Overlay, shown: FrequenciesPart, rates: Mapping[str, str], least: int) -> Overlay:
    """The overlay without the rates that would tell a cell that the tables of frequencies hide, or a small difference.

    Both count the same people by sex and age; what one hides the other must not show.
    """
    cells = {
        ("rate", explanation, _field(row)): row.cases
        for part in shown.sets
        for name, explanation in rates.items()
        if part.value_set == name
        for row in part.by_age
    }
    gone = [e for e in overlay.entries if e.key in cells and not _agrees(cells[e.key], e.local.n, least)]
    lacking = tuple(NotLearnt(kind=e.kind, id=e.id, field=e.field, why=_HIDDEN_ELSEWHERE) for e in gone)
    kept = tuple(e for e in overlay.entries if e not in gone)
    return msgspec.structs.replace(overlay, entries=kept, not_learnt=(*overlay.not_learnt, *lacking))


_HIDDEN_ELSEWHERE = "The cell is small, or would give a small one away: it is hidden."


def _agrees(cases: int | None, n: int, least: int) -> bool:
    return cases is not None and not 0 < abs(cases - n) < least


def _field(row: Frequency) -> str:
    """female, 18-39 as the rates of the knowledge base call it: per_100k.f_18_39."""
    return f"per_100k.{(row.sex or '')[:1]}_{(row.age or '').replace('-', '_').replace('+', '_plus')}"


def _flat(entry: Entry) -> Row:
    """An entry as one row."""
    out: Row = {"kind": entry.kind, "id": entry.id, "field": entry.field, "unit": entry.unit}
    for name in ("published", "local", "combined"):
        bounds = getattr(entry, name)
        out |= {name: bounds.value, f"{name}_low": bounds.low, f"{name}_high": bounds.high}
    return out | {"n": entry.local.n, "of": entry.local.of, "weight": entry.weight}


def _names(knowledge: Knowledge, overlay: Overlay) -> dict[str, str]:
    """What the ids of the entries are called."""
    kinds = (knowledge.all(Finding), knowledge.all(Contributor), knowledge.all(Explanation))
    known: dict[str, str] = {r.id: r.name for records in kinds for r in records}
    found = {e.id: known.get(e.id.partition(".")[0], e.id) for e in overlay.entries}
    return dict(sorted(found.items()))


def _cited(knowledge: Knowledge, ids: Collection[str]) -> dict[str, str]:
    """Each source by its first author and year: Garrison SR 2012."""
    return {p.id: _short(p) for p in knowledge.all(Publication) if p.id in ids}


def _short(source: Publication) -> str:
    first = (source.authors or source.title).split(",")[0].strip()
    return f"{first[:40]} {source.year}" if source.year else first[:40]
