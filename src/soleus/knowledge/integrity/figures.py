"""Numbers: columns, intervals, rates, ratios, bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

from soleus.evidence.record import Estimate
from soleus.knowledge.integrity.base import Base, Found, rule
from soleus.knowledge.schema.core import (
    Background,
    Block,
    Effect,
    Finding,
    Likelihood,
    Marker,
    Rate,
    Setting,
    State,
)

LEAST = 0.0005  # of a state given an explanation
LEAST_MARKED = 0.00001  # of a test value given a contributor that the test defines
CELLS = tuple(f"{sex}_{band}" for sex in "mf" for band in ("0_17", "18_39", "40_64", "65_79", "80_plus"))
GROUPS = {"all"} | {f"{s}_{b}" for s in ("female", "male") for b in ("0_17", "18_39", "40_64", "65_plus")}
_DATED = ("tempo", "new_medicine")  # findings that dates answer


def _columns(base: Base) -> Iterator[tuple[str, str, str, str, tuple[float, ...]]]:
    """(kind, id, field, finding, probabilities) of every distribution over the states of a finding."""
    for r in base.all(Likelihood):
        yield "likelihood", r.id, "p", r.finding, r.p
    for b in base.all(Background):
        yield "background", b.id, "p", b.id, b.p
    for m in base.all(Marker):
        yield "marker", m.id, "p_present", m.finding, m.p_present
        yield "marker", m.id, "p_absent", m.finding, m.p_absent


@rule
def columns_sum_to_one(base: Base) -> Iterator[Found]:
    """The probabilities of a distribution add to 1."""
    for kind, id, field, _, p in _columns(base):
        if abs(sum(p) - 1) > 1e-6:
            yield Found(kind, id, field, f"The probabilities add to {sum(p):.6g}.", "Make them add to 1.")


@rule
def probabilities_leave_doubt(base: Base) -> Iterator[Found]:
    """No state is certain or impossible: 0.0005 to 0.9995; for a test value of what the test defines, 0.00001 on."""
    for kind, id, field, _, p in _columns(base):
        least = LEAST_MARKED if kind == "marker" else LEAST
        if not all(least - 1e-9 <= x <= 1 - least + 1e-9 for x in p):
            yield Found(
                kind, id, field, f"A probability is outside {least:g} to {1 - least:g}.",
                "Move it inside; the others follow.",
            )  # fmt: skip


@rule
def a_probability_for_each_state(base: Base) -> Iterator[Found]:
    """A distribution has as many numbers as its finding has states."""
    for kind, id, field, finding, p in _columns(base):
        if finding in base.states and len(p) != len(base.states[finding]):
            yield Found(
                kind, id, field, f"{len(p)} numbers for {len(base.states[finding])} states of {finding}.",
                "Give one for each state, in their order.",
            )  # fmt: skip


@rule
def core_findings_are_complete(base: Base) -> Iterator[Found]:
    """Every explanation has a likelihood for every core finding."""
    there = {(r.explanation, r.finding) for r in base.all(Likelihood)}
    for s in base.explanations:
        for f in base.findings.values():
            if f.core and (s, f.id) not in there:
                yield Found(
                    "explanation", s, "likelihood", f"No likelihood for the core finding {f.id}.", f"Add {s}.{f.id}."
                )


@rule
def backgrounds_are_complete(base: Base) -> Iterator[Found]:
    """Every finding that is not a marker has a background."""
    spoken = {b.id for b in base.all(Background)} | {m.finding for m in base.all(Marker)}
    for f in base.findings:
        if f not in spoken:
            yield Found("finding", f, "background", "It has no background and marks no contributor.", "Add one.")


@rule
def markers_own_their_findings(base: Base) -> Iterator[Found]:
    """A finding that marks a contributor has no likelihood and no background."""
    marked = {m.finding for m in base.all(Marker)}
    for r in base.all(Likelihood):
        if r.finding in marked:
            yield Found("likelihood", r.id, "finding", f"{r.finding} marks a contributor.", "Drop one of the two.")
    for b in base.all(Background):
        if b.id in marked:
            yield Found("background", b.id, "id", f"{b.id} marks a contributor.", "Drop one of the two.")


@rule
def states_are_named_once(base: Base) -> Iterator[Found]:
    """A finding has at least two states, each once; ``absent`` is one of them; yes_no means yes and no."""
    for f in base.findings.values():
        ids = base.states[f.id]
        if len(ids) < 2 or len(set(ids)) < len(ids):
            yield Found("finding", f.id, "states", "Fewer than two states, or one twice.", "Name each state once.")
        if f.absent is not None and f.absent not in ids:
            yield Found("finding", f.id, "absent", f"{f.absent!r} is not a state.", "Name one of its states.")
        if f.kind == "yes_no" and ids != ("yes", "no"):
            yield Found("finding", f.id, "states", "A yes_no finding has the states yes, no.", "Rename its states.")


@rule
def intervals_tile_the_range(base: Base) -> Iterator[Found]:
    """The states of a numeric finding cover every number once."""
    for f in base.findings.values():
        if f.kind == "numeric" and not _tiles(f):
            yield Found(
                "finding", f.id, "states", "Its intervals leave a gap or overlap.", "Let each begin where one ends."
            )


def _tiles(finding: Finding) -> bool:
    infinite = float("inf")
    spans = sorted(_span(s) for s in finding.states)
    ends = bool(spans) and spans[0][0] == -infinite and spans[-1][1] == infinite
    return ends and all(a[1] == b[0] for a, b in pairwise(spans)) and all(low < high for low, high in spans)


def _span(state: State) -> tuple[float, float]:
    low = float("-inf") if state.at_least is None else state.at_least
    return low, float("inf") if state.below is None else state.below


@rule
def numeric_findings_have_a_unit(base: Base) -> Iterator[Found]:
    """A numeric finding has a unit, and the values that can be lie in order."""
    for f in base.findings.values():
        if f.kind == "numeric" and not f.unit:
            yield Found("finding", f.id, "unit", "A number without a unit.", "Give the UCUM unit (1 for a ratio).")
        if f.plausible and not f.plausible[0] < f.plausible[1]:
            yield Found("finding", f.id, "plausible", "The bounds are not in order.", "Write [lowest, highest].")


@rule
def dated_findings_have_day_bounds(base: Base) -> Iterator[Found]:
    """``tempo`` and ``new_medicine``, which dates answer, say where a state begins or ends, in days."""
    for name in _DATED:
        finding = base.findings.get(name)
        if finding is None or all((s.at_least, s.below) == (None, None) for s in finding.states):
            yield Found("finding", name, "states", "No state has bounds in days.", "Give at_least and below.")


@rule
def rates_are_complete(base: Base) -> Iterator[Found]:
    """Every explanation has a rate: ten cells, every setting, nothing below zero and not all zero."""
    rates = base.knowledge.by_id(Rate)
    for s in base.explanations:
        if s not in rates:
            yield Found("explanation", s, "rate", "It has no rate.", "Add one.")
    for r in rates.values():
        if set(r.per_100k) != set(CELLS):
            yield Found("rate", r.id, "per_100k", "Not the ten cells of sex and age.", f"Give {', '.join(CELLS)}.")
        if min(r.per_100k.values(), default=0) < 0 or max(r.per_100k.values(), default=0) <= 0:
            yield Found("rate", r.id, "per_100k", "A rate below zero, or none above it.", "Correct the rates.")
        if set(r.setting) != set(get_args(Setting)) or min(r.setting.values(), default=0) <= 0:
            yield Found("rate", r.id, "setting", "A setting is missing or not positive.", "Give all six settings.")


@rule
def child_factors_tile_childhood(base: Base) -> Iterator[Found]:
    """The factors of a rate in childhood follow each other without gap or overlap, within 0 to 18 years."""
    for r in base.all(Rate):
        spans = sorted((f.get("from", -1.0), f.get("to", -1.0)) for f in r.child_age_factor)
        whole = all(0 <= low < high <= 18 for low, high in spans) and all(a[1] == b[0] for a, b in pairwise(spans))
        if not whole or any(f.get("factor", -1.0) < 0 for f in r.child_age_factor):
            yield Found(
                "rate", r.id, "child_age_factor", "Bands leave a gap or overlap.", "Let each begin where one ends."
            )


@rule
def other_units_convert(base: Base) -> Iterator[Found]:
    """Another unit of a numeric finding has a factor above 0, and is not its own unit again."""
    for f in base.findings.values():
        for unit, rule_ in f.other_units.items():
            factor = rule_[0] if isinstance(rule_, tuple) else rule_
            if unit == f.unit or factor <= 0 or f.kind != "numeric":
                yield Found("finding", f.id, "other_units", f"{unit} does not convert.", "Give a factor to its unit.")


@rule
def ratios_lie_in_their_interval(base: Base) -> Iterator[Found]:
    """low <= rho <= high, both or neither."""
    for e in base.all(Effect):
        if (e.low is None) != (e.high is None):
            yield Found("effect", e.id, "low, high", "Half of an interval.", "Give both ends or neither.")
        elif e.rho and e.low is not None and e.high is not None and not 0 < e.low <= e.rho <= e.high:
            yield Found("effect", e.id, "rho", f"{e.rho:g} is not within {e.low:g} to {e.high:g}.", "Correct one.")


@rule
def ratios_are_whole(base: Base) -> Iterator[Found]:
    """A ratio has its interval, its causal part, the measure and the design that it comes from."""
    for e in base.all(Effect):
        lacking = [n for n in ("low", "causal_rho", "measure", "design") if getattr(e, n) is None]
        if e.rho is not None and lacking:
            yield Found("effect", e.id, ", ".join(lacking), "A ratio that is not whole.", "Give what is lacking.")


@rule
def causal_ratios_do_not_exceed(base: Base) -> Iterator[Found]:
    """The causal ratio lies between 1 and the predictive one, or a conflict on record says why not."""
    for e in base.all(Effect):
        if e.rho is None or e.causal_rho is None or e.conflicts:
            continue
        low, high = min(1.0, e.rho), max(1.0, e.rho)
        if not low - 1e-9 <= e.causal_rho <= high + 1e-9:
            yield Found(
                "effect", e.id, "causal_rho", f"{e.causal_rho:g} is not between 1 and {e.rho:g}.",
                "Correct it, or record the conflict.",
            )  # fmt: skip


@rule
def an_effect_is_a_ratio_or_necessary(base: Base) -> Iterator[Found]:
    """An effect has a ratio, or is necessary and has none."""
    for e in base.all(Effect):
        if e.necessary == (e.rho is not None):
            yield Found("effect", e.id, "rho", "Either a ratio or necessary, not both or neither.", "Keep one.")


@rule
def confounding_families_are_shrunk(base: Base) -> Iterator[Found]:
    """Ratios of one confounding family on one explanation share a block, or one effect that a note explains."""
    block_of = {m: b.id for b in base.all(Block) for m in b.members}
    families: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for e in base.all(Effect):
        if e.family:
            families[e.family, e.explanation].append(e)
    for members in families.values():
        together = len({block_of.get(e.contributor, e.contributor) for e in members}) == 1
        shared = len({e.rho for e in members}) == 1
        for e in members:
            if not together and not (shared and e.note):
                yield Found(
                    "effect", e.id, "family", f"Its family {e.family} neither shares a block nor one noted effect.",
                    "Shrink the ratios to a common one and say so in the note.",
                )  # fmt: skip


@rule
def prevalences_are_proportions(base: Base) -> Iterator[Found]:
    """The prevalence of a contributor is told for known groups, each between 0 and 1, or for all."""
    for c in base.contributors.values():
        if not c.prevalence or not set(c.prevalence) <= GROUPS:
            yield Found(
                "contributor", c.id, "prevalence", "A group is not known, or none is.", "Use all, female_18_39 …"
            )
        if any(not 0 <= p < 1 for p in c.prevalence.values()):
            yield Found("contributor", c.id, "prevalence", "A prevalence outside 0 to 1.", "Correct it.")


@rule
def estimates_lie_in_their_interval(base: Base) -> Iterator[Found]:
    """An estimate lies within its printed interval."""
    for kind, id, part in base.parts:
        if isinstance(part, Estimate) and not _inside(part):
            yield Found(kind, id, "estimate", f"{part.value:g} is outside its interval.", "Correct one.")


def _inside(e: Estimate) -> bool:
    return (e.low is None or e.low <= e.value) and (e.high is None or e.value <= e.high)
