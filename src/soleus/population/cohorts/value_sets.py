"""Value sets of the knowledge base, expanded against the vocabulary of the database at hand.

A definition is a set of codes. Besides the records of kind `value_set` every explanation, contributor and medicine
that has codes is one: `explanation.restless_legs_syndrome`, `contributor.diuretic_loop`, `medicine.statin` (a class
holds its members). Codes find concepts; what a code maps to and what the vocabulary puts below it come with them.
Codes of ICD and ATC also find the codes that begin with them. Medicines that no code finds are looked up by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from soleus.evidence.record import Code
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor, Explanation
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.value_sets import ValueSet
from soleus.population.cohorts.cohort import Cohort, ConceptSet
from soleus.population.databases.engine import Table
from soleus.population.databases.source import Source
from soleus.reasoning.medicines import medicine_index

How = Literal["code", "name"]
TREES = ("icd10cm", "icd10", "icd9cm", "icd11", "atc")  # a code is the beginning of the narrower ones


@dataclass(frozen=True)
class Definition:
    """What to look for: codes that are in, codes that are out, and whether narrower ones count."""

    id: str
    name: str
    codes: tuple[Code, ...]
    exclude: tuple[Code, ...] = ()
    narrower: bool = True


class Found(NamedTuple):
    """A row of the report: how many concepts of the database a code led to; 0: the vocabulary does not know it."""

    value_set: str
    system: str
    code: str
    concepts: int


@dataclass(frozen=True)
class Expansion:
    """Value set -> concepts, and what was and was not found. ``by_name``: medicines found by their name alone."""

    concepts: Mapping[str, frozenset[int]]
    report: tuple[Found, ...]
    by_name: Mapping[str, int]

    @property
    def empty(self) -> tuple[str, ...]:
        """Value sets of which nothing is in this database's vocabulary."""
        return tuple(sorted(name for name, found in self.concepts.items() if not found))


def definitions(knowledge: Knowledge) -> dict[str, Definition]:
    """Every definition by id, records of kind `value_set` first. Made once."""
    return knowledge.once(_definitions)


def _definitions(knowledge: Knowledge) -> dict[str, Definition]:
    derived = dict(_derived(knowledge))
    out = {}
    for record in knowledge.all(ValueSet):
        lent = [("explanation", e) for e in record.explanations] + [("contributor", c) for c in record.contributors]
        lent += [("medicine", m) for m in record.medicines]
        codes = [c for kind, name in lent if f"{kind}.{name}" in derived for c in derived[f"{kind}.{name}"].codes]
        out[record.id] = Definition(
            record.id, record.name, _distinct((*codes, *record.codes)), record.exclude, record.narrower
        )
    return out | derived


def _derived(knowledge: Knowledge) -> Iterator[tuple[str, Definition]]:
    for e in knowledge.all(Explanation):
        if e.codes:
            yield f"explanation.{e.id}", Definition(f"explanation.{e.id}", e.name, e.codes)
    for m, codes in _medicine_codes(knowledge).items():
        if codes:
            yield f"medicine.{m.id}", Definition(f"medicine.{m.id}", m.name, _distinct(codes))
    taken = _contributor_codes(knowledge)
    for c in knowledge.all(Contributor):
        codes = [*c.codes, *taken.get(c.id, ())]
        if codes:
            yield f"contributor.{c.id}", Definition(f"contributor.{c.id}", c.name, _distinct(codes))


def _medicine_codes(knowledge: Knowledge) -> dict[Medicine, list[Code]]:
    """Each medicine with its codes and those of all below it."""
    index = medicine_index(knowledge)
    out: dict[str, list[Code]] = defaultdict(list)
    for m in knowledge.all(Medicine):
        for above in dict.fromkeys(x.id for x in index.lineage(m)):
            out[above] += m.codes
    return {m: out[m.id] for m in knowledge.all(Medicine)}


def _contributor_codes(knowledge: Knowledge) -> dict[str, list[Code]]:
    """Contributor -> the codes of the medicines that make it."""
    index, out = medicine_index(knowledge), defaultdict[str, list[Code]](list)
    for m in knowledge.all(Medicine):
        for contributor in index.contributors(m):
            out[contributor] += m.codes
    return out


def _distinct(codes: Iterable[Code]) -> tuple[Code, ...]:
    return tuple({(c.system, c.code): c for c in codes}.values())


# ------------------------------------------------------------------------------------------- expanding


def expand(source: Source, knowledge: Knowledge, names: Collection[str] | None = None) -> Expansion:
    """The concepts of these value sets (None: all), and how they were found."""
    known = definitions(knowledge)
    wanted = [known[name] for name in (sorted(known) if names is None else names) if name in known]
    whole, alone, below, named = _expanded(source, knowledge, wanted)
    report = tuple(
        Found(d.id, c.system, c.code, len((below if d.narrower else alone)[c.system, c.code]))
        for d in wanted
        for c in d.codes
    )
    return Expansion(whole, report, {name: len(found) for name, found in sorted(named.items())})


def expand_definitions(source: Source, knowledge: Knowledge, wanted: Sequence[Definition]) -> dict[str, frozenset[int]]:
    """The concepts of any definitions, those of the knowledge base or others; medicines by name as well."""
    return _expanded(source, knowledge, wanted)[0]


def _expanded(
    source: Source, knowledge: Knowledge, wanted: Sequence[Definition]
) -> tuple[dict[str, frozenset[int]], _Reach, _Reach, dict[str, set[int]]]:
    """The concepts of each definition, what each code reached, and what was found by name alone."""
    codes = sorted({(str(c.system), c.code) for d in wanted for c in (*d.codes, *d.exclude)})
    alone, below = _reached(source, codes)
    concepts = {d.id: _concepts_of(d, below if d.narrower else alone, below) for d in wanted}
    named = _by_name(source, knowledge, concepts)
    whole = {name: frozenset(found | named.get(name, set())) for name, found in concepts.items()}
    return whole, alone, below, named


_Reach = Mapping[tuple[str, str], set[int]]


def _concepts_of(definition: Definition, reach: _Reach, below: _Reach) -> set[int]:
    found = {c for code in definition.codes for c in reach[code.system, code.code]}
    return found - {c for code in definition.exclude for c in below[code.system, code.code]} - {0}


def _reached(source: Source, codes: list[tuple[str, str]]) -> tuple[_Reach, _Reach]:
    """Code -> its own concepts and what they map to; code -> those and all below them."""
    alone, below = (defaultdict[tuple[str, str], set[int]](set) for _ in range(2))
    start = _matched(source, codes)
    mapped = start.inner_join(source.maps, "concept").select("key", concept="standard")
    start = start.union(mapped.filter(mapped.concept.notnull())).distinct()
    under = start.inner_join(source.descends, start.concept == source.descends.ancestor)
    under = under.filter(under.descendant.notnull()).select("key", concept="descendant").distinct()
    for row in source.engine.rows(start):
        alone[codes[row["key"]]].add(row["concept"])
        below[codes[row["key"]]].add(row["concept"])
    for row in source.engine.rows(under):
        below[codes[row["key"]]].add(row["concept"])
    return alone, below


def _matched(source: Source, codes: list[tuple[str, str]]) -> Table:
    """key, concept: the concepts that have the code, or one that begins with it."""
    exact = [(n, system, code) for n, (system, code) in enumerate(codes)]
    keys = source.engine.table({"key": "int", "its_system": "str", "its_code": "str"}, exact)
    c = source.concept
    found = keys.inner_join(c, [keys.its_system == c.system, keys.its_code == c.code]).select("key", "concept")
    trees = [(n, s, *_range(code)) for n, (s, code) in enumerate(codes) if s in TREES]
    ranges = {"key": "int", "its_system": "str", "low": "str", "high": "str", "width": "int"}
    r = source.engine.table(ranges, trees)
    t = r.inner_join(c.filter(c.system.isin(TREES)), [r.its_system == c.system])
    start = t.code.substr(0, t.width)
    return found.union(t.filter(start >= t.low, start <= t.high).select("key", "concept")).distinct()


def _range(code: str) -> tuple[str, str, int]:
    """`C00-C96` and `G47.6` as the first and last beginning, and their length."""
    low, _, high = code.partition("-")
    return low, high or low, len(low)


def _by_name(source: Source, knowledge: Knowledge, concepts: Mapping[str, set[int]]) -> dict[str, set[int]]:
    """Medicines in use that no code led to, by their names."""
    reached = {c for name, found in concepts.items() if name.startswith(("medicine.", "contributor.")) for c in found}
    index, out = medicine_index(knowledge), defaultdict[str, set[int]](set)
    used = source.exposure.select("concept").distinct().inner_join(source.concept, "concept").select("concept", "name")
    belongs = _owners(knowledge, concepts)
    for row in source.engine.rows(used):
        if row["concept"] in reached or not row["name"]:
            continue
        for medicine in index.find_all(row["name"]):
            names = {f"medicine.{m.id}" for m in index.lineage(medicine)}
            names |= {f"contributor.{c}" for c in index.contributors(medicine)}
            for name in {value_set for n in names for value_set in belongs(n)}:
                out[name].add(row["concept"])
    return {name: found for name, found in out.items() if name in concepts}


def _owners(knowledge: Knowledge, concepts: Mapping[str, set[int]]) -> Callable[[str], set[str]]:
    """Which value sets a derived one is part of: itself, and the records that name it."""
    out: dict[str, set[str]] = defaultdict(set)
    for record in knowledge.all(ValueSet):
        for name in (*(f"medicine.{m}" for m in record.medicines), *(f"contributor.{c}" for c in record.contributors)):
            out[name].add(record.id)
    return lambda name: out[name] | {name} if name in concepts else out[name]


def concepts_for(source: Source, cohort: Cohort, expansion: Expansion) -> dict[str, frozenset[int]]:
    """The concepts of every value set that a cohort names, its own sets included."""
    own = {name: expand_set(source, found) for name, found in cohort.sets.items()}
    return {name: found for name, found in (dict(expansion.concepts) | own).items() if name in cohort.names}


def expand_set(source: Source, wanted: ConceptSet) -> frozenset[int]:
    """A set of concepts by number, with what is narrower where that is asked for."""
    inside = set(wanted.include) | _below(source, wanted.include_narrower)
    return frozenset(inside - set(wanted.exclude) - _below(source, wanted.exclude_narrower))


def _below(source: Source, concepts: tuple[int, ...]) -> set[int]:
    if not concepts:
        return set()
    t = source.descends.filter(source.descends.ancestor.isin(sorted(concepts)))
    return {row["descendant"] for row in source.engine.rows(t.select("descendant").distinct())} | set(concepts)
