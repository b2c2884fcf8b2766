"""Learning locally: from the counts of one database, or the aggregates of several, to an overlay on the knowledge.

    database ── local_counts ──► counts ── small cells hidden ──► Aggregates ──┐     one JSON file a site
    database ── a screen ──────► calibrated ratios ─────────────► Aggregates ──┤
                                                                               ▼
         each number at each site  y, se    logarithm of a rate or ratio, log-odds of a share
         across sites              mean     random effects, restricted maximum likelihood
         towards the published     weight   (s0^2 + tau^2) / (s0^2 + tau^2 + se^2)            ──► Overlay

s0 is how sure the published number is, tau how far local truths of its kind lie from published ones, by maximum
likelihood over all that were learnt (empirical Bayes); of one or two it is 0. Aggregates hold no row of a person. A
site alone gives the same overlay as its database does, because that way goes through its aggregates too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import msgspec
import numpy as np

from soleus.errors import InputError, KnowledgeError
from soleus.knowledge.facets import LOGIT_SD
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import Bounded, Entry, Local, Method, NotLearnt, Overlay, Published, from_scale, to_scale
from soleus.knowledge.overlaying import Figure, figure, figures
from soleus.knowledge.schema.core import Contributor
from soleus.population.databases.source import Source
from soleus.population.learning.aggregates import Aggregates, Signal, SiteCount, count_site
from soleus.population.learning.counts import LearningSettings
from soleus.reasoning.assess import software_version
from soleus.statistics.shrinkage import between_settings, combine, shrink
from soleus.statistics.special import normal_quantile

DIGITS: Final = 6
_DIGITS_PUBLISHED: Final = 9
_PER: Final = 100_000  # person-years of a rate
_MIRROR_SD: Final = LOGIT_SD["medium"]  # of how well records mirror people, which is stated without an interval
_MOST_SE: Final = 3.0  # of a local number on its scale; more says nothing, whatever it is
_Z: Final = float(normal_quantile(0.975))
_FAR = 2.0  # typical ratio of local to published rates, or its inverse, at which the overlay warns
_LEAST_FIGURES = 3  # fewer cannot tell their scatter: one alone would weigh the more, the less it agrees
_DESCRIPTION = (
    "Random effects across sites (restricted maximum likelihood); towards the published value by precision, with the "
    "scatter of local truths around published ones by maximum likelihood over all numbers of a kind."
)


@dataclass(frozen=True)
class _Estimate:
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
    across = list(_learnt(knowledge, estimates, lacking))
    tau: dict[str, float] = {}
    entries: list[Entry] = []
    for kind in dict.fromkeys(a.number.kind for a in across):
        scatter, made = _entries([a for a in across if a.number.kind == kind])
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
    signals: Iterable[Signal] = (),
    step: Callable[[str], None] = lambda _: None,
) -> Overlay:
    """The overlay of one database; the arguments are those of `count_site`."""
    return overlay_of([count_site(source, knowledge, name, settings, signals, step=step)], knowledge)


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
            value = _of_count(count)
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


def _of_count(count: SiteCount) -> tuple[float, float] | str:
    """What was counted, on its scale, and its standard error; or why there is nothing."""
    if count.n is None or count.of is None:
        return "The cell is small, or would give a small one away: it is hidden."
    if count.n == 0:
        return "Nobody was counted."
    if count.kind == "rate":
        return math.log(_PER * count.n / count.of), 1 / math.sqrt(count.n)
    if count.n >= count.of:
        return "Everybody was counted."
    return math.log(count.n / (count.of - count.n)), math.sqrt(1 / count.n + 1 / (count.of - count.n))


@dataclass(frozen=True)
class _Across:
    """A number across sites, on its scale."""

    number: Figure
    told: list[_Estimate]
    mean: float
    se: float
    between_sites: float


def _learnt(knowledge: Knowledge, found: _Estimates, lacking: list[NotLearnt]) -> Iterator[_Across]:
    """The numbers that were learnt; a distribution with all its states or not at all. What was not goes to the list."""
    for kind, id in dict.fromkeys((key[0], key[1]) for key in sorted(found)):
        wanted = list(figures(knowledge, kind, id))  # type: ignore[arg-type]
        told = [f for f in wanted if f.key in found]
        if kind == "background" and len(told) < len(wanted):
            why = "Not every state could be learnt, and they must add up to 1."
            lacking.append(NotLearnt(kind=kind, id=id, why=why))
            continue
        for number in told:
            value = _across(knowledge, number, found[number.key])
            if isinstance(value, _Across):
                yield value
            else:
                lacking.append(NotLearnt(kind=kind, id=id, field=number.field, why=value))


def _across(knowledge: Knowledge, number: Figure, told: list[_Estimate]) -> _Across | str:
    c = combine([e.value for e in told], [e.se for e in told])
    seen = _behind(c.mean, c.se, *_mirror(knowledge, number))
    if isinstance(seen, str):
        return seen
    if not seen[1] < _MOST_SE:
        return "What is recorded is too uncertain to tell."
    return _Across(number, told, *seen, math.sqrt(c.tau2))


def _mirror(knowledge: Knowledge, number: Figure) -> tuple[float, float]:
    """Sensitivity and specificity of the record; a prescription is itself the medicine, a value itself the finding."""
    record = knowledge.by_id(Contributor)[number.id] if number.kind == "contributor" else None
    if record is None or record.kind == "medicine":
        return 1.0, 1.0
    return record.recorded_sensitivity, record.recorded_specificity


def _behind(log_odds: float, se: float, sensitivity: float, specificity: float) -> tuple[float, float] | str:
    """Log-odds of the true share behind a recorded one (Rogan and Gladen 1978, Am J Epidemiol 107:71-76).

    How well records mirror people is itself known within a factor of two in odds: at every site alike, and so after
    sites are combined.
    """
    if sensitivity == specificity == 1:
        return log_odds, se
    recorded, wrong = from_scale("proportion", log_odds), 1 - specificity
    slope = sensitivity - wrong
    true = (recorded - wrong) / slope if slope > 0 else 0.0
    if not 0 < true < 1:
        return "What is recorded is no more than wrong entries alone would give." if true <= 0 else "Everybody has it."
    sds = [p * (1 - p) * _MIRROR_SD for p in (sensitivity, wrong)]
    parts = (recorded * (1 - recorded) * se, true * sds[0], (1 - true) * sds[1])
    return to_scale("proportion", true), math.hypot(*parts) / slope / (true * (1 - true))


def _entries(learnt: Sequence[_Across]) -> tuple[float, list[Entry]]:
    """tau and the entries of one kind."""
    local, se = np.array([a.mean for a in learnt]), np.array([a.se for a in learnt])
    centre, sd = (np.array([getattr(a.number, name) for a in learnt]) for name in ("centre", "sd"))
    tau = between_settings(local, se, centre, sd) if len(learnt) >= _LEAST_FIGURES else 0.0
    found = shrink(local, se, centre, sd, tau)
    combined = zip(found.estimate.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return tau, [_entry(*both) for both in zip(learnt, combined, found.weight.tolist(), strict=True)]


def _entry(a: _Across, combined: tuple[float, float, float], weight: float) -> Entry:
    here = _bounded(a.number, a.mean, a.mean - _Z * a.se, a.mean + _Z * a.se)
    of = [e.of for e in a.told if e.of is not None]
    return Entry(
        kind=a.number.kind,
        id=a.number.id,
        field=a.number.field,
        unit=a.number.unit,
        published=_as_published(a.number.published),
        local=Local(
            value=here.value,
            low=here.low,
            high=here.high,
            n=sum(e.n for e in a.told),
            of=round(sum(of), 2) if of else None,
            sites=tuple(e.site for e in a.told),
            between_sites=_rounded(a.between_sites),
        ),
        combined=_bounded(a.number, *combined),
        weight=_rounded(weight),
    )


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
