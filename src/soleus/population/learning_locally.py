"""Learning locally: from the counts of one database, or the aggregates of several, to an overlay on the knowledge.

    database ── local_counts ──► counts ── small cells hidden ──► Aggregates ──┐     one JSON file a site
    database ── a screen ──────► calibrated ratios ─────────────► Aggregates ──┤
                                                                               ▼
         each number at each site  y, se    logarithm of a rate or ratio, log-odds of a share
         across sites              mean     random effects, restricted maximum likelihood
         towards the published     weight   (s0^2 + tau^2) / (s0^2 + tau^2 + se^2)            ──► Overlay

s0 is how sure the published number is, tau how far local truths of its kind lie from published ones, by maximum
likelihood over all that were learnt (empirical Bayes). Aggregates hold no row of a person. A site alone gives the same
overlay as its database does, because that way goes through its aggregates too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from soleus.errors import InputError, KnowledgeError
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import Bounded, Entry, Local, Method, NotLearnt, Overlay, Published, from_scale
from soleus.knowledge.overlaying import Figure, figure, figures
from soleus.knowledge.schema.core import Contributor
from soleus.population.local_counts import LearningSettings
from soleus.population.site_aggregates import Aggregates, Signal, SiteCount, count_site
from soleus.population.source import Source
from soleus.reasoning.assess import software_version
from soleus.statistics.shrinkage import between_settings, combine, shrink

DIGITS: Final = 6
_DIGITS_PUBLISHED: Final = 9
_PER: Final = 100_000  # person-years of a rate
_FAR = 2.0  # typical ratio of local to published rates, or its inverse, at which the overlay warns
_DESCRIPTION = (
    "Random effects across sites (restricted maximum likelihood); towards the published value by precision, with the "
    "scatter of local truths around published ones by maximum likelihood over all numbers of a kind."
)


class _Estimate(Struct, frozen=True):
    """A number at one site, on its scale."""

    site: str
    value: float
    se: float
    n: int
    of: float | None


def overlay_of(sites: Sequence[Aggregates], knowledge: Knowledge, name: str | None = None) -> Overlay:
    """One overlay from the aggregates of one or more sites.

    Raises `InputError` where a site or a database stands twice, or sites were counted in different ways,
    `KnowledgeError` where one counted with another knowledge base.
    """
    _fit_together(sites, knowledge)
    estimates, lacking = _estimates(sites, knowledge)
    learnt = {f.key: (f, estimates[f.key]) for f in _whole(knowledge, estimates, lacking)}
    tau, entries = {}, []
    for kind in dict.fromkeys(key[0] for key in learnt):
        scatter, made = _entries([pair for key, pair in learnt.items() if key[0] == kind])
        tau[kind] = _rounded(scatter)
        entries += made
    return Overlay(
        name=name or "; ".join(s.site.name for s in sites),
        knowledge=sites[0].knowledge,
        software=software_version(),
        sites=tuple(s.site for s in sites),
        method=Method(
            settings=dict(sites[0].settings),
            between_settings=tau,
            smallest_cell=max(s.smallest_cell for s in sites),
            description=_DESCRIPTION,
        ),
        warnings=tuple(_warnings(entries)),
        entries=tuple(sorted(entries, key=lambda e: e.key)),
        not_learnt=tuple(lacking),
    )


def learn(
    source: Source,
    knowledge: Knowledge,
    name: str,
    settings: LearningSettings | None = None,
    signals: Iterable[Signal] | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Overlay:
    """The overlay of one database; the arguments are those of `count_site`."""
    return overlay_of([count_site(source, knowledge, name, settings, signals, step)], knowledge)


def _fit_together(sites: Sequence[Aggregates], knowledge: Knowledge) -> None:
    if not sites:
        raise InputError("learn", "no site", "aggregates of at least one site", "Name their files.")
    for what, values in (("name", [s.site.name for s in sites]), ("database", [s.site.input for s in sites])):
        twice = next((v for v in values if values.count(v) > 1), None)
        if twice is not None:
            told = f"the same {what} twice" + (f", {twice!r}" if what == "name" else "")
            raise InputError("learn", told, "each site once", "Leave one out, or name it with --site.")
    for s in sites:
        if (s.knowledge.version, s.knowledge.digest) != (knowledge.version, knowledge.digest):
            found = f"counts for knowledge {s.knowledge.version} ({s.knowledge.digest[:12]})"
            expected = f"{knowledge.version} ({knowledge.digest[:12]})"
            raise KnowledgeError(s.site.name, found, expected, "Count there again with this knowledge base.")
        if _comparable(s) != _comparable(sites[0]):
            raise InputError(
                s.site.name, "other settings than at the first site", "one way of counting", "Count again."
            )


def _comparable(s: Aggregates) -> dict[str, Any]:
    return {name: value for name, value in s.settings.items() if name != "index_day"}


_Estimates = dict[tuple[str, str, str], list[_Estimate]]


def _estimates(sites: Sequence[Aggregates], knowledge: Knowledge) -> tuple[_Estimates, list[NotLearnt]]:
    """What each site says of each number, and what it cannot say."""
    found: _Estimates = defaultdict(list)
    lacking: dict[tuple[str, str | None, str | None, str], list[str]] = defaultdict(list)
    for s in sites:
        for missing in s.not_counted:
            lacking[missing.kind, missing.id, missing.field, missing.why].append(s.site.name)
        for count in s.counts:
            number = figure(knowledge, (count.kind, count.id, count.field))
            if number is None:  # published as impossible, such as pregnant men
                continue
            value = _of_count(knowledge, count)
            if isinstance(value, str):
                lacking[count.kind, count.id, count.field, value].append(s.site.name)
            else:
                found[number.key].append(_Estimate(s.site.name, *value, count.n or 0, count.of))
        for r in s.ratios:
            if figure(knowledge, ("effect", r.id, "rho")) is not None:
                found["effect", r.id, "rho"].append(_Estimate(s.site.name, r.log_ratio, r.se, r.n, None))
    return found, list(_not_learnt(lacking, len(sites)))


def _not_learnt(
    lacking: Mapping[tuple[str, str | None, str | None, str], list[str]], sites: int
) -> Iterator[NotLearnt]:
    for (kind, id, field, why), names in lacking.items():
        for site in [None] if len(names) == sites else names:
            yield NotLearnt(kind=kind, id=id, field=field, why=why, site=site)


def _of_count(knowledge: Knowledge, count: SiteCount) -> tuple[float, float] | str:
    """The number on its scale and its standard error, or why there is none."""
    if count.n is None or count.of is None:
        return "The cell is small, or would give a small one away: it is hidden."
    if count.n == 0 or count.of <= 0:
        return "Nobody was counted."
    if count.kind == "rate":
        return math.log(_PER * count.n / count.of), 1 / math.sqrt(count.n)
    return _of_share(count.n / count.of, count.of, *_mirror(knowledge, count))


def _mirror(knowledge: Knowledge, count: SiteCount) -> tuple[float, float]:
    """Sensitivity and specificity of the record; a prescription is itself the medicine, a value itself the finding."""
    record = knowledge.by_id(Contributor)[count.id] if count.kind == "contributor" else None
    if record is None or record.kind == "medicine":
        return 1.0, 1.0
    return record.recorded_sensitivity, record.recorded_specificity


def _of_share(share: float, people: float, sensitivity: float, specificity: float) -> tuple[float, float] | str:
    """Log-odds of the true share behind a recorded one (Rogan and Gladen 1978, Am J Epidemiol 107:71-76)."""
    slope = sensitivity + specificity - 1
    if slope <= 0:
        return "Records of it say nothing."
    true = (share + specificity - 1) / slope
    if not 0 < true < 1:
        return "What is recorded is no more than wrong entries alone would give." if true <= 0 else "Everybody has it."
    se = math.sqrt(share * (1 - share) / people) / slope
    return math.log(true / (1 - true)), se / (true * (1 - true))


def _whole(knowledge: Knowledge, found: _Estimates, lacking: list[NotLearnt]) -> Iterator[Figure]:
    """The numbers that were learnt; a distribution with all its states or not at all."""
    for kind, id in dict.fromkeys((key[0], key[1]) for key in sorted(found)):
        wanted = list(figures(knowledge, kind, id))  # type: ignore[arg-type]
        told = [f for f in wanted if f.key in found]
        if kind == "background" and len(told) < len(wanted):
            lacking.append(
                NotLearnt(kind=kind, id=id, why="Not every state could be learnt, and they must add up to 1.")
            )
            continue
        yield from told


def _entries(learnt: Sequence[tuple[Figure, list[_Estimate]]]) -> tuple[float, list[Entry]]:
    """tau and the entries of one kind."""
    across = [combine([e.value for e in told], [e.se for e in told]) for _, told in learnt]
    local, se = np.array([c.mean for c in across]), np.array([c.se for c in across])
    centre, sd = (np.array([getattr(f, name) for f, _ in learnt]) for name in ("centre", "sd"))
    tau = between_settings(local, se, centre, sd)
    found = shrink(local, se, centre, sd, tau)
    entries = []
    for n, ((number, told), c) in enumerate(zip(learnt, across, strict=True)):
        of = [e.of for e in told if e.of is not None]
        bounds = _bounded(number, c.mean, *c.interval())
        entries.append(
            Entry(
                kind=number.kind,
                id=number.id,
                field=number.field,
                unit=number.unit,
                published=_as_published(number.published),
                local=Local(
                    value=bounds.value,
                    low=bounds.low,
                    high=bounds.high,
                    n=sum(e.n for e in told),
                    of=round(sum(of), 2) if of else None,
                    sites=tuple(e.site for e in told),
                    between_sites=_rounded(math.sqrt(c.tau2)),
                ),
                combined=_bounded(number, *(float(v[n]) for v in (found.estimate, found.low, found.high))),
                weight=_rounded(float(found.weight[n])),
            )
        )
    return tau, entries


def _bounded(number: Figure, *scaled: float) -> Bounded:
    """Value, low and high, from their scale."""
    value, low, high = (_rounded(from_scale(number.unit, v)) for v in scaled)
    return Bounded(value=value, low=low, high=high)


def _as_published(p: Published) -> Published:
    return msgspec.structs.replace(p, low=_rounded(p.low, _DIGITS_PUBLISHED), high=_rounded(p.high, _DIGITS_PUBLISHED))


def _rounded(value: float, digits: int = DIGITS) -> float:
    """So many significant digits: more would be noise that a reader has to look past."""
    return float(f"{value:.{digits}g}")


def _warnings(entries: Sequence[Entry]) -> Iterator[str]:
    rates = [e.local.value / e.published.value for e in entries if e.kind == "rate"]
    typical = median(rates) if rates else 1.0
    if not 1 / _FAR < typical < _FAR:
        yield (
            f"Local rates are typically {typical:.2g} times the published ones. A database that records only part of "
            "what happens lowers every rate that it can teach, and what it cannot teach then weighs more."
        )
