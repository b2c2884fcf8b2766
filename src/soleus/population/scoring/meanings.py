"""What the concepts that a database uses say of a person: the same as one record's codes say (`reasoning.intake`).

A code that is itself known says what it says best; any other concept says what the vocabulary puts it under. A code
of a complaint says nothing besides. Of medicines the narrowest count: the substance, and its class where only that is
told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from soleus.clinical.case import Condition
from soleus.evidence.record import Code
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.records import ResultCode, SymptomCode
from soleus.population.cohorts.value_sets import Definition, definitions, expand_definitions
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Source
from soleus.reasoning.compiled import Compiled, loose_form
from soleus.reasoning.intake import code_fit, find_contributor
from soleus.reasoning.medicines import medicine_index

#: Rows of a vocabulary asked for at once.
_AT_ONCE = 100_000


@dataclass(frozen=True)
class Meanings:
    """Concept -> what it says; concepts that say nothing here are left out.

    ``tells``: finding or contributor -> states that the codes of complaints give, and the legs that they name.
    ``units``: (concept, unit) pairs of results as the database writes them.
    """

    contributors: Mapping[int, frozenset[str]]
    tells: Mapping[int, frozenset[tuple[str, str]]]
    legs: Mapping[int, frozenset[str]]
    medicines: Mapping[int, frozenset[str]]
    tests: Mapping[int, str]
    units: tuple[tuple[int, str | None], ...]


def meanings_of(source: Source, compiled: Compiled) -> Meanings:
    """What the concepts of events, exposures and results say. Reads what is used, and the vocabulary of it."""
    knowledge = compiled.knowledge
    wanted = _definitions(knowledge)
    concepts = expand_definitions(source, knowledge, wanted)
    events, exposures = (_used(source, name) for name in ("event", "exposure"))
    units = _units(source)
    symptoms = _symptoms(source, compiled, _inverted(concepts, "symptom.", events), events)
    contributors = _inverted(concepts, "contributor.", events - symptoms.keys())
    tests = _inverted(concepts, "finding.", {concept for concept, _ in units})
    return Meanings(
        _named_best(source, compiled, contributors, events - symptoms.keys()),
        {c: frozenset((t, s) for x in found for t, s in x.tells.items()) for c, found in symptoms.items()},
        {c: frozenset(x.leg for x in found if x.leg) for c, found in symptoms.items()},
        _narrowest(knowledge, _inverted(concepts, "medicine.", exposures)),
        {c: min(found) for c, found in tests.items()},
        tuple((c, unit) for c, unit in units if c in tests),
    )


def _definitions(knowledge: Knowledge) -> list[Definition]:
    known = [d for name, d in definitions(knowledge).items() if name.startswith("medicine.")]
    own = [Definition(f"contributor.{c.id}", c.name, c.codes) for c in knowledge.all(Contributor)]
    told = [Definition(f"symptom.{s.id}", s.id, s.codes) for s in knowledge.all(SymptomCode)]
    return [d for d in (*known, *own, *told, *_tests(knowledge)) if d.codes]


def _tests(knowledge: Knowledge) -> Iterator[Definition]:
    """Findings by the codes of their results; nothing narrower, which may be of another specimen."""
    from soleus.knowledge.schema.core import Finding

    codes: dict[str, list[Code]] = defaultdict(list)
    for record in knowledge.all(ResultCode):
        if record.finding:
            codes[record.finding].append(record.code)
    for finding in knowledge.all(Finding):
        if finding.kind == "numeric":
            found = (*finding.codes, *codes[finding.id])
            yield Definition(f"finding.{finding.id}", finding.name, found, narrower=False)


def _used(source: Source, table: str) -> set[int]:
    used = source.tables[table].select("concept").distinct()
    return {row["concept"] for row in source.engine.rows(used)} - {0}


def _units(source: Source) -> list[tuple[int, str | None]]:
    rows = source.engine.rows(source.result.select("concept", "unit").distinct())
    return sorted(((row["concept"], row["unit"]) for row in rows if row["concept"]), key=str)


def _inverted(concepts: Mapping[str, Collection[int]], kind: str, used: Collection[int]) -> dict[int, frozenset[str]]:
    """Concept in use -> the names after ``kind`` of the sets that hold it."""
    out: dict[int, set[str]] = defaultdict(set)
    for name, found in concepts.items():
        if name.startswith(kind):
            for concept in found if len(found) < len(used) else used:
                if concept in used and concept in found:
                    out[concept].add(name.removeprefix(kind))
    return {concept: frozenset(names) for concept, names in out.items()}


def _vocabulary(source: Source, concepts: Collection[int]) -> Iterator[Row]:
    """concept, system, code, name of these concepts."""
    wanted = sorted(concepts)
    for at in range(0, len(wanted), _AT_ONCE):
        part = source.engine.table({"concept": "int"}, [(c,) for c in wanted[at : at + _AT_ONCE]])
        yield from source.engine.rows(source.concept.semi_join(part, "concept"))


def _symptoms(
    source: Source, compiled: Compiled, below: Mapping[int, frozenset[str]], used: Collection[int]
) -> dict[int, tuple[SymptomCode, ...]]:
    """The complaints of a concept: by its own code and words, else those that it falls under."""
    records = {s.id: s for s in compiled.knowledge.all(SymptomCode)}
    words = {loose_form(w): s for s in records.values() for w in s.words}
    known = {(c.system, c.code) for s in records.values() for c in s.codes}
    out = {concept: tuple(records[n] for n in sorted(names)) for concept, names in below.items()}
    for row in _vocabulary(source, used):
        named = [words[loose_form(row["name"])]] if row["name"] and loose_form(row["name"]) in words else []
        best = []
        if _may_fit(row, known):
            given = Condition(name="", code=row["code"], system=row["system"])
            fits = [(fit, s.id) for s in records.values() for code in s.codes if (fit := code_fit(code, given))]
            best = [records[max(fits)[1]]] if fits else []
        if best or named:
            out[row["concept"]] = tuple({s.id: s for s in (*best, *named)}.values())
    return out


def _named_best(
    source: Source, compiled: Compiled, below: Mapping[int, frozenset[str]], used: Collection[int]
) -> dict[int, frozenset[str]]:
    """The contributor that a concept's own name or code says, else all that it falls under."""
    known = {(c.system, c.code) for contributor in compiled.contributors.values() for c in contributor.codes}
    out = dict(below)
    for row in _vocabulary(source, used):
        code = row["code"] if _may_fit(row, known) else None
        found = find_contributor(compiled, Condition(name=row["name"] or "", code=code, system=row["system"]))
        if found:
            out[row["concept"]] = frozenset({found})
    return out


def _may_fit(row: Row, known: Collection[tuple[str, str]]) -> bool:
    """Whether a code can be one of those, or fall under one: most of a vocabulary cannot, and is not compared."""
    system = row["system"] or ""
    return bool(row["code"]) and (system.startswith("icd10") or (system, row["code"]) in known)


def _narrowest(knowledge: Knowledge, found: Mapping[int, frozenset[str]]) -> dict[int, frozenset[str]]:
    """Medicines without the classes of others among them."""
    index, records = medicine_index(knowledge), knowledge.by_id(Medicine)
    above = {m: {x.id for x in index.lineage(record)} - {m} for m, record in records.items()}
    return {c: names - {a for m in names for a in above[m]} for c, names in found.items()}
