"""An overlay put on a knowledge base: the numbers that it may change, the rules that it keeps, and the base with it.

What an overlay may change:

    rate          per_100k.<sex>_<band>       new presentations per 100,000 person-years
    contributor   prevalence.<sex>_<band>     share of people who have it
    background    p.<state>                   P(state) among people with a leg complaint
    effect        rho                         ratio; the causal ratio stays, but is never further from 1 than it

A changed record names the overlay among its sources, keeps the published figure in its note, and is ``derived``. Its
spread word is the narrowest that holds for all its numbers, so that one well counted cell lends no precision to others.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from soleus.errors import KnowledgeError
from soleus.evidence.record import Source, Spread
from soleus.knowledge.facets import LOGIT_SD, solve_all
from soleus.knowledge.integrity.base import Fault
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import (
    Bounded,
    Entry,
    Key,
    Kind,
    Overlay,
    Published,
    Unit,
    from_scale,
    on_scale,
    site_words,
    to_scale,
)  # fmt: skip
from soleus.knowledge.schema.core import Background, Contributor, Effect, Facet, Finding, Rate
from soleus.statistics.special import normal_quantile

STRUCTURES: dict[Kind, type[Any]] = {
    "rate": Rate, "contributor": Contributor, "background": Background, "effect": Effect,
}  # fmt: skip
UNITS: dict[Kind, Unit] = {
    "rate": "per_100000_person_years", "contributor": "proportion", "background": "proportion", "effect": "ratio",
}  # fmt: skip
_Z = float(normal_quantile(0.975))


@dataclass(frozen=True)
class Figure:
    """A number as the knowledge base has it. ``sd``: how sure it is, on its scale."""

    kind: Kind
    id: str
    field: str
    published: Published
    sd: float

    @property
    def key(self) -> Key:
        return self.kind, self.id, self.field

    @property
    def unit(self) -> Unit:
        return UNITS[self.kind]

    @property
    def centre(self) -> float:
        """The value on its scale."""
        return to_scale(self.unit, self.published.value)


def figure(knowledge: Knowledge, key: Key) -> Figure | None:
    """The number that a key names; None where there is none, or none that can be moved (0, 1, a necessary cause,
    a ratio without an interval)."""
    kind, id, field = key
    structure = STRUCTURES.get(cast("Kind", kind))
    record = None if structure is None else knowledge.by_id(structure).get(id)
    if record is None:
        return None
    return _figure(knowledge, cast("Kind", kind), record, field)


def figures(knowledge: Knowledge, kind: Kind, id: str) -> Iterator[Figure]:
    """Every number of a record that an overlay may change, in the order of the record."""
    record = knowledge.by_id(STRUCTURES[kind]).get(id)
    for field in () if record is None else _fields(knowledge, record):
        found = _figure(knowledge, kind, record, field)
        if found is not None:
            yield found


def _fields(knowledge: Knowledge, record: Any) -> list[str]:
    match record:
        case Rate():
            return [f"per_100k.{cell}" for cell in record.per_100k]
        case Contributor():
            return [f"prevalence.{cell}" for cell in record.prevalence if cell != "all"]
        case Background():
            return [f"p.{state}" for state in _states(knowledge, record)]
    return ["rho"]


def _states(knowledge: Knowledge, record: Background) -> list[str]:
    return [s.id for s in knowledge.by_id(Finding)[record.id].states]


def _figure(knowledge: Knowledge, kind: Kind, record: Any, field: str) -> Figure | None:
    value, unit = _value(knowledge, record, field), UNITS[kind]
    if value is None or not on_scale(unit, (value,)):
        return None
    basis, source = record.basis, record.source
    if isinstance(record, Contributor):
        basis, source = record.prevalence_basis, record.prevalence_source
    if isinstance(record, Effect):
        if not record.low or not record.high or record.high <= record.low:
            return None
        low, high = record.low, record.high
    else:
        half = _Z * LOGIT_SD[_spread(record)]
        low, high = (from_scale(unit, to_scale(unit, value) + d) for d in (-half, half))
    sd = (to_scale(unit, high) - to_scale(unit, low)) / (2 * _Z)
    return Figure(kind, record.id, field, Published(value=value, low=low, high=high, basis=basis, source=source), sd)


def _value(knowledge: Knowledge, record: Any, field: str) -> float | None:
    part, _, cell = field.partition(".")
    match record:
        case Rate() if part == "per_100k":
            return record.per_100k.get(cell)
        case Contributor() if part == "prevalence" and cell != "all":
            return record.prevalence.get(cell)
        case Background() if part == "p":
            return dict(zip(_states(knowledge, record), record.p, strict=True)).get(cell)
        case Effect() if field == "rho" and not record.necessary:
            return record.rho
    return None


def _spread(record: Any) -> Spread:
    return cast("Spread", record.prevalence_spread if isinstance(record, Contributor) else record.spread)


# --------------------------------------------------------------------------------------------- checking


def check_overlay(overlay: Overlay, knowledge: Knowledge) -> tuple[Fault, ...]:
    """Every rule that an overlay breaks against this knowledge base; without a fault it can be applied.

    That a number moves by more than `_FAR` is only a warning: it may be so here, or records may mean something else.
    """
    return tuple(
        Fault(kind, id, field, rule, message, repair, "warning" if rule == _MOVES_FAR else "fault")
        for rule, (kind, id, field, message, repair) in _breaches(overlay, knowledge)
    )


_MOVES_FAR = "overlay_moves_far"
_FAR = 10.0  # times the published ratio, rate or odds, or its inverse
_Told = tuple[str, str, str, str, str]
_AGAIN = "Learn it again with `soleus population learn`."


def _breaches(overlay: Overlay, knowledge: Knowledge) -> Iterator[tuple[str, _Told]]:
    stamp = overlay.knowledge
    if (stamp.version, stamp.digest) != (knowledge.version, knowledge.digest):
        told = f"Of {stamp.version} ({stamp.digest[:12]}); the base is {knowledge.version} ({knowledge.digest[:12]})."
        yield "overlay_is_of_this_knowledge", ("overlay", overlay.name, "knowledge", told, _AGAIN)
    yield from _sites(overlay)
    seen: set[Key] = set()
    for entry in overlay.entries:
        if entry.key in seen:
            yield "overlay_entry_stands_once", (*entry.key, "The number has a second entry.", "Remove one.")
        seen.add(entry.key)
        for rule, message in _entry_breaches(entry, overlay, knowledge):
            yield rule, (*entry.key, message, _AGAIN)
    yield from _unfinished(overlay, knowledge)
    for n in overlay.not_learnt:
        if n.id is not None and n.kind in STRUCTURES and n.id not in knowledge.by_id(STRUCTURES[n.kind]):
            yield "overlay_ids_exist", (n.kind, n.id, n.field or "id", "No such record.", _AGAIN)


def _sites(overlay: Overlay) -> Iterator[tuple[str, _Told]]:
    names, inputs = [s.name for s in overlay.sites], [s.input for s in overlay.sites]
    if len(set(names)) < len(names) or len(set(inputs)) < len(inputs):
        message = "A site or a database stands twice."
        yield "overlay_site_stands_once", ("overlay", overlay.name, "sites", message, "Combine each database once.")


def _entry_breaches(entry: Entry, overlay: Overlay, knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    here = figure(knowledge, entry.key)
    if here is None:
        yield "overlay_ids_exist", "No such number, or none that an overlay may change."
        return
    if entry.unit != here.unit:
        yield "overlay_units_are_right", f"Unit {entry.unit}; {here.unit} is that of the record."
        return
    if not _same(entry.published, here.published):
        yield (
            "overlay_keeps_the_published",
            f"It says {entry.published.value:g} is published, the record {here.published.value:g}.",
        )
        return
    for name, bounds in (("published", entry.published), ("local", entry.local), ("combined", entry.combined)):
        if not _ordered(bounds) or not on_scale(entry.unit, (bounds.low, bounds.value, bounds.high)):
            yield "overlay_intervals_are_ordered", f"The {name} interval is out of order or off its scale."
            return
    if not _between(entry):
        yield "overlay_combines_by_weight", "The combined value is not the published and the local one by their weight."
    if abs(to_scale(entry.unit, entry.combined.value) - here.centre) > math.log(_FAR):
        yield _MOVES_FAR, f"Combined {entry.combined.value:.3g} is more than {_FAR:g} times from the published figure."
    if entry.local.n < max(overlay.method.smallest_cell, 1):
        yield "overlay_cells_are_not_small", f"It rests on {entry.local.n}, fewer than the smallest cell."
    unknown = set(entry.local.sites) - {s.name for s in overlay.sites}
    if unknown or not entry.local.sites:
        yield "overlay_sites_are_named", "It rests on a site that the overlay does not name."


def _same(told: Bounded, here: Bounded) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-6)
        for a, b in ((told.value, here.value), (told.low, here.low), (told.high, here.high))
    )


def _ordered(b: Bounded) -> bool:
    return b.low <= b.value <= b.high


def _between(entry: Entry) -> bool:
    """Whether the combined value divides the way from the published to the local one as the weight says."""
    published, local, combined = (to_scale(entry.unit, b.value) for b in (entry.published, entry.local, entry.combined))
    return math.isclose(combined, published + entry.weight * (local - published), rel_tol=0, abs_tol=1e-4)


def _unfinished(overlay: Overlay, knowledge: Knowledge) -> Iterator[tuple[str, _Told]]:
    """A distribution is learnt with all its states or not at all."""
    told: dict[str, set[str]] = defaultdict(set)
    for e in overlay.entries:
        if e.kind == "background":
            told[e.id].add(e.field)
    for id, fields in told.items():
        missing = [f.field for f in figures(knowledge, "background", id) if f.field not in fields]
        if missing:
            message = f"No entry for {', '.join(missing)}: the states must add up to 1."
            yield "overlay_has_every_state", ("background", id, "p", message, _AGAIN)


# --------------------------------------------------------------------------------------------- applying


class _Overlaid(Mapping[str, tuple[Any, ...]]):
    """The records of a base with some kinds replaced; the others stay undecoded until they are asked for."""

    def __init__(self, base: Mapping[str, tuple[Any, ...]], changed: Mapping[str, tuple[Any, ...]]) -> None:
        self._base, self._changed = base, changed

    def __getitem__(self, kind: str) -> tuple[Any, ...]:
        return self._changed[kind] if kind in self._changed else self._base[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)


def with_overlay(knowledge: Knowledge, overlay: Overlay) -> Knowledge:
    """The knowledge base with an overlay on it; one without entries changes nothing, and the same base comes back.

    Raises `KnowledgeError` where the overlay breaks a rule of `check_overlay`, or another one lies there already.
    """
    if knowledge.overlay is not None:
        raise KnowledgeError("overlay", "another overlay beneath", "a published base", "Combine the sites instead.")
    faults = [f for f in check_overlay(overlay, knowledge) if f.level == "fault"]
    if faults:
        raise _cannot(overlay, faults)
    if not overlay.entries:
        return knowledge
    changed = _changed(knowledge, overlay)
    records = _Overlaid(knowledge.records, changed)
    facets = solve_all(records) if _touches_facets(knowledge, overlay) else knowledge.facets
    version = f"{knowledge.version}+{overlay.id}"
    return Knowledge(records, facets, version, _digest(knowledge, overlay), overlay)


def _cannot(overlay: Overlay, faults: Sequence[Fault]) -> KnowledgeError:
    first = faults[0]
    more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
    repair = f"{first.repair} `soleus knowledge check --overlay FILE` lists every fault."
    where = f"{overlay.id}: {first.kind} {first.id}, {first.field}"
    return KnowledgeError(where, f"{first.message.rstrip('.')}{more}", "an overlay of this knowledge base", repair)


def _digest(knowledge: Knowledge, overlay: Overlay) -> str:
    return hashlib.sha256(f"{knowledge.digest} {overlay.digest}".encode()).hexdigest()


def _touches_facets(knowledge: Knowledge, overlay: Overlay) -> bool:
    items = {item.finding for facet in knowledge.all(Facet) for item in facet.items}
    return any(e.kind == "background" and e.id in items for e in overlay.entries)


def _changed(knowledge: Knowledge, overlay: Overlay) -> dict[str, tuple[Any, ...]]:
    told: dict[Kind, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for e in overlay.entries:
        told[e.kind][e.id].append(e)
    out: dict[str, tuple[Any, ...]] = {
        kind: tuple(
            _moved(knowledge, r, by_id[r.id], overlay) if r.id in by_id else r for r in knowledge.all(STRUCTURES[kind])
        )
        for kind, by_id in told.items()
    }
    sources = (*knowledge.all(Source), source_of(overlay))
    return out | {"source": tuple(sorted(sources, key=lambda s: s.id))}


def source_of(overlay: Overlay) -> Source:
    """The overlay as a source that can be cited."""
    sites = "; ".join(site_words(s) for s in overlay.sites)
    title = f"Local overlay {overlay.id} on knowledge {overlay.knowledge.version}: {overlay.name}"
    return Source(id=overlay.id, title=title, authors=sites, read="full", note=NOT_REVIEWED_SOURCE)


NOT_REVIEWED_SOURCE = "Learnt from databases by Soleus; not published, reviewed by nobody."


def _moved(knowledge: Knowledge, record: Any, entries: list[Entry], overlay: Overlay) -> Any:
    combined = {e.field.partition(".")[2]: e.combined.value for e in entries}
    fields: dict[str, Any] = {"note": _note(record.note, entries, overlay)}
    fields["source"] = (*record.source, overlay.id)
    fields["basis"] = "derived"
    match record:
        case Rate():
            fields |= {
                "per_100k": record.per_100k | combined,
                "spread": _wide_enough(knowledge, "rate", record, entries),
            }
        case Contributor():
            fields = {
                "note": fields["note"],
                "prevalence": record.prevalence | combined,
                "prevalence_basis": "derived",
                "prevalence_source": (*record.prevalence_source, overlay.id),
                "prevalence_spread": _wide_enough(knowledge, "contributor", record, entries),
            }
        case Background():
            p = [combined.get(state, old) for state, old in zip(_states(knowledge, record), record.p, strict=True)]
            spread = _wide_enough(knowledge, "background", record, entries)
            fields |= {"p": tuple(x / math.fsum(p) for x in p), "spread": spread}
        case Effect():
            (entry,) = entries
            fields |= {"rho": entry.combined.value, "low": entry.combined.low, "high": entry.combined.high}
            fields |= {"causal_rho": _causal(record.causal_rho, entry.combined.value)}
    return msgspec.structs.replace(record, **fields)


def _note(note: str | None, entries: list[Entry], overlay: Overlay) -> str:
    told = "; ".join(
        f"{e.field} published {e.published.value:.3g}, local {e.local.value:.3g}, combined {e.combined.value:.3g}"
        for e in entries
    )
    return " ".join([*([f"{note.rstrip('.')}."] if note else []), f"Local overlay {overlay.id}: {told}."])


def _causal(causal: float | None, rho: float) -> float | None:
    """The causal ratio stays as published, since a signal is no trial; but it is never further from 1 than ``rho``."""
    return None if causal is None else min(max(causal, min(rho, 1.0)), max(rho, 1.0))


def _wide_enough(knowledge: Knowledge, kind: Kind, record: Any, entries: Iterable[Entry]) -> Spread:
    """The narrowest spread word that holds for every number of the record, learnt or not."""
    told = {e.field: _sd(e) for e in entries}
    least = max(told.get(f.field, f.sd) for f in figures(knowledge, kind, record.id))
    words = sorted(LOGIT_SD, key=lambda word: LOGIT_SD[word])
    return next((word for word in words if LOGIT_SD[word] >= least - 1e-3), words[-1])


def _sd(entry: Entry) -> float:
    low, high = (to_scale(entry.unit, b) for b in (entry.combined.low, entry.combined.high))
    return (high - low) / (2 * _Z)
