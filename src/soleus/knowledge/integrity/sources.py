"""Citations: every one leads to a source that can be found, and nothing rests on what must not be quoted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from soleus.evidence.record import Cited, Source
from soleus.inference.facets import Fit
from soleus.knowledge.facets import fits
from soleus.knowledge.integrity.base import Base, Found, advice, rule
from soleus.knowledge.prose_fields import cited, texts
from soleus.knowledge.schema.care import Avoid, Certainty, Check
from soleus.knowledge.schema.core import Contributor, Facet, Likelihood
from soleus.knowledge.schema.medicines import Conflict, Fact

#: Listings of side effects by count say nothing of causes; a source marked so must not be quoted.
_LISTINGS = ("sider",)
_MARK = "do not quote"


def keys_of(part: Any) -> tuple[str, ...]:
    """The source keys that one structure names itself."""
    if isinstance(part, (Cited, Avoid)):
        more = part.prevalence_source if isinstance(part, Contributor) else ()
        via = (part.via,) if isinstance(part, Fact) and part.via else ()
        return (*part.source, *more, *via)
    if isinstance(part, Certainty):
        return (part.rated_by,) if part.rated_by else ()
    return part.conflicting if isinstance(part, Check) else ()


def citations(base: Base) -> Iterator[tuple[str, str, str]]:
    """(kind, id, source key) of every citation, however deep in its record, once a record."""
    yield from dict.fromkeys((kind, id, key) for kind, id, part in base.parts for key in keys_of(part))


@rule
def cited_sources_exist(base: Base) -> Iterator[Found]:
    """Every source that is cited is on record."""
    known = base.knowledge.by_id(Source)
    for kind, id, key in citations(base):
        if key not in known:
            yield Found(kind, id, "source", f"The source {key!r} is not on record.", "Add it to data/sources.")


@advice
def sources_are_used(base: Base) -> Iterator[Found]:
    """Every source is cited by something."""
    used = {key for _, _, key in citations(base)} | {key for t in texts(base.knowledge) for key in cited(t.text)}
    for s in base.all(Source):
        if s.id not in used:
            yield Found("source", s.id, "id", "Nothing cites it.", "Cite it where it was used, or drop it.")


@rule
def sources_can_be_found(base: Base) -> Iterator[Found]:
    """A source has a DOI, PMID, ISBN or address, or its note says that none is known."""
    for s in base.all(Source):
        noted = "identifier not known" in (s.note or "")
        if not (s.doi or s.pmid or s.isbn or s.url or noted):
            yield Found("source", s.id, "doi", "No identifier.", "Look one up, or note `identifier not known`.")


@rule
def nothing_quotes_what_must_not_be_quoted(base: Base) -> Iterator[Found]:
    """No record rests on a listing of side effects, or on a source marked `do not quote`."""
    marked = {s.id for s in base.all(Source) if _MARK in (s.note or "").lower()}
    for kind, id, key in citations(base):
        if key in marked or key.startswith(_LISTINGS):
            yield Found(kind, id, "source", f"{key} must not be quoted.", "Rest it on another, or call it expert.")


@rule
def evidence_names_its_source(base: Base) -> Iterator[Found]:
    """What was measured, or stands in a guideline, names its source."""
    citing = {(kind, id) for kind, id, _ in citations(base)}
    for kind, records in base.records.items():
        for r in records:
            if getattr(r, "basis", "expert") in ("measured", "guideline") and (kind, r.id) not in citing:
                yield Found(kind, r.id, "source", f"Basis {r.basis} without a source.", "Name it, or call it expert.")


@rule
def prevalences_name_their_source(base: Base) -> Iterator[Found]:
    """The prevalence of a contributor that is not expert opinion names a source."""
    for c in base.contributors.values():
        if c.prevalence_basis != "expert" and not c.prevalence_source:
            yield Found(
                "contributor", c.id, "prevalence_source", f"Basis {c.prevalence_basis} without a source.",
                "Name it, or call it expert.",
            )  # fmt: skip


@rule
def derived_figures_say_how(base: Base) -> Iterator[Found]:
    """A derived or qualitative likelihood has a source or a note that says where it comes from."""
    for r in base.all(Likelihood):
        if r.basis in ("derived", "qualitative") and not r.source and not r.note:
            yield Found("likelihood", r.id, "note", f"Basis {r.basis} without source or note.", "Say how.")


@advice
def disagreement_is_recorded(base: Base) -> Iterator[Found]:
    """Facts on one thing in one kind of people whose intervals do not meet are named together in a conflict."""
    groups: dict[tuple[Any, ...], list[Fact]] = defaultdict(list)
    for f in base.all(Fact):
        if f.low is not None and f.high is not None and not f.conflicts:
            groups[f.topic, f.measure, f.unit, f.population, f.age, f.sex].append(f)
    told = [set(c.facts) for c in base.all(Conflict)] + [{c.topic} for c in base.all(Conflict)]
    for (topic, *_), facts in groups.items():
        for a, b in combinations(facts, 2):
            recorded = any({a.id, b.id} <= t or topic in t for t in told)
            if not _meet(a, b) and not recorded and a.source != b.source:
                yield Found("fact", a.id, "conflicts", f"It disagrees with {b.id}.", "Record the choice in a conflict.")


def _meet(a: Fact, b: Fact) -> bool:
    assert a.low is not None
    assert a.high is not None
    assert b.low is not None
    assert b.high is not None
    return a.low <= b.high and b.low <= a.high


@advice
def moved_facets_say_so(base: Base) -> Iterator[Found]:
    """Where a published joint cannot be reached from the published marginals, the facet or the joint says so."""
    by_id = base.knowledge.by_id(Facet)
    for facet, table in _fits(base).items():
        notes = {j.explanation: j.note for j in by_id[facet].joints}
        for s, fit in table.items():
            if fit.moved > 0 and not by_id[facet].conflicts and "moved" not in (notes.get(s) or ""):
                yield Found(
                    "facet", facet, f"joints.{s}",
                    f"Published joint {fit.joint_asked:.3f}, reached {fit.joint_reached:.3f}; "
                    f"marginals moved by up to {fit.moved:.2f} in log-odds.",
                    "Note on the joint what moved and why.",
                )  # fmt: skip


def _fits(base: Base) -> dict[str, dict[str, Fit]]:
    """The facets fitted; none where a record is missing that they need, which other rules name."""
    try:
        return fits(base.records)
    except (KeyError, ValueError):
        return {}
