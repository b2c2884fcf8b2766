"""The plain twin of `cohorts.value_sets`: each code looked up in a loop, each hierarchy walked row by row."""

from __future__ import annotations

from collections.abc import Sequence

from soleus.evidence.record import Code
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.value_sets import TREES, Definition
from soleus.population.judges.plain import Database
from soleus.reasoning.medicines import medicine_index


def expand_definitions(
    database: Database, knowledge: Knowledge, wanted: Sequence[Definition]
) -> dict[str, frozenset[int]]:
    """The concepts of each definition, medicines that no code finds by their names."""
    by_code = {d.id: concepts_of(database, d) for d in wanted}
    by_name = _by_name(database, knowledge, by_code)
    return {name: frozenset(found | by_name[name]) for name, found in by_code.items()}


def concepts_of(database: Database, definition: Definition) -> set[int]:
    """What the codes that are in lead to, without what those that are out lead to."""
    inside, outside = set[int](), {0}
    for code in definition.codes:
        inside |= reached(database, code, definition.narrower)
    for code in definition.exclude:
        outside |= reached(database, code, narrower=True)
    return inside - outside


def reached(database: Database, code: Code, narrower: bool) -> set[int]:
    """The concepts of a code, what they map to, and what is below any of these."""
    found = {
        number for number, system, its_code, _ in database.concept if system == code.system and _is(its_code, code)
    }
    found |= {standard for number, standard in database.maps if number in found and standard is not None}
    if not narrower:
        return found
    return found | {below for above, below in database.descends if above in found and below is not None}


def _is(its_code: str | None, code: Code) -> bool:
    """The same code; of a tree also one that begins with it, or lies between the ends of its range."""
    if its_code is None:
        return False
    if its_code == code.code:
        return True
    first, _, last = code.code.partition("-")
    return code.system in TREES and first <= its_code[: len(first)] <= (last or first)


def _by_name(database: Database, knowledge: Knowledge, by_code: dict[str, set[int]]) -> dict[str, set[int]]:
    """The concepts of exposures that no code of a medicine led to, by the medicine that their names tell."""
    coded = {c for name, found in by_code.items() if name.startswith(("medicine.", "contributor.")) for c in found}
    index, out = medicine_index(knowledge), {name: set[int]() for name in by_code}
    used = {e.concept for e in database.exposure}
    for number, _, _, told in database.concept:
        if number not in used or number in coded or not told:
            continue
        for medicine in index.find_all(told):
            owners = {f"medicine.{m.id}" for m in index.lineage(medicine)}
            owners |= {f"contributor.{c}" for c in index.contributors(medicine)}
            for name in out.keys() & (owners | _records_of(knowledge, owners)):
                out[name].add(number)
    return out


def _records_of(knowledge: Knowledge, owners: set[str]) -> set[str]:
    """Value sets of the knowledge base that name one of these medicines or contributors."""
    return {
        record.id
        for record in knowledge.all(ValueSet)
        if owners & {*(f"medicine.{m}" for m in record.medicines), *(f"contributor.{c}" for c in record.contributors)}
    }
