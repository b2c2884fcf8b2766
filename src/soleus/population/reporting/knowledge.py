"""What the knowledge base says and what a database says, side by side: an overlay learnt from this database alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from soleus.evidence.record import Source as Publication
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import Entry, NotLearnt, Overlay, overlay_text
from soleus.knowledge.schema.core import Contributor, Explanation, Finding
from soleus.population.databases.engine import Row
from soleus.population.reporting.form import OVERLAY, FrequenciesPart, Frequency, KnowledgePart, SignalsPart
from soleus.population.reporting.work import Tables, Work
from soleus.population.results.manifest import whole_file


def knowledge_part(
    work: Work, title: str, shown: FrequenciesPart, signals: SignalsPart
) -> tuple[KnowledgePart, Tables]:
    """What the knowledge base says and what this database says, on the same scale; written as an overlay as well."""
    from soleus.population.learning.counts import LearningSettings
    from soleus.population.learning.overlays import learn

    settings = LearningSettings(smallest_cell=work.least)
    learnt = learn(work.source, work.knowledge, title, settings, signals.signals, step=work.tell)
    overlay = without_hidden(learnt, shown, work.plan.rates, work.least)
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
    return f"{first} {source.year}" if source.year else first
