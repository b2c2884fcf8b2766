"""What the knowledge base says and what a database says, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from soleus.knowledge.overlay import Entry
from soleus.population.reporting.form import KnowledgePart
from soleus.reports import interval_plot
from soleus.reports.population.words import SEXES, age_words, interval, times
from soleus.reports.words import join


@dataclass(frozen=True)
class Beside:
    """A number of the knowledge base, of the database, and the two together. ``weight``: of the database."""

    name: str
    published: str
    here: str
    counted: str
    combined: str
    weight: str
    plot: Markup


@dataclass(frozen=True)
class Group:
    """The numbers of one thing. ``first``: it stands open."""

    id: str
    name: str
    record: str
    basis: str
    sources: str
    first: bool
    scale: Markup
    rows: list[Beside]


#: Kind of number -> heading and what its figures are.
KINDS = {
    "effect": ("Ratios of causes", "How many times as often, with a cause as without it."),
    "rate": ("New presentations", "In 1,000 person-years. Knowledge: brought to primary care. Here: first records."),
    "contributor": (
        "Causes in the population",
        "Per cent of people. Here: corrected for what records miss and invent.",
    ),
    "background": ("Laboratory values", "Per cent of people with a leg complaint whose value was measured near it."),
}


def beside(part: KnowledgePart) -> list[tuple[str, str, list[Group]]]:
    """(heading, caption, groups) for each kind of number; groups of one thing, those that are asked for first."""
    entries = part.overlay.entries if part.overlay else ()
    out = []
    for kind, (heading, caption) in KINDS.items():
        found: dict[str, list[Entry]] = {}
        for e in entries:
            if e.kind == kind:
                found.setdefault(e.id, []).append(e)
        order = sorted(found, key=lambda id: (id not in part.first, str(part.names.get(id, id)).casefold()))
        if found:
            axis = _times_axis(e for told in found.values() for e in told)
            if kind == "effect":  # one number each: together they are read at a glance
                groups = [_group(part, "", [e for id in order for e in found[id]], axis)]
            else:
                groups = [_group(part, id, found[id], axis) for id in order]
            out.append((heading, caption, groups))
    return out


def _times_axis(entries: Iterable[Entry]) -> interval_plot.Axis:
    ends = sorted(end / e.published.value for e in entries for end in (e.local.low, e.local.high) if end > 0)
    return interval_plot.ratios(end for end in ends if 0.1 < end < 10)


def _group(part: KnowledgePart, id: str, entries: Sequence[Entry], axis: interval_plot.Axis) -> Group:
    rows = [_beside(e, axis, "" if id else part.names.get(e.id, e.id)) for e in entries]
    sources = dict.fromkeys(part.sources.get(key, key) for e in entries for key in e.published.source)
    bases = dict.fromkeys(e.published.basis for e in entries)
    return Group(
        id=f"{entries[0].kind}-{id.replace('.', '-')}",
        name=part.names.get(id, id) if id else "Of night cramps",
        record=f"{entries[0].kind}/{id}" if id else "",
        basis=join(list(bases)),
        sources=join(list(sources)) if sources else "",
        first=not id or id in part.first,
        scale=interval_plot.scale(axis),
        rows=rows,
    )


def _beside(e: Entry, axis: interval_plot.Axis, name: str) -> Beside:
    scale = {"per_100000_person_years": 1 / 100, "proportion": 100, "ratio": 1}[e.unit]
    told = (interval(*times(scale, b.value, b.low, b.high)) for b in (e.published, e.local, e.combined))
    published, here, combined = told
    against = times(1 / e.published.value, e.local.value, e.local.low, e.local.high)
    of = "" if e.local.of is None else f" in {e.local.of:,.0f}"
    return Beside(
        name=name or _cell(e.field),
        published=published,
        here=here,
        counted=f"{e.local.n:,}{of}",
        combined=combined,
        weight=f"{100 * e.weight:.0f} %",
        plot=interval_plot.row(axis, *against),
    )


def _cell(field: str) -> str:
    """per_100k.f_65_79 and prevalence.female_65_plus as Women, 65–79; a state of a finding as it is called."""
    what, _, cell = field.partition(".")
    if what == "rho":
        return "ratio"
    sex, _, age = cell.partition("_")
    if what not in ("per_100k", "prevalence") or not age:
        return (cell or what).replace("_", " ")
    return (
        f"{SEXES[{'f': 'female', 'm': 'male'}.get(sex, sex)]}, {age_words(age.replace('_plus', '+').replace('_', '-'))}"
    )


def reasons(part: KnowledgePart) -> list[tuple[str, int]]:
    """Why numbers were not learnt, and of how many."""
    missing = part.overlay.not_learnt if part.overlay else ()
    return Counter(x.why for x in missing).most_common()
