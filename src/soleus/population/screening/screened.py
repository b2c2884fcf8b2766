"""What a screen looks at: the classes of medicines of the knowledge base, ingredients, and negative controls.

A class is what its value set holds in the database at hand. An ingredient of the database is a concept of RxNorm that
a recorded medicine lies below and that nothing of RxNorm lies above; a medicine without such a concept is its own
ingredient. Two names that hold the same concepts are one test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.medicines import Fact, Medicine
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.value_sets import expand
from soleus.population.databases.source import Source
from soleus.reasoning.medicines import medicine_index

CONTROLS = "negative_controls"
EXCLUSIONS = "sequence_exclusions"
_INGREDIENT_SYSTEMS = ("rxnorm", "rxnorm extension")


@dataclass(frozen=True)
class Published:
    """A published sequence ratio of the medicine with quinine: the fact of the knowledge base."""

    fact: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Screened:
    """A medicine of a screen. ``control``: all of it is a negative control; ``fits``: it is one of those that the
    distribution of the controls is taken from, so that no record is counted twice there."""

    id: str
    name: str
    concepts: frozenset[int]
    control: bool = False
    fits: bool = False
    published: Published | None = None
    contributors: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()


def screened(source: Source, knowledge: Knowledge, *, ingredients: bool = False) -> tuple[list[Screened], list[str]]:
    """The medicines of a screen, in order, and the classes of which this database has no record.

    Concepts that no record uses are left out, so that classes which differ in them alone are one.
    """
    classes = [m for m in knowledge.all(Medicine) if m.level == "class" and m.id != CONTROLS]  # which is no class
    leaves = list(_leaves(knowledge))
    used = _used(source)
    known = expand(source, knowledge, [f"medicine.{m.id}" for m in (*classes, *(m for m, _ in leaves))]).concepts
    found = {name: concepts & used for name, concepts in known.items()}
    fitting = _fitting(leaves, found)
    controls = frozenset(c for m in fitting for c in found[f"medicine.{m.id}"])
    out = [_screened(knowledge, m, found.get(f"medicine.{m.id}", frozenset())) for m in (*classes, *fitting)]
    out = list({s.id: s for s in out}.values())
    if ingredients:
        out += _ingredients(source)
    marked = [replace(s, control=bool(s.concepts) and s.concepts <= controls) for s in out if s.concepts]
    names = {f"medicine.{m.id}" for m in fitting}
    marked = [replace(s, fits=s.id in names) for s in marked]
    lacking = sorted({f"medicine.{m.id}" for m in classes} - {s.id for s in marked})
    return _distinct(marked, knowledge), lacking


def chosen(source: Source, knowledge: Knowledge, names: Collection[str]) -> list[Screened]:
    """Value sets by name, as they were asked for; one that the database does not know has no concepts."""
    found, medicines = expand(source, knowledge, names).concepts, knowledge.by_id(Medicine)
    out = []
    for name in names:
        record, concepts = medicines.get(name.removeprefix("medicine.")), found.get(name, frozenset())
        known = record is not None and name.startswith("medicine.")
        out.append(_screened(knowledge, record, concepts) if record and known else Screened(name, name, concepts))
    return out


def _leaves(knowledge: Knowledge) -> Iterator[tuple[Medicine, Medicine]]:
    """Each ingredient of the negative controls with the record that it was named by, which may be itself."""
    records, index = knowledge.by_id(Medicine), medicine_index(knowledge)
    for name in knowledge.by_id(ValueSet)[CONTROLS].medicines:
        named = records[name]
        below = [
            m for m in knowledge.all(Medicine)
            if m.level == "ingredient" and m is not named and name in {x.id for x in index.lineage(m)}
        ]  # fmt: skip
        yield from ((m, named) for m in (*below, named))


def _fitting(leaves: Iterable[tuple[Medicine, Medicine]], found: Mapping[str, frozenset[int]]) -> list[Medicine]:
    """Ingredients that the database has; the class in place of its ingredients where it has none of them."""
    by_name: dict[str, list[Medicine]] = defaultdict(list)
    for medicine, named in leaves:
        if found.get(f"medicine.{medicine.id}") and (medicine is not named or not by_name[named.id]):
            by_name[named.id].append(medicine)
    return [m for members in by_name.values() for m in members]


def _screened(knowledge: Knowledge, medicine: Medicine, concepts: frozenset[int]) -> Screened:
    contributors = medicine_index(knowledge).contributors(medicine)
    return Screened(
        f"medicine.{medicine.id}",
        medicine.name,
        concepts,
        published=_published(knowledge).get(medicine.id),
        contributors=contributors,
    )


def _published(knowledge: Knowledge) -> Mapping[str, Published]:
    return knowledge.once(_sequence_ratios)


def _sequence_ratios(knowledge: Knowledge) -> dict[str, Published]:
    """Medicine -> its published sequence ratio."""
    return {
        f.topic: Published(f.id, f.value, f.low, f.high)
        for f in knowledge.all(Fact)
        if f.measure == "sequence_ratio" and f.value is not None
    }


def _ingredients(source: Source) -> Iterator[Screened]:
    """Every ingredient that is recorded, by its name."""
    belongs = _tops(source)
    concepts = defaultdict[int, set[int]](set)
    for concept, tops in belongs.items():
        for top in tops:
            concepts[top].add(concept)
    names = _names(source, concepts)
    for top in sorted(concepts, key=lambda c: (names.get(c, ""), c)):
        yield Screened(f"ingredient.{top}", names.get(top) or f"concept {top}", frozenset(concepts[top]))


def _used(source: Source) -> frozenset[int]:
    return frozenset(row["concept"] for row in source.engine.rows(source.exposure.select("concept").distinct()))


def _tops(source: Source) -> dict[int, set[int]]:
    """Recorded concept -> its ingredients, or itself."""
    used = source.exposure.filter(source.exposure.concept != 0).select("concept").distinct()
    drugs = source.concept.filter(source.concept.system.isin(_INGREDIENT_SYSTEMS)).select(above="concept").distinct()
    pairs = source.descends.inner_join(drugs, source.descends.ancestor == drugs.above)
    pairs = pairs.select("ancestor", "descendant").distinct()
    under = pairs.filter(pairs.ancestor != pairs.descendant).select(lower="descendant").distinct()
    tops = pairs.anti_join(under, pairs.ancestor == under.lower)
    found = used.left_join(tops, used.concept == tops.descendant).select("concept", "ancestor")
    out = defaultdict[int, set[int]](set)
    for row in source.engine.rows(found):
        out[row["concept"]].add(row["concept"] if row["ancestor"] is None else row["ancestor"])
    return out


def _names(source: Source, concepts: Collection[int]) -> dict[int, str]:
    wanted = source.engine.table({"concept": "int"}, [(c,) for c in sorted(concepts)])
    rows = source.engine.rows(source.concept.semi_join(wanted, "concept").select("concept", "name"))
    return {row["concept"]: row["name"] or "" for row in rows}


def _distinct(found: Iterable[Screened], knowledge: Knowledge) -> list[Screened]:
    """One of those that hold the same concepts, which names the others: a negative control, else the widest class."""
    groups: dict[frozenset[int], list[Screened]] = defaultdict(list)
    for s in found:
        groups[s.concepts].append(s)
    out = []
    for same in groups.values():
        first = min(same, key=lambda s: (not s.fits, s.published is None, _above(knowledge, s.id)))
        out.append(replace(first, same_as=tuple(s.id for s in same if s is not first)))
    return out


def _above(knowledge: Knowledge, name: str) -> int:
    """How many classes a medicine belongs to; what is no medicine of the knowledge base comes last."""
    medicine = knowledge.by_id(Medicine).get(name.removeprefix("medicine."))
    return 1000 if medicine is None else len(set(medicine_index(knowledge).lineage(medicine)))
